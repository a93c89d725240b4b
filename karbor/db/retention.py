# SPDX-License-Identifier: Apache-2.0
"""Sweeps of checkpoints: whose turn it is, and what there is to decide.

``retention_at`` of a scheduled operation is when it is swept next, and the
claim of who sweeps it now: whoever claims or changes the operation sets it,
and a sweep removes nothing unless it is as it was claimed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
import datetime
import random
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from karbor import exception
from karbor.context import RequestContext
from karbor.db import models
from karbor.db import session as db
from karbor.db.clock import Clock
from karbor.db.clock import DATABASE

# more than engines that claim at the same moment
_CANDIDATES = 20
_SPREAD = 0.1
_DAY = 86_400
_OPERATIONS = models.ScheduledOperation


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to sweep, until somebody else has it.

    :ivar until: when that is at the latest
    """

    operation_id: str
    until: datetime.datetime


@db.retry
def claim(context: RequestContext, interval: float,
          clock: Clock = DATABASE) -> Claim | None:
    """Take the operation that has waited longest for its sweep.

    :param interval: seconds after which the next sweep is due at the latest
    :return: None if none is due
    """
    # looked for without a lock, as in `db.operations.claim`
    with db.reader(context) as session:
        due = session.execute(
            sa.select(_OPERATIONS.id, _OPERATIONS.retention_at)
            .where(_OPERATIONS.retention_at <= clock.sql())
            .order_by(_OPERATIONS.retention_at, _OPERATIONS.id)
            .limit(_CANDIDATES)).all()
    for operation_id, seen in due:
        with db.writer(context) as session:
            # A little sooner, so that no two claims are alike, and those that
            # came at once do not come at once again.
            sooner = interval * _SPREAD * random.random()  # noqa: S311
            if not _set(session, Claim(operation_id, seen),
                        retention_at=clock.sql(interval - sooner)):
                continue
            until = session.execute(
                sa.select(_OPERATIONS.retention_at)
                .where(_OPERATIONS.id == operation_id)).scalar_one()
            return Claim(operation_id, until)
    return None


def _set(session: orm.Session, claimed: Claim, **values: Any) -> bool:
    """Change an operation if it is as it was claimed."""
    return bool(db.changed(session, sa.update(_OPERATIONS).where(
        _OPERATIONS.id == claimed.operation_id,
        _OPERATIONS.retention_at == claimed.until).values(**values)))


def fence(session: orm.Session, claimed: Claim) -> None:
    """Refuse a sweep whose time is over; locks its row until commit.

    :raises exception.SweepLost: another has claimed it, somebody has changed
        or disabled it, or its plan is not started any more
    """
    started = sa.exists().where(
        models.Plan.id == _OPERATIONS.plan_id,
        models.Plan.status == 'started')
    if not db.changed(session, sa.update(_OPERATIONS).where(
            _OPERATIONS.id == claimed.operation_id,
            _OPERATIONS.retention_at == claimed.until,
            _OPERATIONS.enabled.is_(True), started).values(
                retention_at=claimed.until)):
        raise exception.SweepLost(id=claimed.operation_id)


@db.retry
def end(context: RequestContext, claimed: Claim, reason: str | None, *,
        at: sa.ColumnElement[datetime.datetime] | None = None,
        never: bool = False) -> bool:
    """Note how a sweep has ended.

    :param reason: a sentence if it could not do all that it was to do
    :param at: when the next one is due, if not as it was claimed
    :param never: there is none, as the operation keeps all
    :return: whether it was still the one to do so
    """
    values: dict[str, Any] = {'retention_reason': reason}
    if never:
        values['retention_at'] = None
    elif at is not None:
        values['retention_at'] = at
    with db.writer(context) as session:
        return _set(session, claimed, **values)


@db.retry
def rewind(context: RequestContext, longest: float, clock: Clock = DATABASE,
           slack: float = 60) -> int:
    """Have those swept that wait for a time which a clock has shown.

    That of the database, while it was ahead.

    :param longest: seconds from one sweep to the next at most
    :param slack: seconds by which a clock may go back in good order
    :return: how many there were
    """
    # what the upgrade from before there were sweeps has made waits for a day
    latest = clock.sql(max(longest, _DAY) + slack)
    with db.writer(context) as session:
        return db.changed(session, sa.update(_OPERATIONS).where(
            _OPERATIONS.retention_at > latest).values(
                retention_at=clock.sql()))


