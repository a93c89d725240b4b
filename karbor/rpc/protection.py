# SPDX-License-Identifier: Apache-2.0
"""How the other daemons speak to the protection service.

Versions of the interface:

* 1.0: ``run`` (cast), ``providers``, ``protectable_types``, ``instances``,
  ``instance``
* 1.1: ``cancel`` (cast to all)
"""

from collections.abc import Callable, Mapping
import threading
import time
from typing import Any

from oslo_log import log
import oslo_messaging as messaging

from karbor import exception
from karbor.context import RequestContext
from karbor.i18n import _
from karbor.rpc import transport

LOG = log.getLogger(__name__)

VERSION = '1.1'


class ProtectionClient:
    """The north side of the wire.

    Answers about providers and types change only with the configuration of
    the protection service, so they are believed for a while.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = transport.client(transport.PROTECTION_TOPIC, VERSION)
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[str, tuple[float, Any]] = {}

    def run(self, context: RequestContext, operation_id: str) -> None:
        """Tell that an operation waits; loses nothing if nobody hears.

        :raises Exception: whatever the bus raises when it is away
        """
        self._client.cast(context, 'run', operation_id=operation_id)

    def cancel(self, context: RequestContext, operation_id: str) -> None:
        """Tell all workers that one of them is to stop.

        Without it, that one sees it with its next heartbeat.

        :raises Exception: whatever the bus raises when it is away
        """
        self._client.prepare(fanout=True).cast(context, 'cancel',
                                               operation_id=operation_id)

    def providers(self, context: RequestContext) -> list[dict[str, Any]]:
        """All enabled providers.

        Each: ``id name description extended_info_schema``,
        ``resource_types``, and by type ``operations`` and
        ``restore_places``.
        """
        answer: list[dict[str, Any]] = self._remembered(context, 'providers')
        return answer

    def protectable_types(self, context: RequestContext,
                          ) -> dict[str, dict[str, Any]]:
        """``{type: {name, dependent_types}}``."""
        answer: dict[str, dict[str, Any]] = self._remembered(
            context, 'protectable_types')
        return answer

    def instances(self, context: RequestContext, type_: str,
                  parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
        """All resources of a type that the project has."""
        answer: list[dict[str, Any]] = self._ask(
            context, 'instances', type_=type_, parameters=dict(parameters))
        return answer

    def instance(self, context: RequestContext, type_: str, id_: str,
                 parameters: Mapping[str, Any]) -> dict[str, Any]:
        """One resource, with its ``dependent_resources``.

        :raises exception.InstanceNotFound: the project has none of that id
        :raises exception.KarborError: whatever the plugin raised
        """
        answer: dict[str, Any] = self._ask(
            context, 'instance', type_=type_, id_=id_,
            parameters=dict(parameters))
        return answer

    def _remembered(self, context: RequestContext, question: str) -> Any:
        with self._lock:
            known = self._known.get(question)
        if known is None or known[0] < self._clock():
            answer = self._ask(context, question)
            age = transport.conf().rpc.provider_cache_time
            known = (self._clock() + age, answer)
            with self._lock:
                self._known[question] = known
        return known[1]

    def _ask(self, context: RequestContext, question: str,
             **arguments: Any) -> Any:
        seconds = transport.conf().rpc.question_timeout
        try:
            return self._client.prepare(timeout=seconds).call(
                context, question, **arguments)
        except messaging.MessagingTimeout as error:
            raise exception.NoAnswer(service='karbor-protection',
                                     seconds=seconds) from error
        except exception.KarborError as error:
            raise _plain(error) from None
        except messaging.RemoteError as error:
            # a class that is not known here: a fault, not an answer
            LOG.error('karbor-protection could not answer %s: %s %s',
                      question, error.exc_type, error.value)
            raise exception.PluginError(reason=_(
                'The question could not be answered: %s') % error.exc_type,
            ) from None
        except messaging.MessagingException as error:
            LOG.exception('The bus does not take the question %s.', question)
            raise exception.BusAway() from error


def _plain(error: exception.KarborError) -> exception.KarborError:
    """The error as it was raised there.

    A bus may make a class of its own of it, whose text ends in the traceback
    of the other process, which is nothing for a user.
    """
    kind = next(cls for cls in type(error).__mro__
                if cls.__module__ in transport.ALLOWED_REMOTE)
    return kind(str(error.args[0]))


_client: ProtectionClient | None = None
_lock = threading.Lock()


def client() -> ProtectionClient:
    """The client of this process."""
    global _client
    with _lock:
        if _client is None:
            _client = ProtectionClient()
        return _client


def reset() -> None:
    """Forget the client, when the transport is another one."""
    global _client
    with _lock:
        _client = None
