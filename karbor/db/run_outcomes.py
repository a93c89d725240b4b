# SPDX-License-Identifier: Apache-2.0
"""How runs end: with their work, or because nobody has begun them in time.

Several engines may do this at the same time; each run is ended once. Locks
are taken in one order: scheduled operation, run.
"""

from collections.abc import Mapping, Sequence
import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from karbor.context import RequestContext
from karbor.db import models
from karbor.db import runs
from karbor.db import session as db
from karbor.db.clock import Clock
from karbor.db.clock import DATABASE
from karbor.i18n import _
from karbor.model import states
from karbor.model.run import Run

# seconds, of a run whose trigger has gone
_WINDOW = 900


@db.retry
def drop_late(context: RequestContext, clock: Clock = DATABASE,
              limit: int = 200) -> list[Run]:
    """End runs that nobody has begun in their windows.

    :return: those that this call has ended, as they are now
    """
    states.RUN.check('queued', 'dropped_out_of_window')
    late = sa.and_(runs.claimable(clock), ~runs.still_open(clock))
    with db.reader(context) as session:
        found = session.execute(
            sa.select(runs.TABLE.c.id).where(late).limit(limit)).scalars().all()
    if not found:
        return []
    with db.writer(context) as session:
        rows = session.execute(
            sa.select(runs.TABLE.c.id, runs.TABLE.c.reason)
            .where(runs.TABLE.c.id.in_(found), late)
            .with_for_update(skip_locked=True)).all()
        if not rows:
            return []
        session.connection().execute(
            sa.update(runs.TABLE).where(
                runs.TABLE.c.id == sa.bindparam('_id'),
                runs.TABLE.c.status == 'queued')
            .values(status='dropped_out_of_window', lease_until=None,
                    ended_at=clock.sql(), reason=sa.bindparam('_reason')),
            [{'_id': row.id, '_reason': ' '.join(filter(None, (
                _('It did not begin in its window.'), row.reason)))}
             for row in rows])
        return [runs.model(row) for row in session.execute(
            sa.select(runs.TABLE).where(runs.TABLE.c.id.in_(
                [row.id for row in rows])))]


@db.retry
def settle(context: RequestContext, clock: Clock = DATABASE,
           limit: int = 200) -> list[Run]:
    """End runs whose work has ended.

    :return: those that this call has ended, as they are now
    """
    working = sa.exists().where(
        models.Operation.scheduled_run_id == models.Run.id,
        models.Operation.status.in_(runs.ACTIVE))
    with db.reader(context) as session:
        ended = session.execute(
            sa.select(runs.TABLE.c.id, runs.TABLE.c.scheduled_operation_id)
            .where(runs.TABLE.c.status == 'running', ~working)
            .limit(limit)).all()
        if not ended:
            return []
        outcomes = _outcomes(session, [row.id for row in ended])
    with db.writer(context) as session:
        operation = models.ScheduledOperation
        session.execute(
            sa.select(operation.id).where(operation.id.in_(
                {row.scheduled_operation_id for row in ended}))
            .order_by(operation.id).with_for_update()).all()
        mine = session.execute(
            sa.select(runs.TABLE.c.id, runs.TABLE.c.scheduled_operation_id)
            .where(runs.TABLE.c.id.in_(outcomes),
                   runs.TABLE.c.status == 'running')
            .with_for_update(skip_locked=True)).all()
        if not mine:
            return []
        _write(session, {row.id: outcomes[row.id] for row in mine}, clock)
        # a new checkpoint may make an old one superfluous
        db.changed(session, sa.update(operation).where(
            operation.id.in_([row.scheduled_operation_id for row in mine
                              if outcomes[row.id][0] == 'success']),
            operation.retention_at.is_not(None)).values(
                retention_at=clock.sql()))
        return [runs.model(row) for row in session.execute(
            sa.select(runs.TABLE).where(runs.TABLE.c.id.in_(
                [row.id for row in mine])))]


