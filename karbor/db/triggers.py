# SPDX-License-Identifier: Apache-2.0
"""Triggers in the database."""

from collections.abc import Mapping
import dataclasses
from typing import Any

from oslo_db import exception as db_exception
from oslo_utils import timeutils
import sqlalchemy as sa

from karbor import exception
from karbor.context import RequestContext
from karbor.db import models
from karbor.db import query
from karbor.db import session as db
from karbor.model.query import ListQuery
from karbor.model.trigger import Trigger

# properties: the text of the JSON as it is stored
EXACT = ('id', 'project_id', 'name', 'type', 'properties')


def _model(row: models.Trigger) -> Trigger:
    return Trigger(
        id=row.id, project_id=row.project_id, name=row.name, type=row.type,
        properties=row.properties, created_at=row.created_at,
        updated_at=row.updated_at)


def _visible(context: RequestContext,
             trigger_id: str) -> sa.ColumnElement[bool]:
    return sa.and_(models.Trigger.id == trigger_id,
                   query.fence(context, models.Trigger, all_projects=True))


@db.retry
def create(context: RequestContext, trigger: Trigger) -> Trigger:
    """Insert a trigger."""
    trigger = dataclasses.replace(
        trigger, created_at=timeutils.utcnow(with_timezone=True))
    with db.writer(context) as session:
        session.add(models.Trigger(
            id=trigger.id, project_id=trigger.project_id, name=trigger.name,
            type=trigger.type, properties=dict(trigger.properties),
            created_at=trigger.created_at))
    return trigger


def get(context: RequestContext, trigger_id: str) -> Trigger:
    """One trigger that the context may see.

    :raises exception.TriggerNotFound: there is none
    """
    with db.reader(context) as session:
        row = session.execute(sa.select(models.Trigger).where(
            _visible(context, trigger_id))).scalar()
        if row is None:
            raise exception.TriggerNotFound(id=trigger_id)
        return _model(row)


def list_(context: RequestContext, wanted: ListQuery) -> list[Trigger]:
    """A page of triggers."""
    with db.reader(context) as session:
        select = query.page(session, context, models.Trigger, wanted,
                            exact=EXACT)
        return [_model(row) for row in query.rows(session, select)]


@db.retry
def update(context: RequestContext, trigger_id: str,
           changes: Mapping[str, Any]) -> Trigger:
    """Change the name or the properties of a trigger.

    :param changes: new values by attribute; ``properties`` replaces all
    :raises exception.TriggerNotFound: there is none
    """
    with db.writer(context) as session:
        row = session.execute(sa.select(models.Trigger).where(
            _visible(context, trigger_id)).with_for_update()).scalar()
        if row is None:
            raise exception.TriggerNotFound(id=trigger_id)
        for name, value in changes.items():
            setattr(row, name, value)
        row.updated_at = timeutils.utcnow(with_timezone=True)
        session.flush()
        return _model(row)


def delete(context: RequestContext, trigger_id: str) -> None:
    """Remove a trigger that no operation uses.

    The foreign key of the operations decides, so that of a removal and of a
    new operation that race, one is told no.

    :raises exception.TriggerNotFound: there is none
    :raises exception.TriggerInUse: operations need it
    """
    try:
        _delete(context, trigger_id)
    except db_exception.DBReferenceError as error:
        raise exception.TriggerInUse() from error


@db.retry
def _delete(context: RequestContext, trigger_id: str) -> None:
    with db.writer(context) as session:
        if not db.changed(session, sa.delete(models.Trigger).where(
                _visible(context, trigger_id))):
            raise exception.TriggerNotFound(id=trigger_id)
