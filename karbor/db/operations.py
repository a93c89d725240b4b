# SPDX-License-Identifier: Apache-2.0
"""Operations: the queue, the claims, the journal and the log.

A worker that holds a claim is known by (owner, attempt). Every write of a
worker begins with `fence`, in the same transaction: it is refused when
another worker has claimed the operation since. Leases are compared by the
clock of the database.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from oslo_utils import timeutils
import sqlalchemy as sa
from sqlalchemy import orm

from karbor import exception
from karbor.context import RequestContext
from karbor.db import checkpoints
from karbor.db import models
from karbor.db import query
from karbor.db import session as db
from karbor.db import types
from karbor.model import states
from karbor.model.operation import cancelled_by
from karbor.model.operation import Operation
from karbor.model.operation import OperationResource
from karbor.model.operation import TYPES
from karbor.model.query import ListQuery

EXACT = ('id', 'project_id', 'provider_id', 'checkpoint_id', 'plan_id',
         'status', 'type', 'scheduled_operation_id')
_SAME = ('id', 'type', 'project_id', 'user_id', 'provider_id',
         'checkpoint_id', 'source_checkpoint_id', 'plan_id', 'status',
         'reason', 'owner',
         'lease_until', 'attempt', 'crashes', 'request', 'trust_id',
         'scheduled_operation_id', 'scheduled_run_id', 'request_id',
         'fraction', 'bytes_done', 'bytes_total', 'created_at', 'started_at',
         'ended_at', 'cancel_requested_at', 'cancel_requested_by')
_ACTIVE = ('queued', 'running')
# more than workers that claim at the same moment
_CANDIDATES = 100
# what a journal entry may change of an operation_resources row
JOURNAL = ('status', 'fraction', 'bytes_done', 'bytes_total', 'reason',
           'new_id', 'hooks_done', 'memo', 'entry')


_TABLE: Any = models.OperationResource.__table__
# in the order of OperationResource; the last three are only for workers
_COLUMNS = tuple(_TABLE.c[name] for name in (
    'position', 'resource_type', 'resource_id', 'name', 'status', 'fraction',
    'bytes_done', 'bytes_total', 'reason', 'new_id', 'hooks_done', 'memo',
    'entry'))
_SHOWN = _COLUMNS[:-3]


def _model(row: models.Operation,
           resources: Sequence[OperationResource] | None = None,
           count: int | None = None) -> Operation:
    if count is None and resources is not None:
        count = len(resources)
    return Operation(
        resources=None if resources is None else tuple(resources),
        resource_count=count or 0,
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


def insert(session: orm.Session, operation: Operation) -> None:
    """Add a row in the caller's transaction."""
    values = {name: getattr(operation, name) for name in _SAME}
    values['request'] = dict(operation.request)
    session.add(models.Operation(**values))
    session.flush()


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


def active_on(session: orm.Session, checkpoint_id: str) -> str | None:
    """Type of an operation that is queued or at work on a checkpoint.

    One that copies it elsewhere is at work on it, too.
    """
    table = models.Operation
    return session.execute(
        sa.select(table.type).where(sa.or_(
            # each has an index
            sa.and_(table.checkpoint_id == checkpoint_id,
                    table.status.in_(_ACTIVE)),
            sa.and_(table.source_checkpoint_id == checkpoint_id,
                    table.status.in_(_ACTIVE)))).limit(1)).scalar()


# -- claims -------------------------------------------------------------------

def _claimable() -> sa.ColumnElement[bool]:
    return sa.and_(
        # what a newer release asks for is left to its workers
        models.Operation.type.in_(TYPES),
        sa.or_(models.Operation.status == 'queued',
               sa.and_(models.Operation.status == 'running',
                       models.Operation.lease_until < types.now())))


@db.retry
def claim(context: RequestContext, owner: str,
          lease: float) -> Operation | None:
    """Take the oldest operation that nobody holds.

    :param owner: name of the worker, unique among all that ever lived
    :param lease: seconds for which the claim holds without a heartbeat
    :return: the operation with its resources, or None if there is no work
    """
    # Looked for without a lock and in a transaction of its own: MariaDB
    # locks every row that it sorts, so one claim would hide all work from
    # the others, and its snapshot would show the journal before the claim.
    with db.reader(context) as session:
        waiting = session.execute(
            sa.select(models.Operation.id).where(_claimable())
            .order_by(models.Operation.created_at, models.Operation.id)
            .limit(_CANDIDATES)).scalars().all()
    for operation_id in waiting:
        with db.writer(context) as session:
            found = _claim(session, operation_id, owner, lease)
        if found is not None:
            return found
    return None


def _claim(session: orm.Session, operation_id: str, owner: str,
           lease: float) -> Operation | None:
    # Databases that can, leave out a row that another claims just now;
    # SQLite has one writer anyhow.
    row = session.execute(
        sa.select(models.Operation)
        .where(models.Operation.id == operation_id, _claimable())
        .with_for_update(skip_locked=True)).scalar()
    if row is None:
        return None
    states.OPERATION.check(row.status, 'running')
    crashed = int(row.status == 'running')
    db.changed(session, sa.update(models.Operation).where(
        models.Operation.id == row.id).values(
            owner=owner, attempt=row.attempt + 1,
            crashes=row.crashes + crashed, status='running',
            lease_until=types.now(lease),
            started_at=sa.func.coalesce(
                models.Operation.started_at, types.now())))
    session.refresh(row)
    return _model(row, _resources(session, [row.id])[row.id])


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


