# SPDX-License-Identifier: Apache-2.0
"""Scheduled operations in the database."""

from collections.abc import Collection, Mapping
import dataclasses
import datetime
from typing import Any

from oslo_db import exception as db_exception
import sqlalchemy as sa
from sqlalchemy import orm

from karbor import exception
from karbor.context import RequestContext
from karbor.db import firing
from karbor.db import models
from karbor.db import plans
from karbor.db import query
from karbor.db import session as db
from karbor.db import trusts
from karbor.db.clock import Clock
from karbor.db.clock import DATABASE
from karbor.i18n import _
from karbor.model.notification import Missed
from karbor.model.query import ListQuery
from karbor.model.scheduled_operation import ScheduledOperation

# operation_definition: the text of the JSON as it is stored
EXACT = ('id', 'project_id', 'name', 'operation_type', 'trigger_id',
         'plan_id', 'operation_definition')
# what a sweep of checkpoints goes by
_SWEPT_BY = frozenset(('operation_definition', 'enabled', 'trigger_id'))


def _model(row: models.ScheduledOperation) -> ScheduledOperation:
    return ScheduledOperation(
        id=row.id, project_id=row.project_id, user_id=row.user_id,
        name=row.name, description=row.description,
        operation_type=row.operation_type, trigger_id=row.trigger_id,
        plan_id=row.plan_id, operation_definition=row.operation_definition,
        enabled=row.enabled, overlap=row.overlap,
        complete_within=row.complete_within, retention_at=row.retention_at,
        created_at=row.created_at, updated_at=row.updated_at)


def create(context: RequestContext, operation: ScheduledOperation,
           clock: Clock = DATABASE, *,
           trusted: bool = False,
           sweep_after: float | None = None) -> ScheduledOperation:
    """Insert an operation, whose trigger and plan are there when it is.

    :param sweep_after: seconds from now to the first sweep of checkpoints,
        if it keeps only some
    :param trusted: it acts by its owner's trust, which is there as well
    :raises exception.TrustReleased: there is no trust of its owner
    :raises exception.TriggerNotFound: its trigger has gone
    :raises exception.PlanNotFound: its plan has gone
    """
    try:
        return _create(context, operation, clock, trusted, sweep_after)
    except db_exception.DBReferenceError as error:
        raise exception.TriggerNotFound(id=operation.trigger_id) from error


@db.retry
def _create(context: RequestContext, operation: ScheduledOperation,
            clock: Clock, trusted: bool,
            sweep_after: float | None) -> ScheduledOperation:
    with db.writer(context) as session:
        # It runs at each time after it was made. Whoever makes the runs of
        # the trigger comes before or after this, never at the same time.
        if session.execute(
                sa.select(models.Trigger.id)
                .where(models.Trigger.id == operation.trigger_id)
                .with_for_update()).scalar() is None:
            raise exception.TriggerNotFound(id=operation.trigger_id)
        now = clock.read(session)
        operation = dataclasses.replace(operation, created_at=now)
        plans.lock(session, operation.plan_id)
        _hold(session, trusted, operation.user_id, operation.project_id)
        if sweep_after is not None:
            # it may keep what others are about to remove
            _decide_anew(session, operation.plan_id)
            operation = dataclasses.replace(
                operation, retention_at=now + datetime.timedelta(
                    seconds=sweep_after))
        session.add(models.ScheduledOperation(
            id=operation.id, project_id=operation.project_id,
            user_id=operation.user_id, name=operation.name,
            description=operation.description,
            operation_type=operation.operation_type,
            trigger_id=operation.trigger_id, plan_id=operation.plan_id,
            operation_definition=dict(operation.operation_definition),
            enabled=operation.enabled, overlap=operation.overlap,
            complete_within=operation.complete_within,
            retention_at=operation.retention_at,
            created_at=operation.created_at))
    return operation


def get(context: RequestContext, operation_id: str) -> ScheduledOperation:
    """One operation that the context may see.

    :raises exception.ScheduledOperationNotFound: there is none
    """
    with db.reader(context) as session:
        row = session.execute(sa.select(models.ScheduledOperation).where(
            _visible(context, operation_id))).scalar()
        if row is None:
            raise exception.ScheduledOperationNotFound(id=operation_id)
        return _model(row)


def list_(context: RequestContext,
          wanted: ListQuery) -> list[ScheduledOperation]:
    """A page of operations."""
    with db.reader(context) as session:
        select = query.page(session, context, models.ScheduledOperation,
                            wanted, exact=EXACT)
        return [_model(row) for row in query.rows(session, select)]


def by_ids(context: RequestContext,
           ids: Collection[str]) -> dict[str, ScheduledOperation]:
    """Some operations that the context may see, by id."""
    with db.reader(context) as session:
        rows = session.execute(sa.select(models.ScheduledOperation).where(
            models.ScheduledOperation.id.in_(ids),
            query.fence(context, models.ScheduledOperation))).scalars()
        return {row.id: _model(row) for row in rows}


