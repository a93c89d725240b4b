# SPDX-License-Identifier: Apache-2.0
"""The HTTP server behind the console scripts: cheroot as a service.

The listening socket is made with the object, that is before worker
processes are forked, so that all of them accept from the same queue and an
address in use is found at once.
"""

from collections.abc import Callable
import logging
import socket
import threading
from typing import Any

from cheroot import wsgi
from oslo_log import log
from oslo_service.backend.base import ServiceBase

LOG = log.getLogger(__name__)

# connections that wait for a thread, of all workers together
BACKLOG = 256


class _Server(wsgi.Server):
    """cheroot on a socket that exists."""

    def __init__(self, listener: socket.socket, app: Any, threads: int,
                 drain: int) -> None:
        super().__init__(
            listener.getsockname()[:2], app, numthreads=threads,
            server_name='karbor', request_queue_size=BACKLOG,
            shutdown_timeout=drain)
        self._listener = listener

    def bind(self, family: int, type: int, proto: int = 0) -> socket.socket:
        # cheroot closes it when it stops, so it gets a copy
        self.socket = self._listener.dup()
        return self.socket

    def prepare(self) -> None:
        super().prepare()
        # Of several processes that are woken one gets the connection; the
        # others must not wait for the next.
        self.socket.setblocking(False)

    def error_log(self, msg: str = '', level: int = logging.INFO,
                  traceback: bool = False) -> None:
        LOG.log(level, '%s', msg, exc_info=traceback)


class Server(ServiceBase):
    """Serves an application over HTTP until it is stopped.

    :param make_app: makes the WSGI application, in the process that serves
    :param host: name or address to listen on
    :param port: 0 for one that is free
    :param threads: requests answered at the same time by one process
    :param drain: seconds that running requests get to end when it stops
    :raises OSError: the address cannot be listened on
    """

    def __init__(self, make_app: Callable[[], Any], host: str, port: int,
                 threads: int, drain: int = 30) -> None:
        self._make_app = make_app
        self._threads = threads
        self._drain = drain
        self._listener = _listen(host, port)
        # made in start(): locks and threads do not survive a fork
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self._listener.getsockname()[1])

    def start(self) -> None:
        """Begin to answer requests; returns at once."""
        server = _Server(self._listener, self._make_app(), self._threads,
                         self._drain)
        server.prepare()
        self._server = server
        self._thread = threading.Thread(target=server.serve,
                                        name='karbor-api')
        self._thread.start()

    def stop(self, graceful: bool = True) -> None:
        """Accept no more, and let the requests that run come to their end.

        Those that run for longer than ``drain`` lose their connection.

        :param graceful: False: they lose it at once
        """
        if self._server is not None:
            if not graceful:
                self._server.shutdown_timeout = 0
            self._server.stop()

    def wait(self) -> None:
        """Return when it was stopped."""
        if self._thread is not None:
            self._thread.join()

    def reset(self) -> None:
        """Nothing of it comes from the configuration while it runs."""

    def close(self) -> None:
        """Give the address back; for those who stop it for good."""
        self._listener.close()


def _listen(host: str, port: int) -> socket.socket:
    family, _type, _proto, _name, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    # sets SO_REUSEADDR: a restart need not wait for old connections
    listener = socket.create_server(address[:2], family=family,
                                    backlog=BACKLOG)
    listener.set_inheritable(False)
    # Connections inherit it. cheroot sends head and body apart, and without
    # it the body waits 40 ms for a client that delays its acknowledgement.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener
