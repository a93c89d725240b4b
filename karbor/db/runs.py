# SPDX-License-Identifier: Apache-2.0
"""Runs of scheduled operations: the ledger, and the claims of engines.

An engine that holds a claim is known by (owner, attempt). It begins a run in
the transaction that records what the run does, so the work of a run is
recorded once, whoever was stopped, frozen or slow. Locks are taken in one
order: scheduled operation, run.
"""

from dataclasses import dataclass
import datetime
from typing import Any
import uuid

import sqlalchemy as sa
from sqlalchemy import orm

from karbor import exception
from karbor.context import RequestContext
from karbor.db import firing
from karbor.db import models
from karbor.db import query
from karbor.db import session as db
from karbor.db.clock import Clock
from karbor.db.clock import DATABASE
from karbor.i18n import _
from karbor.model import states
from karbor.model.run import Run

TABLE: Any = models.Run.__table__
_NAMES = tuple(column.name for column in TABLE.columns)
ACTIVE = ('queued', 'running')
# more than engines claim at the same moment
_CANDIDATES = 200
# between two times that all databases tell apart
_TICK = datetime.timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Look:
    """Whether there is something to do for an engine.

    :ivar due: triggers
    :ivar queued: runs that can be claimed
    :ivar running: runs that have begun and not ended
    :ivar late: runs that have not ended in their time
    :ivar sweeps: scheduled operations whose checkpoints are to be swept
    """

    due: bool
    queued: bool
    running: bool
    late: bool
    sweeps: bool


def model(row: Any) -> Run:
    """The run of a row."""
    return Run(**{name: getattr(row, name) for name in _NAMES})


def look(context: RequestContext, clock: Clock = DATABASE) -> Look:
    """What an engine has to do, in one query that finds it by indexes."""
    with db.reader(context) as session:
        row = session.execute(sa.select(*(
            sa.exists(sa.select(1).select_from(table).where(condition))
            for table, condition in (
                (models.Trigger, models.Trigger.next_time <= clock.sql()),
                (models.Run, claimable(clock)),
                (models.Run, models.Run.status == 'running'),
                (models.Run, is_late(clock)),
                (models.ScheduledOperation,
                 models.ScheduledOperation.retention_at <= clock.sql()),
            )))).one()
    return Look(*(bool(value) for value in row))


def claimable(clock: Clock) -> sa.ColumnElement[bool]:
    """Whether nobody holds a run that is to begin."""
    return sa.and_(
        models.Run.status == 'queued', models.Run.waits_for.is_(None),
        sa.or_(models.Run.lease_until.is_(None),
               models.Run.lease_until < clock.sql()))


def still_open(clock: Clock) -> sa.ColumnElement[bool]:
    """Whether the time in which a run may begin is not over."""
    return sa.or_(models.Run.start_by.is_(None),
                  models.Run.start_by >= clock.sql())


def is_late(clock: Clock) -> sa.ColumnElement[bool]:
    """Whether a run has not ended in its time, which is not noted yet."""
    return sa.and_(models.Run.status.in_(ACTIVE),
                   models.Run.complete_by < clock.sql(),
                   models.Run.late.is_(False))


# -- claims -------------------------------------------------------------------

@db.retry
def claim(context: RequestContext, owner: str, lease: float,
          clock: Clock = DATABASE, limit: int = 10) -> list[Run]:
    """Take some runs to begin them, those that wait longest first.

    Those whose windows have closed are left to `drop_late`.

    :param owner: name of the engine, unique among all that ever lived
    :param lease: seconds after which another may take them
    """
    # Looked for without a lock: MariaDB locks every row that it sorts.
    with db.reader(context) as session:
        waiting = session.execute(
            sa.select(models.Run.id).where(claimable(clock), still_open(clock))
            .order_by(models.Run.expected_at, models.Run.id)
            .limit(_CANDIDATES)).scalars().all()
    if not waiting:
        return []
    with db.writer(context) as session:
        # from here on nobody else has them: by their locks, or because
        # SQLite has one writer
        taken = session.execute(
            sa.select(TABLE.c.id)
            .where(TABLE.c.id.in_(waiting), claimable(clock),
                   still_open(clock))
            .limit(limit).with_for_update(skip_locked=True)).scalars().all()
        if not taken:
            return []
        db.changed(session, sa.update(models.Run).where(
            models.Run.id.in_(taken)).values(
                owner=owner, attempt=models.Run.attempt + 1,
                lease_until=clock.sql(lease)))
        found = session.execute(
            sa.select(TABLE).where(TABLE.c.id.in_(taken))
            .order_by(TABLE.c.expected_at, TABLE.c.id)).all()
        return [model(row) for row in found]


def _mine(run: Run) -> sa.ColumnElement[bool]:
    return sa.and_(models.Run.id == run.id, models.Run.owner == run.owner,
                   models.Run.attempt == run.attempt,
                   models.Run.status == 'queued')


