# SPDX-License-Identifier: Apache-2.0
"""Scheduled operations in the database."""

import dataclasses

from oslo_db import exception as db_exception
from oslo_utils import timeutils
import sqlalchemy as sa

from karbor import exception
from karbor.context import RequestContext
from karbor.db import models
from karbor.db import plans
from karbor.db import query
from karbor.db import session as db
from karbor.model.query import ListQuery
from karbor.model.scheduled_operation import ScheduledOperation

# operation_definition: the text of the JSON as it is stored
EXACT = ('id', 'project_id', 'name', 'operation_type', 'trigger_id',
         'plan_id', 'operation_definition')


def _model(row: models.ScheduledOperation) -> ScheduledOperation:
    return ScheduledOperation(
        id=row.id, project_id=row.project_id, user_id=row.user_id,
        name=row.name, description=row.description,
        operation_type=row.operation_type, trigger_id=row.trigger_id,
        plan_id=row.plan_id, operation_definition=row.operation_definition,
        enabled=row.enabled, created_at=row.created_at,
        updated_at=row.updated_at)


def create(context: RequestContext,
           operation: ScheduledOperation) -> ScheduledOperation:
    """Insert an operation, whose trigger and plan are there when it is.

    :raises exception.TriggerNotFound: its trigger has gone
    :raises exception.PlanNotFound: its plan has gone
    """
    try:
        return _create(context, operation)
    except db_exception.DBReferenceError as error:
        raise exception.TriggerNotFound(id=operation.trigger_id) from error


@db.retry
def _create(context: RequestContext,
            operation: ScheduledOperation) -> ScheduledOperation:
    operation = dataclasses.replace(
        operation, created_at=timeutils.utcnow(with_timezone=True))
    with db.writer(context) as session:
        plans.lock(session, operation.plan_id)
        session.add(models.ScheduledOperation(
            id=operation.id, project_id=operation.project_id,
            user_id=operation.user_id, name=operation.name,
            description=operation.description,
            operation_type=operation.operation_type,
            trigger_id=operation.trigger_id, plan_id=operation.plan_id,
            operation_definition=dict(operation.operation_definition),
            enabled=operation.enabled, created_at=operation.created_at))
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


@db.retry
def delete(context: RequestContext, operation_id: str) -> None:
    """Remove an operation; its trigger stays.

    :raises exception.ScheduledOperationNotFound: there is none
    """
    with db.writer(context) as session:
        if not db.changed(session, sa.delete(
                models.ScheduledOperation).where(
                    _visible(context, operation_id))):
            raise exception.ScheduledOperationNotFound(id=operation_id)


def _visible(context: RequestContext,
             operation_id: str) -> sa.ColumnElement[bool]:
    return sa.and_(
        models.ScheduledOperation.id == operation_id,
        query.fence(context, models.ScheduledOperation, all_projects=True))