def _write(session: orm.Session,
           outcomes: Mapping[str, tuple[str, str | None]],
           clock: Clock) -> None:
    for status, _reason in outcomes.values():
        states.RUN.check('running', status)
    session.connection().execute(
        sa.update(runs.TABLE).where(
            runs.TABLE.c.id == sa.bindparam('_id'),
            runs.TABLE.c.status == 'running')
        .values(status=sa.bindparam('_status'),
                reason=sa.bindparam('_reason'), ended_at=clock.sql(),
                # its time may have come since the last look
                late=sa.case((runs.TABLE.c.complete_by < clock.sql(), True),
                             else_=runs.TABLE.c.late)),
        [{'_id': id_, '_status': status, '_reason': reason}
         for id_, (status, reason) in outcomes.items()])
    _release(session, list(outcomes), clock)


def _release(session: orm.Session, ended: Sequence[str],
             clock: Clock) -> None:
    """Let those begin that have waited for these runs.

    Each has its window again, from now on: else one that can never begin
    would be tried for ever.
    """
    table = runs.TABLE
    waiting = session.execute(
        sa.select(table.c.id, models.Trigger.properties)
        .join_from(table, models.Trigger,
                   models.Trigger.id == table.c.trigger_id, isouter=True)
        .where(table.c.waits_for.in_(ended))).all()
    if not waiting:
        return
    now = clock.read(session)
    session.connection().execute(
        sa.update(table).where(table.c.id == sa.bindparam('_id')).values(
            waits_for=None, reason=None, start_by=sa.bindparam('_by')),
        [{'_id': row.id, '_by': now + datetime.timedelta(
            seconds=(row.properties or {}).get('window', _WINDOW))}
         for row in waiting])


def _outcomes(session: orm.Session, runs: Sequence[str],
              ) -> dict[str, tuple[str, str | None]]:
    """Status and reason of each run, by what its operations came to."""
    by_run: dict[str, list[Any]] = {id_: [] for id_ in runs}
    table = models.Operation
    for row in session.execute(
            sa.select(table.scheduled_run_id, table.type, table.status,
                      table.reason, table.checkpoint_id,
                      models.Checkpoint.status.label('found'))
            .join_from(table, models.Checkpoint,
                       models.Checkpoint.id == table.checkpoint_id,
                       isouter=True)
            .where(table.scheduled_run_id.in_(by_run))
            .order_by(table.created_at, table.id)):
        by_run[row.scheduled_run_id].append(row)
    return {id_: _outcome(rows) for id_, rows in by_run.items()}


# What a checkpoint is after it was made, and before or while it is removed.
_WAS_AVAILABLE = ('available', 'deleting', 'error-deleting', None)


def _outcome(operations: Sequence[Any]) -> tuple[str, str | None]:
    if not operations:
        return 'failed', _('Nothing is known of its operation any more.')
    for row in operations:
        if row.status != 'success':
            return 'failed', row.reason or _(
                'The operation has ended with the status %s.') % row.status
        if row.type == 'protect' and row.found not in _WAS_AVAILABLE:
            return 'failed', _('The checkpoint is %s.') % row.found
    return 'success', None


@db.retry
def mark_late(context: RequestContext, clock: Clock = DATABASE,
              limit: int = 200) -> list[Run]:
    """Note which runs have not ended in their time; they go on.

    :return: those that this call has noted, as they are now
    """
    with db.reader(context) as session:
        found = session.execute(
            sa.select(runs.TABLE.c.id).where(runs.is_late(clock)).limit(limit),
        ).scalars().all()
    if not found:
        return []
    with db.writer(context) as session:
        mine = session.execute(
            sa.select(runs.TABLE.c.id)
            .where(runs.TABLE.c.id.in_(found), runs.is_late(clock))
            .with_for_update(skip_locked=True)).scalars().all()
        if mine:
            db.changed(session, sa.update(models.Run).where(
                models.Run.id.in_(mine)).values(late=True))
        return [runs.model(row) for row in session.execute(
            sa.select(runs.TABLE).where(runs.TABLE.c.id.in_(mine)))]
