# SPDX-License-Identifier: Apache-2.0
"""``/metrics`` of one process, on an address of its own.

The addresses of all processes of a daemon are bound before these are forked,
so that one in use is said at once, and a process that is forked anew has the
address of the one that has died.
"""

from collections.abc import Callable, Sequence
import errno
import os
import socket
import socketserver
import threading
from typing import Any
from wsgiref import simple_server

from oslo_log import log
import prometheus_client as prometheus
from prometheus_client import registry

from karbor.metrics import instruments

LOG = log.getLogger(__name__)

PATH = '/metrics'
# Whoever asks for more at the same time, or says nothing for so many
# seconds, is not Prometheus.
_CALLERS = 8
_TIMEOUT = 10


def listen(host: str, port: int, count: int) -> list[socket.socket]:
    """Bind an address for each process of a daemon.

    :param port: of the first; the others have those after it
    :raises OSError: an address cannot be listened on; it says which
    """
    made: list[socket.socket] = []
    try:
        for number in range(port, port + count):
            made.append(_bind(host, number))
    except OSError:
        for one in made:
            one.close()
        raise
    return made


def _bind(host: str, port: int) -> socket.socket:
    try:
        if port > 65535:
            raise OSError('the last port is 65535')
        family, *_rest, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        return socket.create_server(address[:2], family=family)
    except OSError as error:
        # Python adds the address to what the system says
        known = error.errno is not None and error.errno in errno.errorcode
        reason = os.strerror(error.errno or 0) if known else str(error)
        raise OSError(f'cannot listen on port {port} of {host}: '
                      f'{reason}') from error


class _Handler(simple_server.WSGIRequestHandler):
    timeout = _TIMEOUT

    def log_message(self, format: str, *args: Any) -> None:
        LOG.debug(format, *args)


class _Server(socketserver.ThreadingMixIn, simple_server.WSGIServer):
    """Serves on a socket that exists; its threads hold up no end."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, listener: socket.socket, application: Any) -> None:
        host, port = listener.getsockname()[:2]
        super().__init__((host, port), _Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listener
        # as HTTPServer has it, but without asking the DNS for our name
        self.server_name, self.server_port = host, port
        self.setup_environ()
        self.set_app(application)
        self._free = threading.Semaphore(_CALLERS)

    def process_request(self, request: Any, client_address: Any) -> None:
        if self._free.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any,
                               client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        # they went away, or said nothing
        LOG.debug('A request for metrics has failed.', exc_info=True)


def application(found: registry.CollectorRegistry = instruments.REGISTRY,
                ) -> Callable[..., Any]:
    """The metrics of a registry as a WSGI application."""
    show = prometheus.make_wsgi_app(found)

    def answer(environ: dict[str, Any],
               start_response: Callable[..., Any]) -> Any:
        if environ.get('PATH_INFO') != PATH:
            start_response('404 Not Found', [('Content-Type', 'text/plain')])
            return [f'Metrics are at {PATH}.\n'.encode()]
        if environ['REQUEST_METHOD'] != 'GET':
            start_response('405 Method Not Allowed', [('Allow', 'GET')])
            return []
        return show(environ, start_response)

    return answer


def serve(listeners: Sequence[socket.socket], number: int) -> None:
    """Show the metrics of this process, from now until it ends.

    :param listeners: of all processes of the daemon, as `listen` made them
    :param number: which one this is
    """
    for other in listeners:
        if other is not listeners[number]:
            other.close()
    server = _Server(listeners[number], application())
    threading.Thread(target=server.serve_forever, daemon=True,
                     name='metrics').start()
    LOG.info('Metrics of process %d are at port %d.', os.getpid(),
             server.server_port)
