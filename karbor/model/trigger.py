# SPDX-License-Identifier: Apache-2.0
"""A trigger: when scheduled operations are to run."""

from collections.abc import Mapping
from dataclasses import dataclass
import datetime
from typing import Any

TYPES = ('time', 'event')
# in UTC: how the properties say a time
TIME_FORMAT = '%Y-%m-%d %H:%M:%S'
# the time zone of those that name none
UTC = 'UTC'


@dataclass(frozen=True, slots=True)
class Trigger:
    """What sets scheduled operations off.

    :ivar type: one of `TYPES`
    :ivar properties: of a time trigger, all of ``format`` (name of a time
        format), ``pattern``, ``start_time`` and ``end_time`` (texts in
        `TIME_FORMAT`; the end may be None), ``window`` (seconds by which
        a run may be late) and ``timezone`` (name of IANA; lacks in those of
        older releases, which is UTC). Of an event trigger, all of ``source``
        (name of an event source), ``window``, ``debounce`` and
        ``min_interval`` (seconds), and what its source has beside them
    :ivar next_time: when it fires next, or None if it will not
    :ivar secret_version: number of the secret of a webhook, else None
    """

    id: str
    project_id: str
    name: str
    type: str
    properties: Mapping[str, Any]
    next_time: datetime.datetime | None = None
    created_at: datetime.datetime | None = None
    updated_at: datetime.datetime | None = None
    secret_version: int | None = None

    @property
    def source(self) -> str | None:
        """Where its events come from; None: it is a time trigger."""
        found: str | None = (self.properties.get('source')
                             if self.type == 'event' else None)
        return found


def to_text(moment: datetime.datetime) -> str:
    """A moment as properties say it."""
    return moment.astimezone(datetime.UTC).strftime(TIME_FORMAT)


def from_text(text: str) -> datetime.datetime:
    """The moment of a text of `to_text`.

    :raises ValueError: it is none
    """
    return datetime.datetime.strptime(text, TIME_FORMAT).replace(
        tzinfo=datetime.UTC)
