# SPDX-License-Identifier: Apache-2.0
"""Operations: the queue, the claims, the journal and the log.

A worker that holds a claim is known by (owner, attempt). Every write of a
worker begins with `fence`, in the same transaction: it is refused when
another worker has claimed the operation since. Leases are compared by the
clock of the database.
"""

from collections.abc import Collection, Mapping, Sequence
import dataclasses
import datetime
import functools
from typing import Any

from oslo_utils import timeutils
import sqlalchemy as sa
from sqlalchemy import orm

from karbor import exception
from karbor.context import RequestContext
from karbor.db import checkpoints
from karbor.db import models
from karbor.db import query
from karbor.db import queue
from karbor.db import session as db
from karbor.db import types
from karbor.model import states
from karbor.model.operation import Operation
from karbor.model.operation import OperationResource
from karbor.model.query import ListQuery
from karbor.model.queue import Limits
from karbor.model.queue import NONE

EXACT = ('id', 'project_id', 'provider_id', 'checkpoint_id', 'plan_id',
         'status', 'type', 'scheduled_operation_id', 'scheduled_run_id')
_SAME = ('id', 'type', 'project_id', 'user_id', 'provider_id',
         'checkpoint_id', 'source_checkpoint_id', 'source_operation_id',
         'plan_id', 'lane', 'status', 'reason', 'owner', 'lease_until',
         'attempt', 'crashes', 'request', 'trust_id',
         'scheduled_operation_id', 'scheduled_run_id', 'request_id',
         'fraction', 'bytes_done', 'bytes_total', 'created_at', 'started_at',
         'ended_at', 'cancel_requested_at', 'cancel_requested_by')
_ACTIVE = ('queued', 'running')
# what a journal entry may change of an operation_resources row
JOURNAL = ('status', 'fraction', 'bytes_done', 'bytes_total', 'reason',
           'new_id', 'hooks_done', 'memo', 'entry')


_OPERATIONS: Any = models.Operation.__table__
_TABLE: Any = models.OperationResource.__table__
# in the order of OperationResource; the last three are only for workers
_COLUMNS = tuple(_TABLE.c[name] for name in (
    'position', 'resource_type', 'resource_id', 'name', 'status', 'fraction',
    'bytes_done', 'bytes_total', 'reason', 'new_id', 'hooks_done', 'memo',
    'entry'))
_SHOWN = _COLUMNS[:-3]


def _model(row: models.Operation | sa.Row[Any],
           resources: Sequence[OperationResource] | None = None,
           count: int | None = None) -> Operation:
    if count is None and resources is not None:
        count = len(resources)
    return Operation(
        resources=None if resources is None else tuple(resources),
        resource_count=count or 0, more_lanes=tuple(row.more_lanes or ()),
        **{name: getattr(row, name) for name in _SAME})


def _resources(session: orm.Session, operations: Collection[str],
               most: int | None = None, columns: Sequence[Any] = _COLUMNS,
               ) -> dict[str, list[OperationResource]]:
    found: dict[str, list[OperationResource]] = {
        key: [] for key in operations}
    if found and most != 0:
        # as rows of the table: objects of the session cost several times as
        # much, and there may be 10,000
        for operation_id, *values in session.execute(
                sa.select(_TABLE.c.operation_id, *columns)
                .where(_TABLE.c.operation_id.in_(found),
                       sa.true() if most is None
                       else _TABLE.c.position < most)
                .order_by(_TABLE.c.operation_id, _TABLE.c.position)):
            if columns is _COLUMNS:
                values[-3] = tuple(values[-3])
            found[operation_id].append(OperationResource(*values))
    return found


def _counts(session: orm.Session,
            operations: Collection[str]) -> dict[str, int]:
    table = models.OperationResource
    # all(): a result has keys of its own, those of its columns
    return dict(session.execute(
        sa.select(table.operation_id, sa.func.count())
        .where(table.operation_id.in_(operations))
        .group_by(table.operation_id)).all())


