# SPDX-License-Identifier: Apache-2.0
"""Calls of webhooks: their secrets, and what happens when one comes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
import re
from typing import Any

from karbor import context as karbor_context
from karbor import exception
from karbor import plugin
from karbor import policy
from karbor.actions import eventsources
from karbor.conf import CONF
from karbor.context import RequestContext
from karbor.db import clock as db_clock
from karbor.db import events as db
from karbor.db import triggers
from karbor.i18n import _
from karbor.model import webhook
from karbor.model.event import Event
from karbor.model.trigger import Trigger

MOST_BYTES = 65_536
_TIMESTAMP = re.compile('[0-9]{1,12}', re.ASCII)
_EVENT_ID = re.compile('[!-~]{1,128}', re.ASCII)


@dataclass(frozen=True)
class Call:
    """A call as it came, of whomever.

    :ivar timestamp: seconds since 1970, as text
    :ivar event_id: what its sender calls the event; None: it has no name
    :ivar read: the payload that the body is
    """

    timestamp: str
    signature: str
    event_id: str | None
    body: bytes
    read: Callable[[], Mapping[str, Any]]


def check_key(source: str) -> int | None:
    """The number of the first secret of a trigger, if it is to have one.

    :param source: of a trigger that is made
    :raises exception.Invalid: there is no key for it
    """
    if eventsources.get(source).arrives != plugin.WEBHOOK:
        return None
    if not CONF.events.webhook_keys:
        raise exception.Invalid(field='source', reason=_(
            'no webhook can be called here until the operator sets a key '
            '(webhook_keys)'))
    return 1


def secret(trigger: Trigger) -> str | None:
    """The secret of a trigger that was just made; None: it has none."""
    if trigger.secret_version is None:
        return None
    return webhook.secret(CONF.events.webhook_keys[0], trigger.id,
                          trigger.secret_version)


def renew_secret(context: RequestContext, trigger_id: str) -> str:
    """Another secret; who knows the old one knows nothing any more.

    :raises exception.TriggerNotFound: there is none in the project
    :raises exception.NoWebhook: its events come in another way
    :raises exception.Invalid: there is no key for it
    """
    trigger = triggers.get(context, trigger_id)
    policy.authorize(context, 'trigger:renew_secret',
                     {'project_id': trigger.project_id})
    if trigger.source is None or check_key(trigger.source) is None:
        raise exception.NoWebhook(id=trigger_id)
    return str(secret(triggers.renew_secret(context, trigger_id)))


def receive(project_id: str, trigger_id: str, call: Call, *,
            clock: db_clock.Clock = db_clock.DATABASE) -> bool:
    """Let a trigger fire, if the caller knows its secret.

    Until the signature is found right, nothing tells of what there is, not
    even the time that it takes.

    :return: whether the trigger wants such an event
    :raises exception.WebhookRefused: whatever is wrong about the caller
    :raises exception.WebhookStale: the timestamp is too far from now
    :raises exception.MalformedBody: of `Call.read`
    :raises exception.Invalid: the event's id is none
    :raises exception.EventTaken: it came before
    """
    options = CONF.events
    # of nobody in particular: who calls is what is to be found out
    hook = db.hook(karbor_context.system(), trigger_id, clock)
    signed = webhook.is_signed(
        call.signature, options.webhook_keys, trigger_id,
        1 if hook is None else hook.secret_version, call.timestamp, call.body)
    if (hook is None or hook.project_id != project_id or not signed
            or not _TIMESTAMP.fullmatch(call.timestamp)):
        raise exception.WebhookRefused()
    apart = abs(hook.now.timestamp() - int(call.timestamp))
    if apart > options.webhook_tolerance:
        raise exception.WebhookStale(apart=apart,
                                     most=options.webhook_tolerance)
    if call.event_id is not None and not _EVENT_ID.fullmatch(call.event_id):
        raise exception.Invalid(field='X-Karbor-Event-Id', reason=_(
            'expected 1 to 128 printable characters of ASCII without spaces'))
    # from here on, nothing of other projects is to be seen
    context = RequestContext(project_id=project_id, overwrite=False)
    trigger = triggers.get(context, trigger_id)
    mark = webhook.mark(call.signature)
    event = Event(id=call.event_id or mark, type=str(trigger.source),
                  project_id=project_id, payload=call.read(),
                  received_at=hook.now)
    source = eventsources.get(str(trigger.source))
    if not source.matches(trigger.properties, event):
        return False
    marks = [f'signature {mark}']
    if call.event_id is not None:
        marks.append(f'id {call.event_id}')
    if not db.take(context, trigger_id, event, marks, clock=clock,
                   keep=remembered()):
        raise exception.EventTaken()
    return True


def remembered() -> int:
    """Seconds for which an event is remembered."""
    found: int = max(CONF.events.remember,
                     2 * CONF.events.webhook_tolerance)
    return found
