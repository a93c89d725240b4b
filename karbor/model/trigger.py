# SPDX-License-Identifier: Apache-2.0
"""A trigger: when scheduled operations are to run."""

from collections.abc import Mapping
from dataclasses import dataclass
import datetime
from typing import Any

# in UTC: how the properties say a time
TIME_FORMAT = '%Y-%m-%d %H:%M:%S'


@dataclass(frozen=True, slots=True)
class Trigger:
    """What sets scheduled operations off.

    :ivar type: ``time``
    :ivar properties: of a time trigger, all of ``format`` (name of a time
        format), ``pattern``, ``start_time`` and ``end_time`` (texts in
        `TIME_FORMAT`; the end may be None) and ``window`` (seconds by which
        a run may be late)
    """

    id: str
    project_id: str
    name: str
    type: str
    properties: Mapping[str, Any]
    created_at: datetime.datetime | None = None
    updated_at: datetime.datetime | None = None


def to_text(moment: datetime.datetime) -> str:
    """A moment as properties say it."""
    return moment.astimezone(datetime.UTC).strftime(TIME_FORMAT)


def from_text(text: str) -> datetime.datetime:
    """The moment of a text of `to_text`.

    :raises ValueError: it is none
    """
    return datetime.datetime.strptime(text, TIME_FORMAT).replace(
        tzinfo=datetime.UTC)