def insert(session: orm.Session, *operations: Operation,
           at: datetime.datetime | None = None) -> None:
    """Add a row for each in the caller's transaction.

    :param at: when they were made, in place of what they say
    """
    made = {} if at is None else {'created_at': at}
    # as a row of the table: an object of the session costs several times as
    # much, and schedules make many at once
    session.execute(sa.insert(_OPERATIONS), [
        {**{name: getattr(operation, name) for name in _SAME},
         'request': dict(operation.request),
         'more_lanes': list(operation.more_lanes) or None, **made}
        for operation in operations])


def get(context: RequestContext, operation_id: str, *,
        type_: str | None = None, shown: bool = False,
        most: int | None = None) -> Operation:
    """One operation that the context may see, with its resources.

    :param type_: only of this type
    :param shown: of the resources, only what is shown to users
    :param most: so many resources; ``resource_count`` tells of all
    :raises exception.OperationNotFound: there is none
    """
    select = sa.select(models.Operation).where(
        models.Operation.id == operation_id,
        query.fence(context, models.Operation, all_projects=True))
    if type_ is not None:
        select = select.where(models.Operation.type == type_)
    with db.reader(context) as session:
        row = session.execute(select).scalar()
        if row is None:
            raise exception.OperationNotFound(id=operation_id)
        resources = _resources(session, [row.id], most,
                               _SHOWN if shown else _COLUMNS)[row.id]
        count = (None if most is None
                 else _counts(session, [row.id]).get(row.id, 0))
        return _model(row, resources, count)


def latest(context: RequestContext, checkpoint_id: str,
           types: Collection[str]) -> Operation | None:
    """The last operation of some types on a checkpoint, with resources.

    :return: None if there never was one, as with what was imported
    """
    with db.reader(context) as session:
        row = session.execute(
            sa.select(models.Operation)
            .where(models.Operation.checkpoint_id == checkpoint_id,
                   models.Operation.type.in_(types),
                   query.fence(context, models.Operation, all_projects=True))
            .order_by(models.Operation.created_at.desc(),
                      models.Operation.id.desc())
            .limit(1)).scalar()
        if row is None:
            return None
        return _model(row, _resources(session, [row.id],
                                      columns=_SHOWN)[row.id])


def list_(context: RequestContext, wanted: ListQuery, *,
          type_: str | None = None,
          statuses: Collection[tuple[str, str]] | None = None,
          most: int = 0) -> list[Operation]:
    """A page of operations, each with its first resources, if any.

    :param statuses: only of these (type, status) pairs
    :param most: so many resources of each; ``resource_count`` tells of all
    """
    where: sa.ColumnElement[bool] = sa.true()
    if type_ is not None:
        where = sa.and_(where, models.Operation.type == type_)
    if statuses is not None:
        where = sa.and_(where, sa.tuple_(
            models.Operation.type, models.Operation.status,
        ).in_(list(statuses)) if statuses else sa.false())
    with db.reader(context) as session:
        rows = query.rows(session, query.page(
            session, context, models.Operation, wanted, exact=EXACT,
            where=where))
        ids = [row.id for row in rows]
        resources = _resources(session, ids, most, _SHOWN)
        counts = _counts(session, ids)
        return [_model(row, resources[row.id], counts.get(row.id, 0))
                for row in rows]


def active_on(session: orm.Session, checkpoint_id: str,
              but: str | None = None) -> str | None:
    """Type of an operation that is queued or at work on a checkpoint.

    One that copies it elsewhere is at work on it, too.

    :param but: id of one that does not count
    """
    table = models.Operation
    return session.execute(
        sa.select(table.type).where(table.id != (but or ''), sa.or_(
            # each has an index
            sa.and_(table.checkpoint_id == checkpoint_id,
                    table.status.in_(_ACTIVE)),
            sa.and_(table.source_checkpoint_id == checkpoint_id,
                    table.status.in_(_ACTIVE)))).limit(1)).scalar()


# -- claims -------------------------------------------------------------------

def claim(context: RequestContext, owner: str, lease: float,
          limits: Limits = NONE, likely: bool = False) -> Operation | None:
    """Take the operation whose turn it is; see `karbor.db.queue`.

    :param owner: name of the worker, unique among all that ever lived
    :param lease: seconds for which the claim holds without a heartbeat
    :param likely: there may well be one, so its turn is taken at once
    :return: the operation with its resources, or None if none may begin
    """
    found = _take(context, owner, lease, limits, likely)
    if found is None or found.attempt == 1:
        # only a claim begins a journal
        return found
    return _with_resources(context, found)


