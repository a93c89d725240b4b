# SPDX-License-Identifier: Apache-2.0
"""Events in the database: who wants them, and what has been taken."""

from collections.abc import Collection, Sequence
import datetime
from typing import Any, NamedTuple

from oslo_db import exception as db_exception
import sqlalchemy as sa

from karbor import exception
from karbor.context import RequestContext
from karbor.db import models
from karbor.db import query
from karbor.db import session as db
from karbor.db.clock import Clock
from karbor.db.types import UTCDateTime
from karbor.model import event as model
from karbor.model.event import Event
from karbor.model.event import Pace
from karbor.model.trigger import Trigger


class Hook(NamedTuple):
    """What a call of a webhook is checked with.

    :ivar now: by the clock of the database
    """

    project_id: str
    secret_version: int
    now: datetime.datetime


def hook(context: RequestContext, trigger_id: str,
         clock: Clock) -> Hook | None:
    """The webhook of a trigger; None if it has none.

    :param context: that of the system: nobody has said who calls
    """
    with db.reader(context) as session:
        row = session.execute(sa.select(
            models.Trigger.project_id, models.Trigger.secret_version,
            sa.type_coerce(clock.sql(), UTCDateTime())).where(
                models.Trigger.id == trigger_id,
                models.Trigger.secret_version.is_not(None),
                query.fence(context, models.Trigger))).one_or_none()
    return None if row is None else Hook(*row)


def candidates(context: RequestContext, sources: Collection[str],
               clock: Clock,
               ) -> list[tuple[Trigger, datetime.datetime]]:
    """Triggers of the context's project that may want an event.

    :param sources: names of event sources
    :return: each with the time by the clock of the database
    """
    with db.reader(context) as session:
        return [(Trigger(id=row.id, project_id=row.project_id, name=row.name,
                         type=row.type, properties=row.properties), row.now)
                for row in session.execute(
                    _wanting(context.project_id, sources, clock))]


def _wanting(project_id: str | None, sources: Collection[str],
             clock: Clock) -> sa.Select[Any]:
    columns = models.Trigger.__table__.columns
    return sa.select(
        columns.id, columns.project_id, columns.name, columns.type,
        columns.properties,
        sa.type_coerce(clock.sql(), UTCDateTime()).label('now'),
    ).where(columns.project_id == project_id,
            columns.source.in_(sources)).order_by(columns.id)


def take(context: RequestContext, trigger_id: str, event: Event,
         marks: Sequence[str], *, keep: int, clock: Clock) -> bool:
    """Let a trigger fire for an event, once.

    All in one transaction, under a lock of the trigger's row, so that none is
    lost between an engine that fires and events that arrive meanwhile.

    :param marks: what tells the event from all others; it was taken before
        if one of them was
    :param keep: seconds for which they are remembered
    :return: False: it was taken before, and nothing is changed
    :raises exception.TriggerNotFound: it has gone
    """
    try:
        _take(context, trigger_id, event, marks, keep, clock)
    except db_exception.DBDuplicateEntry:
        return False
    return True


@db.retry
def _take(context: RequestContext, trigger_id: str, event: Event,
          marks: Sequence[str], keep: int, clock: Clock) -> None:
    with db.writer(context) as session:
        row = session.execute(sa.select(models.Trigger).where(
            models.Trigger.id == trigger_id,
            query.fence(context, models.Trigger)).with_for_update()).scalar()
        if row is None:
            raise exception.TriggerNotFound(id=trigger_id)
        now = clock.read(session)
        seen = models.TriggerEvent
        session.execute(sa.insert(seen), [
            {'trigger_id': trigger_id, 'mark': mark, 'received_at': now}
            for mark in marks])
        db.changed(session, sa.delete(seen).where(
            seen.trigger_id == trigger_id,
            seen.received_at < now - datetime.timedelta(seconds=keep)))
        pace = Pace(debounce=row.properties['debounce'],
                    min_interval=row.properties['min_interval'])
        row.pending = model.pending(row.pending, event, now)
        # a trigger begins with what is before it dealt with
        fired_at = row.done_until if (
            row.done_until and row.done_until > row.created_at) else None
        row.next_time = pace.next_time(now, model.first_at(row.pending),
                                       fired_at)
