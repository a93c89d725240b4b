# SPDX-License-Identifier: Apache-2.0
"""What operators watch of the database, in a fixed number of queries.

What has ended is never counted: a query costs as much as there is that waits
and runs, or as the rows that it is limited to.
"""

from collections.abc import Collection
import datetime

import sqlalchemy as sa
from sqlalchemy import orm

from karbor.context import RequestContext
from karbor.db import models
from karbor.db import session as db
from karbor.db import types
from karbor.db.clock import DATABASE
from karbor.metrics.database import Life
from karbor.metrics.database import Load
from karbor.metrics.database import PlanState
from karbor.metrics.database import Reading

_ACTIVE = ('queued', 'running')
# hosts times daemons; the others are no longer there
_DAEMONS = 1000


def read(context: RequestContext, max_projects: int,
         max_plans: int) -> Reading:
    """Read all of it.

    :param max_projects: so many have loads of their own
    :param max_plans: so many are told of
    """
    with db.reader(context) as session:
        now = DATABASE.read(session)
        # one more, which says that there are more
        plans = _plans(session, max_plans + 1)
        return Reading(
            loads=_loads(session, now, _largest(session, max_projects)),
            plans=plans[:max_plans], plans_left_out=len(plans) > max_plans,
            lives=_lives(session, now))


def _largest(session: orm.Session, number: int) -> Collection[str]:
    """The projects with most operations that wait or run."""
    table = models.Operation
    return session.execute(
        sa.select(table.project_id).where(table.status.in_(_ACTIVE))
        .group_by(table.project_id)
        .order_by(sa.func.count().desc(), table.project_id)
        .limit(number)).scalars().all()


def _loads(session: orm.Session, now: datetime.datetime,
           projects: Collection[str]) -> list[Load]:
    table = models.Operation
    # named inside, because PostgreSQL takes the same expression with other
    # parameters for another one
    inner = sa.select(
        sa.case((table.project_id.in_(projects), table.project_id),
                else_='').label('project_id'),
        table.type, table.created_at,
        sa.case((table.status == 'queued', 1), else_=0).label('queued'),
        sa.case((sa.and_(table.status == 'running',
                         table.lease_until < types.now()), 1),
                else_=0).label('abandoned'),
    ).where(table.status.in_(_ACTIVE)).subquery()
    found = []
    for row in session.execute(
            sa.select(inner.c.project_id, inner.c.type,
                      sa.func.count().label('number'),
                      sa.func.sum(inner.c.queued).label('queued'),
                      sa.func.sum(inner.c.abandoned).label('abandoned'),
                      sa.func.min(sa.case(
                          (inner.c.queued == 1, inner.c.created_at)),
                          type_=types.UTCDateTime()).label('oldest'))
            .group_by(inner.c.project_id, inner.c.type)
            .order_by(inner.c.project_id, inner.c.type)):
        queued = int(row.queued)
        found.append(Load(
            project_id=row.project_id, type=row.type, queued=queued,
            oldest_age=_seconds(row.oldest, now),
            running=row.number - queued, abandoned=int(row.abandoned)))
    return found


def _plans(session: orm.Session, number: int) -> list[PlanState]:
    plan, work = models.Plan, models.Operation
    schedule = models.ScheduledOperation
    # the end of an index, and not the largest of what it holds: MariaDB would
    # look at all of that
    last = (sa.select(work.ended_at)
            .where(work.plan_id == plan.id, work.type == 'protect',
                   work.status == 'success')
            .order_by(work.ended_at.desc()).limit(1)
            .correlate(plan).scalar_subquery())
    scheduled = sa.exists().where(schedule.plan_id == plan.id,
                                  schedule.enabled.is_(sa.true()))
    return [
        PlanState(plan_id=row.id, project_id=row.project_id,
                  last_success=(0.0 if row.last is None
                                else row.last.timestamp()),
                  scheduled=bool(row.scheduled))
        for row in session.execute(
            sa.select(plan.id, plan.project_id, last.label('last'),
                      scheduled.label('scheduled'))
            .order_by(plan.id).limit(number))]


def _lives(session: orm.Session, now: datetime.datetime) -> list[Life]:
    table = models.Service
    return [
        Life(host=row.host, binary=row.binary,
             enabled=row.status == 'enabled',
             age=_seconds(row.updated_at, now))
        for row in session.execute(
            sa.select(table.host, table.binary, table.status,
                      table.updated_at)
            .order_by(table.updated_at.desc(), table.id).limit(_DAEMONS))]


def _seconds(since: datetime.datetime | None,
             now: datetime.datetime) -> float:
    # clocks of hosts and of the database differ
    return (0.0 if since is None
            else max(0.0, (now - since).total_seconds()))