# -- what there is to decide --------------------------------------------------

@dataclass(frozen=True, slots=True)
class Bound:
    """A scheduled operation of a plan, with what its rule is made of.

    :ivar trigger: properties of its trigger
    """

    id: str
    name: str
    operation_type: str
    definition: Mapping[str, Any]
    enabled: bool
    retention_at: datetime.datetime | None
    reason: str | None
    trigger: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Row:
    """A checkpoint of the plan in the provider, as far as it matters here."""

    id: str
    status: str
    origin: str
    created_at: datetime.datetime
    size: int | None
    damaged: bool = False

    @property
    def is_good(self) -> bool:
        """Whether all of it can be restored, as far as is known."""
        return self.status == 'available' and not self.damaged


@dataclass(frozen=True, slots=True)
class Failure:
    """Deletions of a checkpoint that failed.

    :ivar asked_by: the scheduled operation that asked for the last one
    :ivar count: how often it has asked
    :ivar ended_at: when the last one failed
    """

    asked_by: str | None
    count: int
    ended_at: datetime.datetime | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Facts:
    """All that rules have to know, in a constant number of queries.

    :ivar plan: name and status; None: it is gone
    :ivar bound: scheduled operations of the plan, oldest first
    :ivar used: type of an operation that needs a checkpoint, by its id
    :ivar failures: by id of the checkpoint
    """

    now: datetime.datetime
    plan: tuple[str, str] | None
    bound: Sequence[Bound]
    rows: Sequence[Row]
    used: Mapping[str, str]
    failures: Mapping[str, Failure]


def facts(context: RequestContext, *, project_id: str, plan_id: str,
          provider_id: str, clock: Clock = DATABASE) -> Facts:
    """What is known of a plan's checkpoints in a provider.

    :param project_id: that of the plan
    """
    table = models.Checkpoint
    mine = sa.and_(table.plan_id == plan_id,
                   table.provider_id == provider_id,
                   table.project_id == project_id)
    with db.reader(context) as session:
        plan = session.execute(
            sa.select(models.Plan.name, models.Plan.status)
            .where(models.Plan.id == plan_id,
                   models.Plan.project_id == project_id)).one_or_none()
        return Facts(
            now=clock.read(session),
            plan=None if plan is None else (plan.name, plan.status),
            bound=_bound(session, project_id, plan_id),
            rows=[Row(*row) for row in session.execute(
                sa.select(table.id, table.status, table.origin,
                          table.created_at, table.size,
                          table.damaged_at.is_not(None)).where(mine))],
            used=_used(session, mine), failures=_failures(session, mine))


def _bound(session: orm.Session, project_id: str,
           plan_id: str) -> list[Bound]:
    table = _OPERATIONS
    return [Bound(*row) for row in session.execute(
        sa.select(table.id, table.name, table.operation_type,
                  table.operation_definition, table.enabled,
                  table.retention_at, table.retention_reason,
                  models.Trigger.properties)
        .join(models.Trigger, models.Trigger.id == table.trigger_id)
        .where(table.plan_id == plan_id, table.project_id == project_id)
        .order_by(table.created_at, table.id))]


def _used(session: orm.Session,
          mine: sa.ColumnElement[bool]) -> dict[str, str]:
    table, work = models.Checkpoint, models.Operation
    active = work.status.in_(('queued', 'running'))
    return dict(session.execute(sa.union_all(*(
        # each has an index
        sa.select(table.id, work.type)
        .join(work, column == table.id).where(mine, active)
        for column in (work.checkpoint_id, work.source_checkpoint_id)),
    )).all())


def _failures(session: orm.Session,
              mine: sa.ColumnElement[bool]) -> dict[str, Failure]:
    table, work = models.Checkpoint, models.Operation
    found: dict[str, Failure] = {}
    for id_, asked_by, ended_at, reason in session.execute(
            sa.select(table.id, work.scheduled_operation_id, work.ended_at,
                      work.reason)
            .join(work, work.checkpoint_id == table.id)
            .where(mine, table.status == 'error-deleting',
                   work.type == 'delete',
                   work.status.in_(('error', 'cancelled')))
            .order_by(work.created_at, work.id)):
        before = found.get(id_)
        count = (before.count if before and before.asked_by == asked_by
                 else 0)
        found[id_] = Failure(asked_by, count + 1, ended_at, reason)
    return found