@db.retry
def _take(context: RequestContext, owner: str, lease: float,
          limits: Limits, likely: bool) -> Operation | None:
    if not likely:
        # in a transaction of its own: who finds no work keeps nobody waiting
        with db.reader(context) as session:
            if queue.is_empty(session):
                return None
    tried: set[str] = set()
    while True:
        # each time in a new one, which sees what has changed since
        with db.writer(context) as session:
            queue.take_turn(session)
            operation_id = queue.next_(session, limits, tried)
            if operation_id is None:
                return None
            found = _claim(session, operation_id, owner, lease)
        if found is not None:
            return found
        tried.add(operation_id)


def _claim(session: orm.Session, operation_id: str, owner: str,
           lease: float) -> Operation | None:
    row = session.execute(_free(), {'_id': operation_id}).first()
    if row is None:
        return None
    states.OPERATION.check(row.status, 'running')
    crashed = int(row.status == 'running')
    values = {
        'owner': owner, 'attempt': row.attempt + 1,
        'crashes': row.crashes + crashed, 'status': 'running',
        'lease_until': row.now + datetime.timedelta(seconds=lease),
        'started_at': row.started_at or row.now}
    db.changed(session, sa.update(_OPERATIONS).where(
        _OPERATIONS.c.id == row.id).values(values))
    return dataclasses.replace(_model(row, ()), **values,
                               taken_over=bool(crashed))


# Statements of each operation are made once: that takes longer than to carry
# them out.
@functools.cache
def _free() -> sa.Select[Any]:
    """One operation and the time, if nobody holds it."""
    # A row that somebody else changes just now is left out by the databases
    # that can; SQLite has one writer anyhow.
    return (sa.select(*(_OPERATIONS.c[name] for name in _SAME),
                      _OPERATIONS.c.more_lanes,
                      sa.type_coerce(types.now(), types.UTCDateTime())
                      .label('now'))
            .where(_OPERATIONS.c.id == sa.bindparam('_id'), queue.claimable())
            .with_for_update(skip_locked=True))


@db.retry
def _with_resources(context: RequestContext,
                    operation: Operation) -> Operation:
    # After the commit, for MariaDB would show the journal as it was before
    # the claim, and for others wait for their turn until that.
    with db.reader(context) as session:
        found = _resources(session, [operation.id])[operation.id]
    return dataclasses.replace(operation, resources=tuple(found),
                               resource_count=len(found))


@db.retry
def heartbeat(context: RequestContext, owner: str, held: Collection[str],
              lease: float) -> dict[str, str | None]:
    """Prolong the leases of a worker.

    :param held: ids of the operations that it thinks it holds
    :return: by id of those that it does hold, the user who wants it
        cancelled, or None
    """
    with db.writer(context) as session:
        mine = sa.and_(models.Operation.id.in_(list(held)),
                       models.Operation.owner == owner,
                       models.Operation.status == 'running')
        db.changed(session, sa.update(models.Operation).where(mine).values(
            lease_until=types.now(lease)))
        return dict(session.execute(
            sa.select(models.Operation.id,
                      models.Operation.cancel_requested_by).where(mine),
        ).all())


@db.retry
def next_silence(context: RequestContext, owner: str) -> float | None:
    """Seconds until another worker may be found silent; None: none works."""
    with db.reader(context) as session:
        return queue.next_silence(session, owner)


def fence(session: orm.Session, operation: Operation,
          **values: Any) -> None:
    """Refuse a worker that has lost its claim; locks the row until commit.

    :param values: to be written to the row with that
    :raises exception.LeaseLost: another worker has claimed it since
    """
    # SQLAlchemy has MariaDB count the rows that were found, changed or not
    if not db.changed(session, _held(tuple(sorted(values))), {
            '_id': operation.id, '_owner': operation.owner,
            '_attempt': operation.attempt,
            **{f'_to_{name}': value for name, value in values.items()}}):
        raise exception.LeaseLost(id=operation.id, attempt=operation.attempt)


