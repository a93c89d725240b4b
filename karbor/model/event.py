# SPDX-License-Identifier: Apache-2.0
"""An event: something that happened, and when a trigger fires for it.

Events are coalesced, never lost: whatever arrives before a trigger fires is
part of its next firing, which is never earlier than the event.
"""

from collections.abc import Mapping
from dataclasses import dataclass
import datetime
from typing import Any

# A trigger that waits for calm fires after so many times that span, though
# events still come.
PATIENCE = 10


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened in a project.

    :ivar id: of the sender; the same event may arrive more than once
    :ivar type: what happened, for example ``compute.instance.delete.start``
    :ivar project_id: whose event it is; no other project sees it
    :ivar payload: what the sender tells of it, plain data
    :ivar received_at: when it arrived, by the clock of the database
    """

    id: str
    type: str
    project_id: str
    payload: Mapping[str, Any]
    received_at: datetime.datetime


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a trigger fires when events come.

    :ivar debounce: seconds without an event that it waits for; with each
        event they begin anew, but after `PATIENCE` times as long it fires
    :ivar min_interval: seconds between two firings, at least
    """

    debounce: int
    min_interval: int

    def next_time(self, now: datetime.datetime,
                  first_at: datetime.datetime,
                  fired_at: datetime.datetime | None) -> datetime.datetime:
        """When to fire for an event that arrives now; never before it.

        :param first_at: when the first event has arrived for which it has
            not fired yet
        :param fired_at: when it has fired last, or None
        """
        calm = now + datetime.timedelta(seconds=self.debounce)
        enough = first_at + datetime.timedelta(
            seconds=PATIENCE * self.debounce)
        found = max(now, min(calm, enough))
        if fired_at is None:
            return found
        return max(found, fired_at + datetime.timedelta(
            seconds=self.min_interval))


def pending(old: Mapping[str, Any] | None, event: Event,
            now: datetime.datetime) -> dict[str, Any]:
    """What a trigger has to fire for, with one more event.

    Plain data: ``count``, ``first_at``, and of the last event ``id``,
    ``type`` and ``received_at``; moments are texts of ISO 8601.

    :param old: what it had to fire for before, or None
    :param now: when the event is taken
    """
    text = now.isoformat()
    return {'count': 1 if old is None else old['count'] + 1,
            'id': event.id, 'type': event.type, 'received_at': text,
            'first_at': text if old is None else old['first_at']}


def first_at(pending: Mapping[str, Any]) -> datetime.datetime:
    """When the first of the events has arrived."""
    return datetime.datetime.fromisoformat(pending['first_at'])


# Where services say whose thing a notification tells of. Nova's versioned
# ones wrap what they tell.
_WRAPPERS = ('nova_object.data',)
_NAMES = ('tenant_id', 'project_id')
# where the context of a notification says who has asked
_ASKED = ('project_id', 'tenant_id', 'project', 'tenant')


def project_of(payload: Mapping[str, Any],
               context: Mapping[str, Any]) -> str | None:
    """Whose notification it is; None if nothing tells.

    What it is about counts more than who has asked for it: an administrator
    may delete a server of any project.
    """
    for place in (payload, *(payload.get(name) for name in _WRAPPERS)):
        if isinstance(place, Mapping):
            for name in _NAMES:
                if found := _id(place.get(name)):
                    return found
    for name in _ASKED:
        if found := _id(context.get(name)):
            return found
    return None


def _id(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
