# SPDX-License-Identifier: Apache-2.0
"""Triggers in the database."""

from collections.abc import Mapping
import dataclasses
from typing import Any

from oslo_db import exception as db_exception
import sqlalchemy as sa

from karbor import exception
from karbor.context import RequestContext
from karbor.db import firing
from karbor.db import models
from karbor.db import query
from karbor.db import session as db
from karbor.db.clock import Clock
from karbor.db.clock import DATABASE
from karbor.db.types import LongText
from karbor.model.query import ListQuery
from karbor.model.trigger import Trigger

EXACT = ('id', 'project_id', 'name', 'type')


def _visible(context: RequestContext,
             trigger_id: str) -> sa.ColumnElement[bool]:
    return sa.and_(models.Trigger.id == trigger_id,
                   query.fence(context, models.Trigger, all_projects=True))


@db.retry
def create(context: RequestContext, trigger: Trigger, reckon: firing.Reckon,
           clock: Clock = DATABASE) -> Trigger:
    """Insert a trigger, which fires from now on.

    :param reckon: what finds its next time
    """
    with db.writer(context) as session:
        now = clock.read(session)
        row = models.Trigger(
            id=trigger.id, project_id=trigger.project_id, name=trigger.name,
            type=trigger.type, properties=dict(trigger.properties),
            source=trigger.source, secret_version=trigger.secret_version,
            created_at=now)
        firing.arm(row, now, reckon)
        session.add(row)
        session.flush()
        return firing.model(row)


def get(context: RequestContext, trigger_id: str) -> Trigger:
    """One trigger that the context may see.

    :raises exception.TriggerNotFound: there is none
    """
    with db.reader(context) as session:
        row = session.execute(sa.select(models.Trigger).where(
            _visible(context, trigger_id))).scalar()
        if row is None:
            raise exception.TriggerNotFound(id=trigger_id)
        return firing.model(row)


def list_(context: RequestContext, wanted: ListQuery) -> list[Trigger]:
    """A page of triggers."""
    with db.reader(context) as session:
        filters = dict(wanted.filters)
        text = filters.pop('properties', None)
        select = query.page(session, context, models.Trigger,
                            dataclasses.replace(wanted, filters=filters),
                            exact=EXACT)
        if 'properties' in wanted.filters:
            select = select.where(_is_shown_as(text))
        return [firing.model(row) for row in query.rows(session, select)]


def _is_shown_as(text: Any) -> sa.ColumnElement[bool]:
    """Whether 1.0 of the API shows the properties by this text of JSON.

    It shows no time zone, which stands last in what is stored.
    """
    stored = sa.type_coerce(models.Trigger.properties, LongText)
    begin = f'{str(text).removesuffix("}")}, "timezone": '
    return sa.or_(stored == text,
                  sa.func.substr(stored, 1, len(begin)) == begin)


@db.retry
def update(context: RequestContext, trigger_id: str,
           changes: Mapping[str, Any], reckon: firing.Reckon,
           clock: Clock = DATABASE,
           tell: firing.Tell | None = None) -> Trigger:
    """Change the name or the properties of a trigger.

    What was due by the old properties gets its runs first; then no engine
    knows them any more.

    :param changes: new values by attribute; ``properties`` replaces all
    :param tell: called after the commit if some runs were dropped
    :raises exception.TriggerNotFound: there is none
    """
    with db.writer(context) as session:
        row = session.execute(sa.select(models.Trigger).where(
            _visible(context, trigger_id)).with_for_update()).scalar()
        if row is None:
            raise exception.TriggerNotFound(id=trigger_id)
        now, missed = firing.catch_up(session, [trigger_id], reckon, clock)
        for name, value in changes.items():
            setattr(row, name, value)
        if 'properties' in changes and row.type == 'time':
            firing.arm(row, now, reckon)
        row.updated_at = now
        session.flush()
        changed = firing.model(row)
    firing.said(missed, tell)
    return changed


@db.retry
def renew_secret(context: RequestContext, trigger_id: str) -> Trigger:
    """Give a webhook another secret; the old one is none any more.

    :raises exception.TriggerNotFound: there is none
    """
    with db.writer(context) as session:
        if not db.changed(session, sa.update(models.Trigger).where(
                _visible(context, trigger_id),
                models.Trigger.secret_version.is_not(None)).values(
                    secret_version=models.Trigger.secret_version + 1)):
            raise exception.TriggerNotFound(id=trigger_id)
        return firing.model(session.execute(sa.select(models.Trigger).where(
            models.Trigger.id == trigger_id)).scalar_one())


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
