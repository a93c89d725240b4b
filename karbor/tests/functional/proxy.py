# SPDX-License-Identifier: Apache-2.0
"""A wire that can be cut: a TCP proxy on loopback."""

import contextlib
import selectors
import socket
import struct
import threading

# close() sends RST: nothing that is under way arrives
_RESET = struct.pack('ii', 1, 0)


class Proxy:
    """Forwards to a port of loopback, in a thread of its own.

    :ivar port: where it listens
    :ivar cuts: connections that were cut
    """

    def __init__(self, target):
        self._target = target
        self._open = True
        self._ended = False
        self._pairs = {}            # each end of a connection by the other
        self._lock = threading.Lock()
        self._listener = socket.create_server(('127.0.0.1', 0), backlog=100)
        self._listener.setblocking(False)
        self.port = self._listener.getsockname()[1]
        self.cuts = 0
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def cut(self):
        """Cut every connection; new ones are taken."""
        with self._lock:
            for one in list(self._pairs):
                self._drop(one)

    def close(self):
        """Cut every connection, and each new one as soon as it is made."""
        self._open = False
        self.cut()

    def open(self):
        self._open = True

    def stop(self):
        self._ended = True
        self._thread.join()
        self.cut()
        self._listener.close()
        self._selector.close()

    def _run(self):
        while not self._ended:
            for key, _events in self._selector.select(0.2):
                with self._lock:
                    if key.fileobj is self._listener:
                        self._accept()
                    elif key.fileobj in self._pairs:
                        self._forward(key.fileobj)

    def _accept(self):
        with contextlib.suppress(OSError):
            near, _address = self._listener.accept()
            if not self._open:
                self._reset(near)
                return
            try:
                far = socket.create_connection(('127.0.0.1', self._target), 5)
            except OSError:
                self._reset(near)
                return
            for one, other in ((near, far), (far, near)):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._pairs[one] = other
                self._selector.register(one, selectors.EVENT_READ)

    def _forward(self, one):
        try:
            data = one.recv(65536)
            if data:
                # who does not read for long is frozen; its wire is no better
                other = self._pairs[one]
                other.settimeout(30)
                other.sendall(data)
                other.settimeout(None)
                return
        except OSError:
            pass
        self._drop(one)

    def _drop(self, one):
        other = self._pairs.pop(one, None)
        if other is None:
            return
        del self._pairs[other]
        self.cuts += 1
        for end in (one, other):
            self._selector.unregister(end)
            self._reset(end)

    @staticmethod
    def _reset(end):
        with contextlib.suppress(OSError):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        end.close()