@functools.cache
def _held(names: tuple[str, ...]) -> sa.Update:
    table = _OPERATIONS.c
    return sa.update(_OPERATIONS).where(
        table.id == sa.bindparam('_id'),
        table.owner == sa.bindparam('_owner'),
        table.attempt == sa.bindparam('_attempt'),
        table.status == 'running').values({
            # something has to be, for the lock
            table.owner: sa.bindparam('_owner'),
            **{table[name]: sa.bindparam(f'_to_{name}') for name in names}})


@db.retry
def release(context: RequestContext, operation: Operation) -> None:
    """Give an operation up in good order: any worker may go on with it.

    :raises exception.LeaseLost: it is not held any more
    """
    states.OPERATION.check('running', 'queued')
    with db.writer(context) as session:
        fence(session, operation, status='queued', owner=None,
              lease_until=None)


# -- the journal --------------------------------------------------------------

@db.retry
def begin(context: RequestContext, operation: Operation,
          resources: Sequence[OperationResource],
          values: Mapping[str, Any] | None = None) -> None:
    """Write the journal's rows, all at once.

    :param resources: one for each resource of the graph
    :param values: ``graph`` and ``missing``, to store with the checkpoint
    :raises exception.LeaseLost: the operation is not held any more
    """
    with db.writer(context) as session:
        fence(session, operation)
        if values and 'graph' in values:
            checkpoints.set_graph(session, operation.checkpoint_id,
                                  values['graph'],
                                  values.get('missing', ()))
        if resources:
            session.execute(sa.insert(_TABLE), [
                {'operation_id': operation.id, 'position': r.position,
                 'resource_type': r.type, 'resource_id': r.id,
                 'name': r.name, 'status': r.status, 'reason': r.reason,
                 'hooks_done': list(r.hooks_done), 'memo': dict(r.memo),
                 'entry': r.entry, 'bytes_total': r.bytes_total,
                 'new_id': r.new_id}
                for r in resources])


@db.retry
def journal(context: RequestContext, operation: Operation,
            entries: Sequence[Mapping[str, Any]],
            totals: Mapping[str, Any] | None = None) -> None:
    """Write what has happened to some resources, in one transaction.

    :param entries: ``position`` and any of `JOURNAL`; entries of the same
        keys are sent together
    :param totals: fraction, bytes_done and bytes_total of the operation
    :raises exception.LeaseLost: the operation is not held any more
    """
    if operation.crashes and any('hooks_done' in entry for entry in entries):
        # A hook has ended: the work goes on, however often the database or
        # a host was away in its hours. Poison never gets here.
        totals = {**(totals or {}), 'crashes': 0}
    batches: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
    for entry in entries:
        names = tuple(sorted(set(entry) - {'position'}))
        batches.setdefault(names, []).append(entry)
    with db.writer(context) as session:
        fence(session, operation, **(totals or {}))
        for names, batch in batches.items():
            session.connection().execute(_entry(names), [
                {'_operation': operation.id, '_position': entry['position'],
                 **{f'_to_{name}': entry[name] for name in names}}
                for entry in batch])


@functools.cache
def _entry(names: tuple[str, ...]) -> sa.Update:
    return (sa.update(_TABLE)
            .where(_TABLE.c.operation_id == sa.bindparam('_operation'),
                   _TABLE.c.position == sa.bindparam('_position'))
            .values({_TABLE.c[name]: sa.bindparam(f'_to_{name}')
                     for name in names}))


def finish(session: orm.Session, operation: Operation, status: str,
           reason: str | None = None,
           totals: Mapping[str, Any] | None = None) -> Operation:
    """End an operation, in the transaction that ends what it worked on.

    :param totals: fraction, bytes_done and bytes_total at the end
    :return: the operation as it is after the commit
    :raises exception.LeaseLost: the operation is not held any more
    """
    states.OPERATION.check('running', status)
    values: dict[str, Any] = {
        **(totals or {}), 'status': status, 'reason': reason,
        'lease_until': None,
        'ended_at': timeutils.utcnow(with_timezone=True)}
    if status == 'success':
        values['fraction'] = 1.0
    fence(session, operation, **values)
    return dataclasses.replace(operation, **values)