def begin(session: orm.Session, run: Run, clock: Clock, *,
          checkpoint_id: str, operation_id: str) -> None:
    """Begin a run, in the transaction that records what it does.

    :param run: as it was claimed
    :raises exception.LeaseLost: it is not this engine's any more
    :raises exception.RunSkipped: its operation has been disabled
    :raises exception.RunOverlaps: its predecessor has not ended
    """
    enabled = _lock(session, run.scheduled_operation_id)
    if enabled is None:
        raise _lost(run)
    if not enabled:
        raise exception.RunSkipped(reason=firing.disabled())
    other = _running(session, run)
    if other is not None:
        raise exception.RunOverlaps(expected_at=_said(other.expected_at))
    states.RUN.check('queued', 'running')
    if not db.changed(session, sa.update(models.Run).where(
            _mine(run), still_open(clock)).values(
                status='running', reason=None, lease_until=None,
                started_at=clock.sql(), checkpoint_id=checkpoint_id,
                operation_id=operation_id)):
        raise _lost(run)


def _lost(run: Run) -> exception.LeaseLost:
    return exception.LeaseLost(id=run.id, attempt=run.attempt)


def _lock(session: orm.Session, operation_id: str) -> bool | None:
    """Keep runs of an operation from beginning and ending until the commit.

    :return: whether it is enabled; None if it is gone
    """
    return session.execute(
        sa.select(models.ScheduledOperation.enabled)
        .where(models.ScheduledOperation.id == operation_id)
        .with_for_update()).scalar()


def take_turn(session: orm.Session, operation_id: str) -> int:
    """How many runs of an operation have taken one before; after `begin`."""
    table = models.ScheduledOperation
    db.changed(session, sa.update(table).where(
        table.id == operation_id).values(turn=table.turn + 1))
    turn: int = session.execute(sa.select(table.turn).where(
        table.id == operation_id)).scalar_one()
    return turn - 1


def _running(session: orm.Session, run: Run) -> Any:
    """Another run of the operation that runs, or None; after `_lock`."""
    return session.execute(
        sa.select(TABLE.c.id, TABLE.c.expected_at)
        .where(TABLE.c.scheduled_operation_id == run.scheduled_operation_id,
               TABLE.c.status == 'running', TABLE.c.id != run.id)
        .order_by(TABLE.c.expected_at.desc()).limit(1)
        # what is committed now, whatever was read before
        .with_for_update(read=True)).first()


def _said(moment: datetime.datetime) -> str:
    return moment.strftime('%Y-%m-%dT%H:%M:%SZ')


@db.retry
def overlapped(context: RequestContext, run: Run, rule: str,
               clock: Clock = DATABASE) -> Run:
    """Do with a run whose predecessor has not ended as its rule says.

    If that has ended meanwhile, the run is given back to be started.

    :param rule: ``skip``, or ``queue``, by which one run may wait
    :return: the run as it is now
    :raises exception.LeaseLost: it is not this engine's any more
    """
    with db.writer(context) as session:
        if _lock(session, run.scheduled_operation_id) is None:
            raise _lost(run)
        other = _running(session, run)
        values: dict[str, Any] = {'owner': None, 'lease_until': None}
        if other is not None:
            when = _said(other.expected_at)
            waiting = session.execute(
                sa.select(TABLE.c.expected_at)
                .where(TABLE.c.waits_for == other.id,
                       TABLE.c.id != run.id)
                .limit(1).with_for_update(read=True)).scalar()
            if rule == 'queue' and waiting is None:
                values |= {'waits_for': other.id, 'start_by': None,
                           'reason': _('It waits for the end of the run of '
                                       '%s.') % when}
            else:
                values |= {
                    'status': states.RUN.check('queued', 'skipped'),
                    'ended_at': clock.sql(), 'reason': _overlap(when, waiting)}
        if not db.changed(session, sa.update(models.Run).where(
                _mine(run)).values(**values)):
            raise _lost(run)
        return _read(session, run.id)


def _overlap(when: str, waiting: datetime.datetime | None) -> str:
    if waiting is None:
        return _('The run of %s has not ended yet.') % when
    return _('The run of %(when)s has not ended yet, and that of %(waiting)s '
             'waits for it already.') % {'when': when,
                                         'waiting': _said(waiting)}


def _read(session: orm.Session, run_id: str) -> Run:
    return model(session.execute(
        sa.select(TABLE).where(TABLE.c.id == run_id)).one())


@db.retry
def end(context: RequestContext, run: Run, status: str, reason: str,
        clock: Clock = DATABASE) -> Run:
    """End a run that has not begun.

    :param status: skipped, failed or dropped_out_of_window
    :return: the run as it is now
    :raises exception.LeaseLost: it is not this engine's any more
    """
    states.RUN.check('queued', status)
    with db.writer(context) as session:
        if not db.changed(session, sa.update(models.Run).where(
                _mine(run)).values(
                    status=status, reason=reason, lease_until=None,
                    ended_at=clock.sql())):
            raise _lost(run)
        return _read(session, run.id)


