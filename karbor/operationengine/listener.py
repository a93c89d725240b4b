# SPDX-License-Identifier: Apache-2.0
"""Notifications of other services, for triggers that fire on them."""

from collections.abc import Callable, Mapping
import contextlib
import re
import threading
from typing import Any

from oslo_config import cfg
from oslo_log import log
import oslo_messaging as messaging

from karbor.actions import events
from karbor.db import session
from karbor.model.event import project_of
from karbor.rpc import notifications

LOG = log.getLogger(__name__)

# what is stored of a notification; no service of OpenStack has others
_ID = re.compile('[!-~]{1,128}', re.ASCII)
_TYPE = re.compile('[!-~]{1,255}', re.ASCII)
# seconds between two tries while the database is away, or to listen at first
_PAUSE = 1.0
# at last, between two tries to listen
_LONGEST_PAUSE = 60.0
# So often; then another engine may try. A broker believes for half an hour
# that a message is worked on, and counts how often it was given back.
_TRIES = 600
# publishers whose mistakes are remembered, so that each is logged once
_REMEMBERED = 1000


class Endpoint:
    """Takes notifications, each with the answer whether it may be forgotten.

    A notification is acknowledged when the database has what comes of it.
    """

    def __init__(self, stopped: threading.Event,
                 receive: Callable[..., int] = events.receive,
                 pause: float = _PAUSE) -> None:
        """Prepare.

        :param stopped: set when no more are to be taken
        :param receive: as `karbor.actions.events.receive`
        :param pause: seconds between two tries
        """
        self._stopped = stopped
        self._receive = receive
        self._pause = pause
        self._known: set[tuple[str, str]] = set()

    def info(self, context: Any, publisher_id: Any, event_type: Any,
             payload: Any, metadata: Any) -> str:
        """The method of a priority; they are all alike."""
        id_ = metadata.get('message_id')
        for what, value, fits in (
                ('message_id', id_, _fits(_ID, id_)),
                ('event_type', event_type, _fits(_TYPE, event_type)),
                ('payload', type(payload).__name__,
                 isinstance(payload, Mapping))):
            if not fits:
                self._complain(str(publisher_id), what, value)
                return messaging.NotificationResult.HANDLED
        project_id = project_of(
            payload, context if isinstance(context, Mapping) else {})
        if project_id is None or len(project_id) > 255:
            # of the cloud itself; no trigger has a right to it
            return messaging.NotificationResult.HANDLED
        return self._take(project_id, id_=id_, type_=event_type,
                          payload=payload)

    audit = warn = error = critical = info

    def _take(self, project_id: str, **event: Any) -> str:
        for number in range(_TRIES):
            try:
                self._receive(project_id, **event)
                return messaging.NotificationResult.HANDLED
            except Exception as error:
                # Whatever it is, the queue must go on.
                if not session.is_away(error):
                    LOG.exception('Notification %s (%s) was dropped.',
                                  event['id_'], event['type_'])
                    return messaging.NotificationResult.HANDLED
                if number == 0:
                    LOG.warning('Notification %s waits for the database.',
                                event['id_'], exc_info=True)
            if self._stopped.wait(self._pause):
                break
        return messaging.NotificationResult.REQUEUE

    def _complain(self, publisher_id: str, what: str, value: Any) -> None:
        key = (publisher_id[:255], what)
        if key not in self._known and len(self._known) < _REMEMBERED:
            self._known.add(key)
            LOG.warning('A notification of %s was dropped, because its %s is '
                        '%r; others like it will be without a word.',
                        key[0], what, str(value)[:100])


def _fits(pattern: re.Pattern[str], value: Any) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


class Listener:
    """Listens, if topics are configured; any number on any host."""

    # seconds in which what is worked on ends, if the bus is there
    PATIENCE = 30

    def __init__(self, conf: cfg.ConfigOpts, pause: float = _PAUSE) -> None:
        """Prepare.

        :param pause: seconds after which it is tried again to listen, at
            first
        :ivar ready: set when whatever is sent from now on is received
        """
        self._options = conf.events
        self._pause = pause
        self._stopped = threading.Event()
        self.ready = threading.Event()
        # a bus that is away must not keep times from firing
        self._thread = threading.Thread(target=self._listen, daemon=True,
                                        name='notification-listener')

    def start(self) -> None:
        """Begin; returns at once, wherever the bus is."""
        if self._options.notification_topics:
            self._thread.start()

    def stop(self) -> None:
        """Take no more, and wait for what is worked on."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(self.PATIENCE if self.ready.is_set() else 1)

    def _listen(self) -> None:
        pause = self._pause
        while (server := self._begin()) is None:
            if self._stopped.wait(pause):
                return
            pause = min(2 * pause, _LONGEST_PAUSE)
        options = self._options
        LOG.info('Listening for notifications on %s of %s.',
                 ', '.join(options.notification_topics),
                 ', '.join(options.notification_exchanges))
        self.ready.set()
        self._stopped.wait()
        server.stop()
        server.wait()

    def _begin(self) -> Any:
        """The server that listens; None: it is to be tried again."""
        options, server = self._options, None
        try:
            server = notifications.listener(
                Endpoint(self._stopped), options.notification_topics,
                options.notification_exchanges, options.notification_pool)
            # comes back when the bus is there
            server.start(override_pool_size=options.notification_threads)
            return server
        except Exception:
            # A broker that refuses us or does not know the user yet, an
            # exchange that was made otherwise: whoever mends it should not
            # have to think of this process, which would go on silently.
            LOG.exception('The engine cannot listen for notifications; it '
                          'tries again.')
        if server is not None:
            with contextlib.suppress(Exception):
                # that nothing of it is left; it has not begun
                server.stop()
        return None
