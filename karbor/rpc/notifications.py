# SPDX-License-Identifier: Apache-2.0
"""Telling the cloud what has happened, over the bus.

Topic and driver are those of ``[oslo_messaging_notifications]``. Whoever
needs to be sure reads the REST API: a notification may be lost with the bus.
"""

from collections.abc import Mapping, Sequence
import itertools
import queue
import threading
from typing import Any

from oslo_log import log
import oslo_messaging as messaging

from karbor.context import RequestContext
from karbor.metrics import instruments
from karbor.rpc import transport

LOG = log.getLogger(__name__)
# So many notifications wait while the bus is away; those that come then are
# lost.
_ROOM = 1000
_publisher = 'karbor'
_notifier: Any = None
_sender: '_Sender | None' = None
_lock = threading.Lock()


class _Sender:
    """Hands notifications to the bus, one after the other.

    That takes as long as the bus is away, and nobody is to wait for it.
    """

    def __init__(self) -> None:
        self._waiting: queue.Queue[tuple[Any, ...]] = queue.Queue(_ROOM)
        threading.Thread(target=self._send, daemon=True,
                         name='notifier').start()

    def put(self, send: Any, *said: Any) -> None:
        """Have something sent.

        :raises queue.Full: too much waits for the bus
        """
        self._waiting.put_nowait((send, *said))

    def flush(self, seconds: float) -> bool:
        """Wait until all is sent, but no longer; whether it is."""
        done = self._waiting.all_tasks_done
        with done:
            return done.wait_for(
                lambda: not self._waiting.unfinished_tasks, seconds)

    def _send(self) -> None:
        while True:
            send, context, event_type, payload = self._waiting.get()
            try:
                send(context, event_type, payload)
            except Exception:
                # What it tells of has happened and can be looked up.
                instruments.NOTIFICATIONS_LOST.inc()
                LOG.warning('The notification %s was not taken by the bus.',
                            event_type, exc_info=True)
            finally:
                self._waiting.task_done()


def _sender_of_process() -> _Sender:
    global _sender
    with _lock:
        if _sender is None:
            _sender = _Sender()
        return _sender


def flush(seconds: float) -> bool:
    """Wait until the bus has all that it was told, but no longer.

    :return: whether it has
    """
    return _sender is None or _sender.flush(seconds)


def notifier() -> Any:
    """The notifier of this process."""
    global _notifier
    with _lock:
        if _notifier is None:
            conf = transport.conf()
            _notifier = messaging.Notifier(
                messaging.get_notification_transport(
                    conf, url=transport.url()),
                publisher_id=f'{_publisher}.{conf.host}',
                serializer=transport.serializer())
        return _notifier


def publish_as(binary: str) -> None:
    """Have notifications say which program of this host they are from."""
    global _publisher
    _publisher = binary


def reset() -> None:
    """Forget the notifier, when the bus is another one or after a fork."""
    global _notifier, _sender
    with _lock:
        _notifier = _sender = None


def listener(endpoint: Any, topics: Sequence[str], exchanges: Sequence[str],
             pool: str) -> Any:
    """A server that hands notifications of other services to an endpoint.

    Not started yet. A message is acknowledged when a method of the endpoint
    says so.

    :param endpoint: has a method for each priority that it wants
    :param pool: name of the queue that all who use it share; other listeners
        have theirs
    """
    return messaging.get_notification_listener(
        messaging.get_notification_transport(transport.conf(),
                                             url=transport.url()),
        [messaging.Target(topic=topic, exchange=exchange)
         for topic, exchange in itertools.product(topics, exchanges)],
        [endpoint], executor='threading', allow_requeue=True, pool=pool)


def notify(context: RequestContext, event_type: str,
           payload: Mapping[str, Any], *, priority: str = 'info') -> None:
    """Tell of something that is committed; returns at once.

    :param priority: info, warn or error
    :param payload: plain data, without secrets
    """
    try:
        _sender_of_process().put(getattr(notifier(), priority), context,
                                 event_type, dict(payload))
    except queue.Full:
        instruments.NOTIFICATIONS_LOST.inc()
        LOG.warning('The notification %s is lost: %d others wait for the '
                    'bus.', event_type, _ROOM)
    except Exception:
        # What it tells of has happened and can be looked up; a bus that is
        # away must not undo it.
        instruments.NOTIFICATIONS_LOST.inc()
        LOG.warning('The notification %s was not taken by the bus.',
                    event_type, exc_info=True)