@db.retry
def give_back(context: RequestContext, run: Run, reason: str, delay: float,
              clock: Clock = DATABASE) -> None:
    """Have a run that could not begin tried again.

    :param reason: what a user reads meanwhile
    :param delay: seconds until then
    :raises exception.LeaseLost: it is not this engine's any more
    """
    with db.writer(context) as session:
        if not db.changed(session, sa.update(models.Run).where(
                _mine(run)).values(reason=reason,
                                   lease_until=clock.sql(delay))):
            raise _lost(run)


# -- when the clock was ahead -------------------------------------------------

@db.retry
def rewind(context: RequestContext, longest: float, clock: Clock = DATABASE,
           slack: float = 60, limit: int = 100) -> list[str]:
    """Free runs that wait for a time which the clock of the database showed.

    Those that events or users have asked for are expected now.

    :param longest: seconds for which a run may be held at most
    :param slack: seconds by which a clock may go back in good order
    :return: ids of those that were changed
    """
    held = models.Run.lease_until > clock.sql(longest + slack)
    asked = sa.and_(models.Run.origin != 'time',
                    models.Run.expected_at > clock.sql(slack))
    waiting = sa.and_(models.Run.status == 'queued', sa.or_(held, asked))
    with db.reader(context) as session:
        found = session.execute(
            sa.select(TABLE.c.id, TABLE.c.scheduled_operation_id)
            .where(waiting).order_by(TABLE.c.expected_at).limit(limit)).all()
    changed = []
    for run_id, operation_id in found:
        with db.writer(context) as session:
            if _lock(session, operation_id) is None:
                continue
            run = session.execute(
                sa.select(models.Run).where(models.Run.id == run_id, waiting)
                .with_for_update()).scalar()
            if run is not None:
                _rewind(session, run, clock.read(session), slack)
                changed.append(run_id)
    return changed


def _rewind(session: orm.Session, run: models.Run, now: datetime.datetime,
            slack: float) -> None:
    # an engine that is alive goes on: it is known by its attempt
    run.lease_until = None
    apart = run.expected_at - now
    if run.origin == 'time' or apart.total_seconds() <= slack:
        return
    run.triggered_at = now
    for name in ('start_by', 'complete_by'):
        if (moment := getattr(run, name)) is not None:
            setattr(run, name, moment - apart)
    run.expected_at = _free(session, run.scheduled_operation_id, now,
                            datetime.timedelta(seconds=slack))


# -- what a user makes --------------------------------------------------------

@db.retry
def add(context: RequestContext, scheduled_operation_id: str,
        window: int, clock: Clock = DATABASE) -> Run:
    """Add a run that a user wants now; who that is, is its cause.

    :param window: seconds in which it has to begin
    :raises exception.ScheduledOperationNotFound: the operation is gone
    :raises exception.ScheduledOperationDisabled: it is disabled
    """
    operation = models.ScheduledOperation
    with db.writer(context) as session:
        row = session.execute(
            sa.select(operation).where(
                operation.id == scheduled_operation_id,
                query.fence(context, operation, all_projects=True))
            .with_for_update()).scalar()
        if row is None:
            raise exception.ScheduledOperationNotFound(
                id=scheduled_operation_id)
        if not row.enabled:
            raise exception.ScheduledOperationDisabled(id=row.id)
        moment = _free(session, row.id, clock.read(session))
        run = Run(
            id=str(uuid.uuid4()), scheduled_operation_id=row.id,
            project_id=row.project_id, trigger_id=row.trigger_id,
            plan_id=row.plan_id, origin='manual', expected_at=moment,
            triggered_at=moment, status='queued',
            cause={'user_id': context.user_id},
            start_by=moment + datetime.timedelta(seconds=window),
            complete_by=(None if row.complete_within is None else moment
                         + datetime.timedelta(seconds=row.complete_within)))
        session.execute(sa.insert(TABLE), {
            name: getattr(run, name) for name in _NAMES})
        return run


def _free(session: orm.Session, operation_id: str, now: datetime.datetime,
          within: datetime.timedelta | None = None) -> datetime.datetime:
    """Now, or as soon after it as no other run is expected.

    Clocks have no more than milliseconds in some databases, and may be set
    back.

    :param within: what is expected after it does not count
    """
    last = session.execute(
        sa.select(sa.func.max(models.Run.expected_at))
        .where(models.Run.scheduled_operation_id == operation_id,
               models.Run.expected_at >= now,
               *(() if within is None
                 else (models.Run.expected_at < now + within,)))).scalar()
    moment = now if last is None else last + _TICK
    # a time of a trigger has no fraction, so it is never the same
    return moment if moment.microsecond else moment + _TICK