def update(context: RequestContext, operation_id: str,
           changes: Mapping[str, Any], reckon: firing.Reckon,
           clock: Clock = DATABASE,
           tell: firing.Tell | None = None) -> ScheduledOperation:
    """Change an operation; a run that has begun goes on as it was.

    What its triggers owe until now gets its runs first, by what it was
    before.

    :param changes: new values by attribute; with another
        ``operation_definition`` there is its ``plan_id``
    :param tell: called after the commit if some runs were dropped
    :raises exception.ScheduledOperationNotFound: there is none
    :raises exception.TriggerNotFound: its new trigger has gone
    :raises exception.PlanNotFound: its new plan has gone
    """
    try:
        changed, missed = _update(context, operation_id, changes, reckon,
                                  clock)
    except db_exception.DBReferenceError as error:
        raise exception.TriggerNotFound(id=changes['trigger_id']) from error
    firing.said(missed, tell)
    return changed


@db.retry
def _update(context: RequestContext, operation_id: str,
            changes: Mapping[str, Any], reckon: firing.Reckon,
            clock: Clock) -> tuple[ScheduledOperation, list[Missed]]:
    with db.writer(context) as session:
        bound = session.execute(
            sa.select(models.ScheduledOperation.trigger_id)
            .where(_visible(context, operation_id))).scalar()
        now, missed = firing.catch_up(
            session, {bound, changes.get('trigger_id', bound)} - {None},
            reckon, clock)
        if 'plan_id' in changes:
            plans.lock(session, changes['plan_id'])
        row = session.execute(
            sa.select(models.ScheduledOperation)
            .where(_visible(context, operation_id)).with_for_update(),
        ).scalar()
        if row is None:
            raise exception.ScheduledOperationNotFound(id=operation_id)
        if row.trigger_id != bound:
            # somebody has bound it to another one, which is not locked
            raise db_exception.RetryRequest(exception.Conflict(
                reason=_('it is being changed by somebody else')))
        for name, value in changes.items():
            setattr(row, name, value)
        row.updated_at = now
        session.flush()
        if not _SWEPT_BY.isdisjoint(changes):
            due_for_retention(session, operation_id, clock)
            session.refresh(row)
        return _model(row), missed


@db.retry
def adopt(context: RequestContext, operation_id: str, *,
          trusted: bool = False, clock: Clock = DATABASE,
          ) -> ScheduledOperation:
    """Make the context's user the owner.

    :param trusted: as in `create`
    :raises exception.ScheduledOperationNotFound: there is none
    :raises exception.TrustReleased: there is no trust of the new owner
    """
    with db.writer(context) as session:
        row = session.execute(sa.select(models.ScheduledOperation).where(
            _visible(context, operation_id)).with_for_update()).scalar()
        if row is None:
            raise exception.ScheduledOperationNotFound(id=operation_id)
        _hold(session, trusted, context.user_id, row.project_id)
        old = row.user_id
        row.user_id = context.user_id
        row.updated_at = clock.read(session)
        session.flush()
        if old != row.user_id:
            trusts.release(session, old, row.project_id, clock)
        if row.retention_at is not None:
            # as its new owner; the old one may have been unable to
            due_for_retention(session, operation_id, clock)
            session.refresh(row)
        return _model(row)


def _hold(session: orm.Session, trusted: bool, user_id: str | None,
          project_id: str) -> None:
    if trusted and not trusts.hold(session, user_id, project_id):
        raise exception.TrustReleased(user=user_id)


def due_for_retention(session: orm.Session, operation_id: str,
                      clock: Clock = DATABASE) -> None:
    """Have the checkpoints of an operation swept as soon as may be.

    In the transaction that changes the operation, so that a sweep that goes
    by what it was before removes nothing more; of the others of its plan
    neither.
    """
    table = models.ScheduledOperation
    plan_id = session.execute(sa.select(table.plan_id).where(
        table.id == operation_id)).scalar()
    if plan_id is not None:
        _decide_anew(session, plan_id)
    db.changed(session, sa.update(table).where(
        table.id == operation_id).values(retention_at=clock.sql()))


def _decide_anew(session: orm.Session, plan_id: str) -> None:
    """Stop sweeps that know only the rules of before; none comes sooner."""
    table: Any = models.ScheduledOperation.__table__
    times = session.execute(
        sa.select(table.c.id, table.c.retention_at)
        .where(table.c.plan_id == plan_id, table.c.retention_at.is_not(None))
        .order_by(table.c.id).with_for_update()).all()
    if times:
        session.connection().execute(
            sa.update(table).where(table.c.id == sa.bindparam('_id')).values(
                retention_at=sa.bindparam('_at')),
            [{'_id': id_, '_at': at + datetime.timedelta(microseconds=1)}
             for id_, at in times])


@db.retry
def delete(context: RequestContext, operation_id: str) -> None:
    """Remove an operation; its trigger stays.

    :raises exception.ScheduledOperationNotFound: there is none
    """
    operation = models.ScheduledOperation
    with db.writer(context) as session:
        owner = session.execute(
            sa.select(operation.user_id, operation.project_id)
            .where(_visible(context, operation_id)).with_for_update()).first()
        if owner is None:
            raise exception.ScheduledOperationNotFound(id=operation_id)
        db.changed(session, sa.delete(operation).where(
            operation.id == operation_id))
        trusts.release(session, owner.user_id, owner.project_id)


def _visible(context: RequestContext,
             operation_id: str) -> sa.ColumnElement[bool]:
    return sa.and_(
        models.ScheduledOperation.id == operation_id,
        query.fence(context, models.ScheduledOperation, all_projects=True))
