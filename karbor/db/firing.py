# SPDX-License-Identifier: Apache-2.0
"""Triggers that are due become runs: each expected time exactly once.

Any number of engines may do this at the same time, and each may be stopped at
any line. What a trigger owes is worked out, its runs are inserted and the
trigger is moved on in one transaction, in which nobody else has the trigger's
row. Locks are taken in one order: trigger, scheduled operation, run.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
import datetime
import itertools
from typing import Any
import uuid

import sqlalchemy as sa
from sqlalchemy import orm

from karbor.context import RequestContext
from karbor.db import models
from karbor.db import session as db
from karbor.db.clock import Clock
from karbor.db.clock import DATABASE
from karbor.i18n import _
from karbor.model.notification import Missed
from karbor.model.run import Firing
from karbor.model.trigger import Trigger

# What a trigger owes at a moment: the trigger, up to when its times have been
# dealt with, and the moment.
Reckon = Callable[[Trigger, datetime.datetime, datetime.datetime], Firing]
# Who is to know of runs that were dropped; neither waits nor fails.
Tell = Callable[[Missed], None]

# more than engines take at the same moment
_CANDIDATES = 200
_INSERTED_AT_ONCE = 1000
# in one transaction
_MOST_RUNS = 10_000
_RUNS: Any = models.Run.__table__


def model(row: Any) -> Trigger:
    """The trigger of a row."""
    return Trigger(
        id=row.id, project_id=row.project_id, name=row.name, type=row.type,
        properties=row.properties, next_time=row.next_time,
        created_at=row.created_at, updated_at=row.updated_at,
        secret_version=row.secret_version)


@db.retry
def fire_due(context: RequestContext, reckon: Reckon,
             clock: Clock = DATABASE, limit: int = 20,
             most: int = _MOST_RUNS, tell: Tell | None = None) -> int:
    """Make the runs of some triggers that are due.

    :param limit: so many triggers
    :param most: so many runs, so that locks are not held for long; what is
        left is due again
    :param tell: called after the commit, for each scheduled operation of
        which runs were dropped
    :return: how many triggers were taken; 0: none is due, or others have all
        of them
    """
    # Looked for without a lock: MariaDB locks every row that it sorts.
    with db.reader(context) as session:
        waiting = session.execute(
            sa.select(models.Trigger.id)
            .where(models.Trigger.next_time <= clock.sql())
            .order_by(models.Trigger.next_time)
            .limit(_CANDIDATES)).scalars().all()
    if not waiting:
        return 0
    with db.writer(context) as session:
        now = clock.read(session)
        rows = session.execute(
            sa.select(models.Trigger)
            .where(models.Trigger.id.in_(waiting),
                   models.Trigger.next_time <= now)
            .limit(limit).with_for_update(skip_locked=True)).scalars().all()
        missed = fire(session, rows, now, reckon, most)
    said(missed, tell)
    return len(rows)


def said(missed: Iterable[Missed], tell: Tell | None) -> None:
    """Tell of runs that were dropped, once that is committed."""
    if tell is not None:
        for one in missed:
            tell(one)


def fire(session: orm.Session, rows: Collection[models.Trigger],
         now: datetime.datetime, reckon: Reckon,
         most: int | None = None) -> list[Missed]:
    """Make the runs that some triggers owe, in the caller's transaction.

    :param rows: whose rows the transaction has locked, where the database
        has such locks
    :param most: so many runs, but one time of one trigger at least; None: all
    :return: what was dropped, to be told after the commit
    """
    owed: list[tuple[Trigger, Any, Firing]] = []
    by_trigger = _operations(session, [row.id for row in rows])
    left = most
    for row in rows:
        trigger, pending = model(row), row.pending
        done_until = row.done_until or row.created_at
        firing = reckon(trigger, done_until, now)
        if left is not None:
            # to find the times of one that nobody uses takes its time, too
            bound = max(len(by_trigger[row.id]), 1)
            if not owed:
                firing = _first(firing, max(left // bound, 1))
            left -= len(firing.times) * bound
            if owed and left < 0:
                # it is due as before
                break
        # Where nothing is locked, only one of those that got here wins.
        if db.changed(session, sa.update(models.Trigger).where(
                models.Trigger.id == row.id,
                models.Trigger.next_time.is_not_distinct_from(row.next_time),
                models.Trigger.done_until.is_not_distinct_from(
                    row.done_until),
        ).values(next_time=firing.next_time, done_until=firing.done_until,
                 # one that cannot be read keeps what has come
                 pending=None if firing.times else pending)) and firing.times:
            owed.append((trigger, pending, firing))
    if not owed:
        return []
    by_trigger = {trigger.id: by_trigger[trigger.id] for trigger, *_ in owed}
    made = _without(_known(session, by_trigger, owed), itertools.chain(*(
        _runs(trigger, operation, pending, firing, now)
        for trigger, pending, firing in owed
        for operation in by_trigger[trigger.id])))
    missed: dict[str, Missed] = {}
    while batch := list(itertools.islice(made, _INSERTED_AT_ONCE)):
        session.execute(sa.insert(_RUNS), batch)
        for run in batch:
            if run['status'] == 'dropped_out_of_window':
                _add(missed, run)
    return list(missed.values())


def _add(missed: dict[str, Missed], run: dict[str, Any]) -> None:
    key = run['scheduled_operation_id']
    one = Missed(
        scheduled_operation_id=key, project_id=run['project_id'],
        trigger_id=run['trigger_id'], plan_id=run['plan_id'], count=1,
        first=run['expected_at'], last=run['expected_at'],
        reason=run['reason'])
    missed[key] = missed[key].and_also(one) if key in missed else one


def _first(firing: Firing, most: int) -> Firing:
    """The same, with its first times only if they are too many."""
    if len(firing.times) <= most:
        return firing
    last = firing.times[most - 1]
    return Firing(firing.times[:most], last, last, complete=False)


def _operations(session: orm.Session,
                triggers: Collection[str]) -> dict[str, list[Any]]:
    """The operations of some triggers, which stay until the commit."""
    found: dict[str, list[Any]] = {key: [] for key in triggers}
    table = models.ScheduledOperation
    for row in session.execute(
            sa.select(table.id, table.trigger_id, table.project_id,
                      table.plan_id, table.enabled, table.complete_within,
                      table.created_at)
            .where(table.trigger_id.in_(found)).order_by(table.id)
            .with_for_update(read=True)):
        found[row.trigger_id].append(row)
    return found


def _known(session: orm.Session, by_trigger: dict[str, list[Any]],
           owed: list[tuple[Trigger, Any, Firing]],
           ) -> set[tuple[str, datetime.datetime]]:
    """Which of the times have a run already.

    As when an operation has changed from one trigger to another that fires
    at the same time.
    """
    ids = [operation.id for operations in by_trigger.values()
           for operation in operations]
    first = min(firing.times[0] for _trigger, _pending, firing in owed)
    return {(row.scheduled_operation_id, row.expected_at)
            for row in session.execute(
                sa.select(models.Run.scheduled_operation_id,
                          models.Run.expected_at)
                .where(models.Run.scheduled_operation_id.in_(ids),
                       models.Run.expected_at >= first))} if ids else set()


def _without(known: Collection[tuple[str, datetime.datetime]],
             runs: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for run in runs:
        if (run['scheduled_operation_id'], run['expected_at']) not in known:
            yield run


def _runs(trigger: Trigger, operation: Any, pending: Any, firing: Firing,
          now: datetime.datetime) -> Iterator[dict[str, Any]]:
    """A run for each time since the operation was made.

    Of several times that have gone by, the last one is made up if it is
    inside its window, and no other.
    """
    window = datetime.timedelta(seconds=trigger.properties['window'])
    times = [time for time in firing.times if time > operation.created_at]
    late = (None if operation.complete_within is None
            else datetime.timedelta(seconds=operation.complete_within))
    for time in times:
        status, reason = 'queued', None
        if not operation.enabled:
            status, reason = 'skipped', disabled()
        elif time != times[-1] or not firing.complete or time + window < now:
            status = 'dropped_out_of_window'
            reason = _missed(time + window < now, len(times), window, now)
        yield {
            'id': str(uuid.uuid4()), 'scheduled_operation_id': operation.id,
            'project_id': operation.project_id, 'trigger_id': trigger.id,
            'plan_id': operation.plan_id,
            'origin': trigger.type, 'expected_at': time,
            'triggered_at': now, 'start_by': time + window,
            'complete_by': None if late is None else time + late,
            'late': False, 'status': status, 'reason': reason,
            'cause': pending if trigger.type == 'event' else None,
            'attempt': 0, 'ended_at': None if status == 'queued' else now}


def _missed(out: bool, count: int, window: datetime.timedelta,
            now: datetime.datetime) -> str:
    if not out:
        return _('%(count)d times were found due at once, at %(now)s; only '
                 'the last of them is made up.') % {
                     'count': count, 'now': _said(now)}
    return _('No engine was there within %(window)d s: it was found due at '
             '%(now)s, one of %(count)d times.') % {
                 'window': window.total_seconds(), 'now': _said(now),
                 'count': count}


def _said(moment: datetime.datetime) -> str:
    return moment.strftime('%Y-%m-%dT%H:%M:%SZ')


def disabled() -> str:
    """Why an operation that is disabled does not run."""
    return _('The scheduled operation is disabled.')


def arm(row: models.Trigger, now: datetime.datetime,
        reckon: Reckon) -> None:
    """Have a trigger fire at its times after a moment, and at no other."""
    row.done_until = now
    row.next_time = reckon(model(row), now, now).next_time


def catch_up(session: orm.Session, triggers: Collection[str],
             reckon: Reckon, clock: Clock = DATABASE,
             ) -> tuple[datetime.datetime, list[Missed]]:
    """Lock some triggers, after what they owe until now has its runs.

    What is changed in the rest of the transaction holds for what comes
    after, and for nothing that was due before.

    :param triggers: ids; those that are gone are left out
    :return: now, and what was dropped, to be told after the commit
    """
    rows = session.execute(
        sa.select(models.Trigger).where(models.Trigger.id.in_(triggers))
        # everybody locks them in this order
        .order_by(models.Trigger.id).with_for_update()).scalars().all()
    # once they are locked: what was made before is seen by others, too
    now = clock.read(session)
    missed: list[Missed] = []
    # one look makes no more than so many
    while due := [row for row in rows
                  if row.next_time is not None and row.next_time <= now]:
        missed += fire(session, due, now, reckon)
        for row in due:
            session.refresh(row)
    return now, missed


@db.retry
def rewind(context: RequestContext, reckon: Reckon, clock: Clock = DATABASE,
           slack: float = 60, limit: int = 100) -> list[str]:
    """Take back what was done while the clock of the database was ahead.

    Else triggers would be silent until the time comes that it showed. Runs
    of times that have not come are removed, but for those that have begun;
    for what events and users have asked for, no other time will come, so
    those stay.

    :param slack: seconds by which a clock may go back in good order
    :return: ids of the triggers that were ahead
    """
    with db.reader(context) as session:
        found = _ahead(session, clock, slack, limit)
    if not found:
        return []
    with db.writer(context) as session:
        rows = session.execute(
            sa.select(models.Trigger).where(models.Trigger.id.in_(found))
            .order_by(models.Trigger.id).with_for_update()).scalars().all()
        now = clock.read(session)
        latest = now + datetime.timedelta(seconds=slack)
        rows = [row for row in rows if _is_ahead(row, latest)]
        operations = session.execute(
            sa.select(models.ScheduledOperation.id)
            .where(models.ScheduledOperation.trigger_id.in_(
                [row.id for row in rows]))
            .order_by(models.ScheduledOperation.id)
            .with_for_update(read=True)).scalars().all()
        db.changed(session, sa.delete(models.Run).where(
            models.Run.scheduled_operation_id.in_(operations),
            models.Run.origin == 'time',
            models.Run.expected_at > now,
            models.Run.started_at.is_(None)))
        for row in rows:
            if row.type == 'time':
                arm(row, now, reckon)
            else:
                _rewind_events(row, now)
        return [row.id for row in rows]


def _ahead(session: orm.Session, clock: Clock, slack: float,
           limit: int) -> list[str]:
    latest = clock.read(session) + datetime.timedelta(seconds=slack)
    table: Any = models.Trigger.__table__
    rows = session.execute(
        sa.select(table.c.id, table.c.type, table.c.done_until,
                  table.c.next_time, table.c.properties)
        .where(sa.or_(table.c.done_until > latest, sa.and_(
            table.c.source.is_not(None), table.c.next_time > latest))))
    return [row.id for row in itertools.islice(
        (row for row in rows if _is_ahead(row, latest)), limit)]


def _is_ahead(row: Any, latest: datetime.datetime) -> bool:
    if row.done_until is not None and row.done_until > latest:
        return True
    # a trigger of times may have nothing to do for years
    return (row.type == 'event' and row.next_time is not None
            and row.next_time > latest + _longest(row))


def _longest(row: Any) -> datetime.timedelta:
    """What a trigger waits for at most after an event."""
    return datetime.timedelta(seconds=max(
        row.properties.get('debounce', 0),
        row.properties.get('min_interval', 0)))


def _rewind_events(row: models.Trigger, now: datetime.datetime) -> None:
    """Have what has come fire soon, and what comes count from now on."""
    if row.done_until is not None:
        row.done_until = min(row.done_until, now)
    if row.next_time is not None:
        row.next_time = min(row.next_time, now + _longest(row))
    if row.pending is not None:
        text = now.isoformat()
        row.pending = {**row.pending, **{
            name: text for name in ('first_at', 'received_at')
            if datetime.datetime.fromisoformat(
                row.pending.get(name, text)) > now}}
