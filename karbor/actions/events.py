# SPDX-License-Identifier: Apache-2.0
"""What happens when a notification arrives from another service."""

from collections.abc import Mapping
from typing import Any

from oslo_log import log

from karbor import exception
from karbor import plugin
from karbor.actions import eventsources
from karbor.actions import webhooks
from karbor.context import RequestContext
from karbor.db import clock as db_clock
from karbor.db import events as db
from karbor.db import session
from karbor.model.event import Event
from karbor.model.trigger import Trigger

LOG = log.getLogger(__name__)


def receive(project_id: str, *, id_: str, type_: str,
            payload: Mapping[str, Any],
            clock: db_clock.Clock = db_clock.DATABASE) -> int:
    """Let those triggers of a project fire that want such an event.

    May be repeated: what a trigger has taken, it takes once. Returns when all
    of them have it for good.

    :param id_: at most 128 characters
    :return: how many triggers want it
    :raises Exception: whatever the database raises when it is away
    """
    sources = eventsources.arriving(plugin.NOTIFICATION)
    if not sources:
        return 0
    context = RequestContext(project_id=project_id, overwrite=False)
    found = 0
    for trigger, now in db.candidates(context, sources, clock):
        event = Event(id=id_, type=type_, project_id=project_id,
                      payload=payload, received_at=now)
        if not _matches(trigger, event):
            continue
        found += 1
        try:
            db.take(context, trigger.id, event, [f'id {id_}'], clock=clock,
                    keep=webhooks.remembered())
        except exception.TriggerNotFound:
            # deleted meanwhile; who deletes it wants nothing to happen
            continue
        except Exception as error:
            if session.is_away(error):
                raise
            # A fault with what is stored of one trigger, which would be the
            # same again; the others get the event.
            LOG.exception('Trigger %s could not take event %s.', trigger.id,
                          id_)
    return found


def _matches(trigger: Trigger, event: Event) -> bool:
    try:
        return eventsources.get(str(trigger.source)).matches(
            trigger.properties, event)
    except Exception:
        # Whatever a plugin does wrong with one trigger, the others get the
        # event.
        LOG.exception('The source %s of trigger %s failed at event %s.',
                      trigger.source, trigger.id, event.id)
        return False
