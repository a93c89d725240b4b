# SPDX-License-Identifier: Apache-2.0
"""The index of checkpoints in the database."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
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
from karbor.db import types
from karbor.model import states
from karbor.model.checkpoint import Checkpoint
from karbor.model.checkpoint import Damage
from karbor.model.query import ListQuery
from karbor.model.resource import Resource

_TABLE: Any = models.Checkpoint.__table__
_SAME = ('id', 'project_id', 'provider_id', 'plan_id', 'status',
         'status_reason', 'origin', 'resource_graph', 'size', 'sealed')
EXACT = ('id', 'project_id', 'plan_id', 'status')


def _model(row: models.Checkpoint | sa.Row[Any]) -> Checkpoint:
    damage = None
    if row.damaged_at is not None:
        damage = Damage(row.damage_found_by, row.damaged_at,
                        row.damage_reason)
    return Checkpoint(
        id=row.id, project_id=row.project_id, provider_id=row.provider_id,
        plan_id=row.plan_id, plan=row.plan, status=row.status,
        status_reason=row.status_reason, origin=row.origin,
        resource_graph=row.resource_graph, extra_info=row.extra_info,
        size=row.size, sealed=row.sealed, damage=damage,
        missing=tuple(Resource.from_dict(one) for one in row.missing or ()),
        created_at=row.created_at,
        updated_at=row.updated_at)


def insert(session: orm.Session, checkpoint: Checkpoint) -> None:
    """Add a row in the caller's transaction."""
    # as a row of the table: an object of the session costs several times as
    # much, and schedules make many at once
    session.execute(sa.insert(_TABLE), {
        **{name: getattr(checkpoint, name) for name in _SAME},
        'plan': dict(checkpoint.plan),
        'extra_info': (None if checkpoint.extra_info is None
                       else dict(checkpoint.extra_info)),
        'missing': _missing(checkpoint.missing),
        'created_at': checkpoint.created_at})


def _missing(resources: Sequence[Resource]) -> list[Any] | None:
    return [one.to_dict() for one in resources] or None


def get(context: RequestContext, provider_id: str,
        checkpoint_id: str) -> Checkpoint:
    """One checkpoint that the context may see.

    :raises exception.CheckpointNotFound: the provider has none of that id
    """
    with db.reader(context) as session:
        # as a row of the table, as in `insert`
        row = session.execute(sa.select(_TABLE).where(
            _TABLE.c.id == checkpoint_id,
            _TABLE.c.provider_id == provider_id,
            query.fence(context, _TABLE.c, all_projects=True))).first()
        if row is None:
            raise exception.CheckpointNotFound(id=checkpoint_id)
        return _model(row)


def by_ids(context: RequestContext, provider_id: str,
           ids: Collection[str]) -> dict[str, Checkpoint]:
    """Those of some checkpoints that the context may see, by id."""
    with db.reader(context) as session:
        rows = session.execute(sa.select(models.Checkpoint).where(
            models.Checkpoint.id.in_(ids),
            models.Checkpoint.provider_id == provider_id,
            query.fence(context, models.Checkpoint, all_projects=True),
        )).scalars()
        return {row.id: _model(row) for row in rows}


def statuses(context: RequestContext,
             ids: Collection[str]) -> dict[str, str]:
    """Of those that exist, whatever their provider; for the system only."""
    table = models.Checkpoint
    with db.reader(context) as session:
        return {row.id: row.status for row in session.execute(
            sa.select(table.id, table.status)
            .where(table.id.in_(ids),
                   query.fence(context, table, all_projects=True)))}


