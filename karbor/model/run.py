# SPDX-License-Identifier: Apache-2.0
"""A run: one expected time of a scheduled operation, and what came of it."""

from collections.abc import Mapping
from dataclasses import dataclass
import datetime
from typing import Any

# what makes a run expected: a time of its trigger, events, or a user
ORIGINS = ('time', 'event', 'manual')


@dataclass(frozen=True, slots=True)
class Run:
    """A row of the ledger.

    :ivar origin: one of `ORIGINS`
    :ivar expected_at: when it was to start; no two of an operation are equal
    :ivar triggered_at: when an engine has found it due
    :ivar start_by: it is dropped if it has not started by then; None: it
        waits for another run, and has its window after that
    :ivar complete_by: it is late if it has not ended by then, or None
    :ivar late: it was found to be late; it goes on all the same
    :ivar status: a state of `states.RUN`
    :ivar reason: a sentence about the status; None for a success
    :ivar cause: of a run of events, what they were: ``count``, and of the
        last one ``id``, ``type`` and ``received_at``; of a manual one, who
        asked for it: ``user_id``
    :ivar owner: the engine that has claimed it to start it, or None
    :ivar lease_until: when the claim runs out
    :ivar attempt: number of the claim; it fences engines that lost theirs
    :ivar waits_for: the run that has to end first, or None
    :ivar checkpoint_id: what it has made, or the newest of what it verifies
    :ivar operation_id: the operation that works on that
    """

    id: str
    scheduled_operation_id: str
    project_id: str
    trigger_id: str
    plan_id: str
    origin: str
    expected_at: datetime.datetime
    triggered_at: datetime.datetime
    status: str
    start_by: datetime.datetime | None = None
    complete_by: datetime.datetime | None = None
    late: bool = False
    reason: str | None = None
    cause: Mapping[str, Any] | None = None
    owner: str | None = None
    lease_until: datetime.datetime | None = None
    attempt: int = 0
    waits_for: str | None = None
    checkpoint_id: str | None = None
    operation_id: str | None = None
    started_at: datetime.datetime | None = None
    ended_at: datetime.datetime | None = None


@dataclass(frozen=True, slots=True)
class Firing:
    """What a trigger owes at a moment.

    :ivar times: expected times that have come since it was looked at, oldest
        first
    :ivar done_until: all its times up to this one are among those
    :ivar next_time: when it is to be looked at next; None: never
    :ivar complete: whether there are no more until now; if not, the rest
        comes with the next look
    """

    times: tuple[datetime.datetime, ...]
    done_until: datetime.datetime
    next_time: datetime.datetime | None
    complete: bool = True