def fence(session: orm.Session, operation: Operation) -> None:
    """Refuse a worker that has lost its claim; locks the row until commit.

    :raises exception.LeaseLost: another worker has claimed it since
    """
    # SQLAlchemy has MariaDB count the rows that were found, changed or not
    if not db.changed(session, sa.update(models.Operation).where(
            models.Operation.id == operation.id,
            models.Operation.owner == operation.owner,
            models.Operation.attempt == operation.attempt,
            models.Operation.status == 'running').values(
                owner=operation.owner)):
        raise exception.LeaseLost(id=operation.id, attempt=operation.attempt)


@db.retry
def release(context: RequestContext, operation: Operation) -> None:
    """Give an operation up in good order: any worker may go on with it.

    :raises exception.LeaseLost: it is not held any more
    """
    with db.writer(context) as session:
        fence(session, operation)
        states.OPERATION.check('running', 'queued')
        db.changed(session, sa.update(models.Operation).where(
            models.Operation.id == operation.id).values(
                status='queued', owner=None, lease_until=None))


@db.retry
def cancel(context: RequestContext, operation_id: str, user: str) -> str:
    """End an operation that waits; of one that runs, note the wish.

    Who works on it sees the wish with the next heartbeat; if nobody does any
    more, the next claim ends it. Told again, the first wish stands.

    :param user: who wants it
    :return: its status now: cancelled or running
    :raises exception.OperationNotFound: the context sees none of that id
    :raises exception.OperationEnded: it is too late
    """
    with db.writer(context) as session:
        # locked, so that no claim, release or end comes between
        row = session.execute(
            sa.select(models.Operation)
            .where(models.Operation.id == operation_id,
                   query.fence(context, models.Operation, all_projects=True))
            .with_for_update()).scalar()
        if row is None:
            raise exception.OperationNotFound(id=operation_id)
        if row.status not in _ACTIVE:
            raise exception.OperationEnded(id=row.id, status=row.status)
        moment = timeutils.utcnow(with_timezone=True)
        values: dict[str, Any] = {}
        if row.cancel_requested_by is None:
            values = {'cancel_requested_at': moment,
                      'cancel_requested_by': user}
        status = row.status
        if status == 'queued':
            status = states.OPERATION.check(status, 'cancelled')
            reason = cancelled_by(row.cancel_requested_by or user)
            values |= {'status': status, 'reason': reason,
                       'ended_at': moment}
            after = states.AFTER_FAILURE.get(row.type)
            if not row.attempt:
                # nobody has begun, so a deletion has destroyed nothing
                after = row.request.get('was', after)
            if after is not None:
                checkpoints.change(
                    session, context, row.checkpoint_id, after,
                    reason=None if after == 'available' else reason)
            if row.attempt:
                _settle(session, row.id, reason)
        if values:
            db.changed(session, sa.update(models.Operation).where(
                models.Operation.id == row.id).values(**values))
        return status


def _settle(session: orm.Session, operation_id: str, reason: str) -> None:
    """Note the end of resources that were given up half done."""
    unfinished = ('undefined', 'running')
    for status in unfinished:
        states.OPERATION_RESOURCE.check(status, 'error')
    db.changed(session, sa.update(_TABLE).where(
        _TABLE.c.operation_id == operation_id,
        _TABLE.c.status.in_(unfinished)).values(
            status='error', reason=reason))


# -- the journal --------------------------------------------------------------

@db.retry
def begin(context: RequestContext, operation: Operation,
          resources: Sequence[OperationResource],
          values: Mapping[str, Any] | None = None) -> None:
    """Write the journal's rows, all at once.

    :param resources: one for each resource of the graph
    :param values: ``graph``: text to store with the checkpoint
    :raises exception.LeaseLost: the operation is not held any more
    """
    with db.writer(context) as session:
        fence(session, operation)
        if values and 'graph' in values:
            checkpoints.set_graph(session, operation.checkpoint_id,
                                  values['graph'])
        if resources:
            session.execute(sa.insert(models.OperationResource), [
                {'operation_id': operation.id, 'position': r.position,
                 'resource_type': r.type, 'resource_id': r.id,
                 'name': r.name, 'status': r.status,
                 'hooks_done': list(r.hooks_done), 'memo': dict(r.memo),
                 'entry': r.entry, 'bytes_total': r.bytes_total}
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
        fence(session, operation)
        for names, batch in batches.items():
            statement = (
                sa.update(_TABLE)
                .where(_TABLE.c.operation_id == operation.id,
                       _TABLE.c.position == sa.bindparam('_position'))
                .values({_TABLE.c[name]: sa.bindparam(f'_{name}')
                         for name in names}))
            session.connection().execute(statement, [
                {'_position': entry['position'],
                 **{f'_{name}': entry[name] for name in names}}
                for entry in batch])
        if totals:
            db.changed(session, sa.update(models.Operation).where(
                models.Operation.id == operation.id).values(**totals))


def finish(session: orm.Session, operation: Operation, status: str,
           reason: str | None = None,
           totals: Mapping[str, Any] | None = None) -> None:
    """End an operation, in the transaction that ends what it worked on.

    :param totals: fraction, bytes_done and bytes_total at the end
    :raises exception.LeaseLost: the operation is not held any more
    """
    fence(session, operation)
    states.OPERATION.check('running', status)
    values: dict[str, Any] = {
        **(totals or {}), 'status': status, 'reason': reason,
        'lease_until': None,
        'ended_at': timeutils.utcnow(with_timezone=True)}
    if status == 'success':
        values['fraction'] = 1.0
    db.changed(session, sa.update(models.Operation).where(
        models.Operation.id == operation.id).values(**values))