def newest(context: RequestContext, provider_id: str,
           plan_id: str) -> Checkpoint | None:
    """The available checkpoint of a plan with the newest content.

    One that is known to be damaged only if all are. Of those that are equally
    new, one that is no copy.
    """
    table = models.Checkpoint
    with db.reader(context) as session:
        row = session.execute(
            sa.select(table)
            .where(table.provider_id == provider_id,
                   table.plan_id == plan_id, table.status == 'available',
                   query.fence(context, table, all_projects=True))
            .order_by(sa.case((table.damaged_at.is_(None), 0), else_=1),
                      table.created_at.desc(),
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
    held = lock_all(session, [checkpoint_id]).get(checkpoint_id)
    return None if held is None else held.status


@dataclass(frozen=True, slots=True)
class Held:
    """A row that nobody else changes now.

    :ivar damage: why it is damaged, or None
    """

    status: str
    damage: str | None = None


def lock_all(session: orm.Session, ids: Collection[str]) -> dict[str, Held]:
    """Keep others from changing some rows until commit.

    :return: each row that there is, by its id
    """
    table = models.Checkpoint
    # an UPDATE that changes nothing locks on every database, SQLite included
    db.changed(session, sa.update(table).where(table.id.in_(ids)).values(
        status=table.status))
    # FOR UPDATE: else MariaDB tells what the row was when the transaction
    # read for the first time, which may be long before it got the lock
    rows = session.execute(
        sa.select(table.id, table.status, table.damage_reason)
        .where(table.id.in_(ids)).with_for_update())
    return {row.id: Held(row.status, row.damage_reason) for row in rows}


def hold_newer(session: orm.Session, checkpoint: Checkpoint,
               newer_id: str | None) -> bool:
    """Keep a newer good checkpoint as it is, until the commit.

    Locked before the one that is to go, so that whoever removes several
    locks all in the same order.

    :param checkpoint: of whose plan and provider it is to be
    :return: whether there is such a one
    """
    table = models.Checkpoint
    # Nothing but an UPDATE: MariaDB would show whatever is read later in the
    # transaction as it was at the first SELECT.
    return bool(db.changed(session, sa.update(table).where(
        table.id == newer_id, table.id != checkpoint.id,
        table.status == 'available', table.damaged_at.is_(None),
        table.plan_id == checkpoint.plan_id,
        table.provider_id == checkpoint.provider_id,
        table.project_id == checkpoint.project_id,
        table.created_at >= checkpoint.created_at).values(
            status=table.status)))


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
    return bool(db.changed(session, sa.update(_TABLE).where(
        _TABLE.c.id == checkpoint_id, _TABLE.c.status.in_(allowed),
        query.fence(context, _TABLE.c, all_projects=True)).values(**values)))


def complete(session: orm.Session, context: RequestContext,
             checkpoint_id: str, size: int,
             reason: str | None = None) -> None:
    """Make a checkpoint available whose bank holds all of it.

    One that is to be deleted meanwhile is not, but if that is taken back, it
    is known to be complete.

    :param reason: what there is to say of it all the same
    """
    if not change(session, context, checkpoint_id, 'available',
                  sources=[state for state in states.BEING_MADE if state
                           in states.CHECKPOINT.sources('available')],
                  reason=reason, size=size, sealed=True):
        db.changed(session, sa.update(models.Checkpoint).where(
            models.Checkpoint.id == checkpoint_id,
            models.Checkpoint.status.in_(('deleting', 'error'))).values(
                size=size, sealed=True))


def set_graph(session: orm.Session, checkpoint_id: str, graph: str,
              missing: Sequence[Resource] = ()) -> None:
    """Store the graph of a checkpoint that is being made, and what lacks."""
    db.changed(session, sa.update(_TABLE).where(
        _TABLE.c.id == checkpoint_id).values(
            resource_graph=graph, missing=_missing(missing)))


def mark_damaged(session: orm.Session, checkpoint_id: str, found_by: str,
                 reason: str) -> None:
    """Note that the bank holds of a checkpoint other than was written.

    :param found_by: id of an operation
    :param reason: as of `Damage`
    """
    db.changed(session, sa.update(models.Checkpoint).where(
        models.Checkpoint.id == checkpoint_id).values(
            damaged_at=types.now(), damage_reason=reason,
            damage_found_by=found_by))


def clear_damage(session: orm.Session, checkpoint_id: str,
                 before: datetime.datetime) -> None:
    """Note that all of a checkpoint was read, and is good.

    :param before: when that was begun, by the clock of the database; what
        was found since then stands
    """
    db.changed(session, sa.update(models.Checkpoint).where(
        models.Checkpoint.id == checkpoint_id,
        models.Checkpoint.damaged_at < before).values(
            damaged_at=None, damage_reason=None, damage_found_by=None))


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
