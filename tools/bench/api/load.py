# SPDX-License-Identifier: Apache-2.0
"""Clients with connections that stay open, all in one thread.

Reads what to do as JSON from standard input and writes what happened as JSON
to standard output. A process of its own, so that its work is not that of the
server; requests are bytes that were made before the clock runs.
"""

import collections
import itertools
import json
import re
import selectors
import socket
import sys
import time

LENGTH = re.compile(rb'\r\ncontent-length: *(\d+)', re.IGNORECASE)
CLOSE = re.compile(rb'\r\nconnection: *close', re.IGNORECASE)
# the longest that any answer may take
PATIENCE = 60


class Client:
    """One connection, with at most one request on its way."""

    def __init__(self, port, selector):
        self.port = port
        self.selector = selector
        self.connect()

    def connect(self):
        self.socket = socket.create_connection(('127.0.0.1', self.port),
                                               timeout=PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.selector.register(self.socket, selectors.EVENT_READ, self)

    def close(self):
        self.selector.unregister(self.socket)
        self.socket.close()

    def send(self, request):
        self.request, self.answer = request, b''
        self.began = time.perf_counter()
        self.socket.sendall(request)

    def receive(self):
        """The status of an answer that is whole, or None."""
        data = self.socket.recv(262144)
        self.answer += data
        head, end, body = self.answer.partition(b'\r\n\r\n')
        length = LENGTH.search(head)
        # without a length, the end of the connection is that of the answer
        done = end and (len(body) >= int(length[1]) if length else not data)
        if not data and not done:
            if self.answer:
                raise SystemExit('the server left in an answer')
            # it closed a connection that it had kept: ask again
            self.close()
            self.connect()
            self.send(self.request)
        if not done:
            return None
        self.took = time.perf_counter() - self.began
        if CLOSE.search(head) or not data:
            self.close()
            self.connect()
        return int(head.split(b' ', 2)[1])


def run(port, clients, seconds, most, requests):
    """Send requests until the time or they are over."""
    waiting = itertools.islice(itertools.cycle(requests), most)
    selector = selectors.DefaultSelector()
    crowd = [Client(port, selector) for _number in range(clients)]
    statuses, times = collections.Counter(), []
    began = time.perf_counter()
    busy = 0
    for client in crowd:
        if (request := next(waiting, None)) is not None:
            client.send(request)
            busy += 1
    while busy:
        ready = selector.select(PATIENCE)
        if not ready:
            raise SystemExit('the server does not answer')
        for key, _events in ready:
            client = key.data
            status = client.receive()
            if status is None:
                continue
            statuses[status] += 1
            times.append(client.took)
            busy -= 1
            over = time.perf_counter() - began > seconds
            if not over and (request := next(waiting, None)) is not None:
                client.send(request)
                busy += 1
    took = time.perf_counter() - began
    for client in crowd:
        client.close()
    times.sort()
    return {'requests': len(times), 'seconds': took, 'statuses': statuses,
            'median': times[len(times) // 2],
            'p99': times[len(times) * 99 // 100]}


def main():
    wanted = json.load(sys.stdin)
    wanted['requests'] = [text.encode('latin-1')
                          for text in wanted['requests']]
    json.dump(run(**wanted), sys.stdout)


if __name__ == '__main__':
    main()
