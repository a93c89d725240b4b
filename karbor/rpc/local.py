# SPDX-License-Identifier: Apache-2.0
"""A driver of oslo.messaging for daemons that share one process.

``transport_url = local://``, or ``local:///name`` for a bus apart. The own
``fake://`` of the library looks for messages every 50 ms, which every question
would have to wait for; this one wakes its listeners. Messages are copied
through JSON, so that what works here works on a real bus, too.
"""

import collections
from collections.abc import Callable, Iterable
import functools
import json
import queue
import threading
import time
from typing import Any

import oslo_messaging
from oslo_messaging._drivers import base

# (topic, server or pool or None); None is the queue that all servers share
_Address = tuple[str, str | None]


class _Bus:
    """The queues of one bus, and one condition for whoever waits."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.queues: dict[_Address, collections.deque[Any]] = {}

    def subscribe(self, addresses: Iterable[_Address]) -> None:
        with self.changed:
            for address in addresses:
                self.queues.setdefault(address, collections.deque())

    def put(self, addresses: Iterable[_Address], message: Any) -> None:
        with self.changed:
            for address in addresses:
                self.queues.setdefault(
                    address, collections.deque()).append(message)
            self.changed.notify_all()


_buses: dict[str, _Bus] = {}
_lock = threading.Lock()


def _bus(name: str) -> _Bus:
    with _lock:
        return _buses.setdefault(name, _Bus())


class _Incoming(base.RpcIncomingMessage):
    def __init__(self, ctxt: dict[str, Any], message: dict[str, Any],
                 answers: 'queue.SimpleQueue[Any] | None',
                 put_back: Callable[[], None]) -> None:
        super().__init__(ctxt, message)
        self._answers = answers
        self._put_back = put_back

    def reply(self, reply: Any = None, failure: Any = None) -> None:
        if self._answers is not None:
            self._answers.put((json.dumps(reply),
                               failure[1] if failure else None))

    def requeue(self) -> None:
        self._put_back()

    def heartbeat(self) -> None:
        """Nobody waits longer for it."""


class _Listener(base.PollStyleListener):
    def __init__(self, bus: _Bus, addresses: list[_Address]) -> None:
        super().__init__()
        self._bus = bus
        self._addresses = addresses
        self._stopped = False
        bus.subscribe(addresses)

    def poll(self, timeout: float | None = None, batch_size: int = 1,
             batch_timeout: float | None = None) -> list[_Incoming]:
        end = None if timeout is None else time.monotonic() + timeout
        found: list[_Incoming] = []
        with self._bus.changed:
            while True:
                for address in self._addresses:
                    waiting = self._bus.queues[address]
                    while waiting and len(found) < batch_size:
                        item = waiting.popleft()
                        ctxt, message, answers = item
                        found.append(_Incoming(
                            json.loads(ctxt), json.loads(message), answers,
                            functools.partial(self._bus.put, [address],
                                              item)))
                left = None if end is None else end - time.monotonic()
                if (found or self._stopped
                        or (left is not None and left <= 0)):
                    return found
                self._bus.changed.wait(left)

    def stop(self) -> None:
        with self._bus.changed:
            self._stopped = True
            self._bus.changed.notify_all()


class LocalDriver(base.BaseDriver):
    """See the module."""

    def __init__(self, conf: Any, url: Any, default_exchange: Any = None,
                 allowed_remote_exmods: Any = None) -> None:
        super().__init__(conf, url, default_exchange, allowed_remote_exmods)
        self._bus = _bus(url.virtual_host or '')

    def send(self, target: Any, ctxt: dict[str, Any],
             message: dict[str, Any], wait_for_reply: bool | None = None,
             timeout: float | None = None,
             call_monitor_timeout: float | None = None,
             retry: int | None = None,
             transport_options: Any = None) -> Any:
        answers: queue.SimpleQueue[Any] | None = (
            queue.SimpleQueue() if wait_for_reply else None)
        if target.fanout:
            with self._bus.changed:
                addresses = [address for address in self._bus.queues
                             if address[0] == target.topic and address[1]]
        else:
            addresses = [(target.topic, target.server)]
        self._bus.put(addresses, (json.dumps(ctxt), json.dumps(message),
                                  answers))
        if answers is None:
            return None
        try:
            reply, failure = answers.get(timeout=timeout)
        except queue.Empty:
            raise oslo_messaging.MessagingTimeout(
                f'No reply on topic {target.topic}') from None
        if failure is not None:
            raise failure
        return json.loads(reply)

    def send_notification(self, target: Any, ctxt: dict[str, Any],
                          message: dict[str, Any], version: float,
                          retry: int | None = None) -> None:
        with self._bus.changed:
            addresses = [address for address in self._bus.queues
                         if address[0] == target.topic]
        self._bus.put(addresses, (json.dumps(ctxt), json.dumps(message),
                                  None))

    def listen(self, target: Any, batch_size: int,
               batch_timeout: float | None) -> Any:
        return base.PollStyleListenerAdapter(
            _Listener(self._bus, [(target.topic, target.server),
                                  (target.topic, None)]),
            batch_size, batch_timeout)

    def listen_for_notifications(self, targets_and_priorities: Any,
                                 pool: str | None, batch_size: int,
                                 batch_timeout: float | None) -> Any:
        return base.PollStyleListenerAdapter(
            _Listener(self._bus, [
                (f'{target.topic}.{priority}', pool)
                for target, priority in targets_and_priorities]),
            batch_size, batch_timeout)

    def cleanup(self) -> None:
        """Queues stay: another transport of the process may use the bus."""
