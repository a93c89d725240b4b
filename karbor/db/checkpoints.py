# SPDX-License-Identifier: Apache-2.0
"""The index of checkpoints in the database."""

from collections.abc import Collection
import datetime
from typing import Any

from oslo_db import exception as db_exception
from oslo_utils import timeutils
import sqlalchemy as sa
from sqlalchemy import orm

from karbor import exception
from karbor.context import RequestContext
from karbor.db import models
from karbor.db import query
from karbor.db import session as db
from karbor.model import states
from karbor.model.checkpoint import Checkpoint
from karbor.model.query import ListQuery

EXACT = ('id', 'project_id', 'plan_id', 'status')


def _model(row: models.Checkpoint) -> Checkpoint:
    return Checkpoint(
        id=row.id, project_id=row.project_id, provider_id=row.provider_id,
        plan_id=row.plan_id, plan=row.plan, status=row.status,
        status_reason=row.status_reason, origin=row.origin,
        resource_graph=row.resource_graph, extra_info=row.extra_info,
        size=row.size, sealed=row.sealed, created_at=row.created_at,
        updated_at=row.updated_at)


def insert(session: orm.Session, checkpoint: Checkpoint) -> None:
    """Add a row in the caller's transaction."""
    session.add(models.Checkpoint(
        id=checkpoint.id, project_id=checkpoint.project_id,
        provider_id=checkpoint.provider_id, plan_id=checkpoint.plan_id,
        plan=dict(checkpoint.plan), status=checkpoint.status,
        status_reason=checkpoint.status_reason, origin=checkpoint.origin,
        resource_graph=checkpoint.resource_graph,
        extra_info=(None if checkpoint.extra_info is None
                    else dict(checkpoint.extra_info)),
        size=checkpoint.size, sealed=checkpoint.sealed,
        created_at=checkpoint.created_at))
    session.flush()


def get(context: RequestContext, provider_id: str,
        checkpoint_id: str) -> Checkpoint:
    """One checkpoint that the context may see.

    :raises exception.CheckpointNotFound: the provider has none of that id
    """
    with db.reader(context) as session:
        row = session.execute(sa.select(models.Checkpoint).where(
            models.Checkpoint.id == checkpoint_id,
            models.Checkpoint.provider_id == provider_id,
            query.fence(context, models.Checkpoint, all_projects=True),
        )).scalar()
        if row is None:
            raise exception.CheckpointNotFound(id=checkpoint_id)
        return _model(row)


def newest(context: RequestContext, provider_id: str,
           plan_id: str) -> Checkpoint | None:
    """The available checkpoint of a plan with the newest content.

    Of those that are equally new, one that is no copy.
    """
    table = models.Checkpoint
    with db.reader(context) as session:
        row = session.execute(
            sa.select(table)
            .where(table.provider_id == provider_id,
                   table.plan_id == plan_id, table.status == 'available',
                   query.fence(context, table, all_projects=True))
            .order_by(table.created_at.desc(),
                      sa.case((table.origin == 'copy', 1), else_=0),
                      table.id).limit(1)).scalar()
        return None if row is None else _model(row)


def list_(context: RequestContext, provider_id: str, wanted: ListQuery, *,
          begin: datetime.datetime | None = None,
          end: datetime.datetime | None = None) -> list[Checkpoint]:
    """A page of a provider's checkpoints.

    :param begin: only those made at this moment or later
    :param end: only those made before this moment
    """
    where = models.Checkpoint.provider_id == provider_id
    if begin is not None:
        where &= models.Checkpoint.created_at >= begin
    if end is not None:
        where &= models.Checkpoint.created_at < end
    with db.reader(context) as session:
        select = query.page(session, context, models.Checkpoint, wanted,
                            exact=EXACT, where=where)
        return [_model(row) for row in query.rows(session, select)]


def lock(session: orm.Session, checkpoint_id: str) -> str | None:
    """Keep others from changing a row until commit; returns its status.

    :return: None if there is no such row
    """
    # an UPDATE that changes nothing locks on every database, SQLite included
    db.changed(session, sa.update(models.Checkpoint).where(
        models.Checkpoint.id == checkpoint_id).values(
            status=models.Checkpoint.status))
    # FOR UPDATE: else MariaDB tells what the row was when the transaction
    # read for the first time, which may be long before it got the lock
    return session.execute(
        sa.select(models.Checkpoint.status)
        .where(models.Checkpoint.id == checkpoint_id)
        .with_for_update()).scalar()


def change(session: orm.Session, context: RequestContext,
           checkpoint_id: str, new: str, *,
           sources: Collection[str] | None = None,
           reason: str | None = None,
           size: int | None = None,
           sealed: bool | None = None) -> bool:
    """Change the status, if it is one that may change so.

    The check is part of the UPDATE, so of two that race one is told False.

    :param sources: only from these states; must be allowed by the table
    """
    allowed = states.CHECKPOINT.sources(new)
    if sources is not None:
        for source in sources:
            states.CHECKPOINT.check(source, new)
        allowed = frozenset(sources)
    values: dict[str, Any] = {
        'status': new, 'status_reason': reason,
        'updated_at': timeutils.utcnow(with_timezone=True)}
    if size is not None:
        values['size'] = size
    if sealed is not None:
        values['sealed'] = sealed
    return bool(db.changed(
        session, sa.update(models.Checkpoint).where(
            models.Checkpoint.id == checkpoint_id,
            models.Checkpoint.status.in_(allowed),
            query.fence(context, models.Checkpoint, all_projects=True),
        ).values(**values)))


def set_graph(session: orm.Session, checkpoint_id: str, graph: str) -> None:
    """Store the graph of a checkpoint that is being made."""
    db.changed(session, sa.update(models.Checkpoint).where(
        models.Checkpoint.id == checkpoint_id).values(resource_graph=graph))


def remove(session: orm.Session, checkpoint_id: str) -> None:
    """Remove the row of a checkpoint of which the bank holds nothing."""
    db.changed(session, sa.delete(models.Checkpoint).where(
        models.Checkpoint.id == checkpoint_id,
        models.Checkpoint.status == 'deleting'))


@db.retry
def forget(context: RequestContext, checkpoint_id: str) -> None:
    """Remove a row that was just imported and is of nothing."""
    with db.writer(context) as session:
        db.changed(session, sa.delete(models.Checkpoint).where(
            models.Checkpoint.id == checkpoint_id,
            models.Checkpoint.status.in_(('available', 'error'))))


def import_(context: RequestContext, checkpoint: Checkpoint) -> bool:
    """Add what a bank tells of a checkpoint, unless it is known.

    :return: whether it was added
    """
    try:
        return _import(context, checkpoint)
    except db_exception.DBDuplicateEntry:
        # another import has added it at the same moment
        return False


@db.retry
def _import(context: RequestContext, checkpoint: Checkpoint) -> bool:
    with db.writer(context) as session:
        known = session.execute(
            sa.select(models.Checkpoint.id)
            .where(models.Checkpoint.id == checkpoint.id)).scalar()
        if known is None:
            insert(session, checkpoint)
        return known is None
