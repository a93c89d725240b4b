# SPDX-License-Identifier: Apache-2.0
"""A program: serves a WSGI application that a package ships, in one process.

    python serve.py NAME PORT MODULE [ARGUMENT...]

It runs as NAME; the arguments are the application's own.
"""

import importlib
import sys

from cheroot import wsgi

THREADS = 6


def main() -> None:
    name, port, module, *rest = sys.argv[1:]
    sys.argv = [name, *rest]
    # the folder of a program would hide packages of the same names
    del sys.path[0]
    server = wsgi.Server(
        ('127.0.0.1', int(port)), importlib.import_module(module).application,
        numthreads=THREADS, request_queue_size=100, timeout=300)
    # some applications close their input, and the connection with it
    server.keep_alive_conn_limit = 0
    try:
        server.start()
    except KeyboardInterrupt:
        server.stop()


if __name__ == '__main__':
    main()
