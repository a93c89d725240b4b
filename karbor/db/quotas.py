# SPDX-License-Identifier: Apache-2.0
"""Limits of projects in the database, and the door that holds to them.

Whoever makes something that is counted, or changes how much of it a project
may have, queues up for that project and resource until his transaction ends.
So two who count at the same time cannot pass a limit together, and once a
change of a project's limit is committed, nothing comes that it forbids.
"""

from collections.abc import Iterable, Mapping
from typing import Any
import zlib

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.dialects import mysql

from karbor import exception
from karbor.context import RequestContext
from karbor.db import models
from karbor.db import quota_classes
from karbor.db import session as db
from karbor.model.quota import DEFAULT_CLASS
from karbor.model.quota import Usage

_COUNTED: Mapping[str, Any] = {'plans': models.Plan,
                               'checkpoints': models.Checkpoint}


def admit(session: orm.Session, project_id: str, resource: str,
          configured: int) -> None:
    """Let a project have one more, or refuse; before the row is inserted.

    It comes first in its transaction: what MariaDB reads without a lock is
    as it was when the transaction read for the first time.

    :param configured: the limit where the database has none; -1 is no limit
    :raises exception.QuotaExceeded: there is no room; the transaction ends
    """
    _queue_up(session, project_id, resource)
    limit = _limits(session, project_id, {resource: configured})[resource]
    if limit < 0:
        return
    # whether there is a last one of so many: no more of them are read
    counted = _COUNTED[resource]
    last = (sa.select(counted.id).where(counted.project_id == project_id)
            .offset(max(limit - 1, 0)).limit(1))
    if _is_mysql(session):
        # what is committed now, whatever was read before
        last = last.with_for_update(read=True)
    if limit == 0 or session.execute(last).first() is not None:
        raise exception.QuotaExceeded(resource=resource, limit=limit)


def _is_mysql(session: orm.Session) -> bool:
    return session.get_bind().dialect.name in ('mysql', 'mariadb')


def _queue_up(session: orm.Session, project_id: str, resource: str) -> None:
    """Come after all who have queued up for the same until they commit."""
    if session.get_bind().dialect.name == 'postgresql':
        number = zlib.crc32(f'{resource}/{project_id}'.encode())
        session.execute(sa.select(sa.func.pg_advisory_xact_lock(number)))
    elif _is_mysql(session):
        # The row has to change: two nodes of Galera know nothing of each
        # other's locks, but they see that both have changed it.
        insert = mysql.insert(models.Quota).values(
            project_id=project_id, resource=resource, turn=1)
        session.execute(insert.on_duplicate_key_update(
            turn=models.Quota.turn + 1))
    # SQLite has one writer anyhow


def _limits(session: orm.Session, project_id: str,
            configured: Mapping[str, int]) -> dict[str, int]:
    """What holds: the project's limit, else its class's, else this one."""
    of_class, of_project = models.QuotaClass, models.Quota
    found = session.execute(sa.union_all(
        sa.select(sa.literal(0).label('rank'), of_class.resource,
                  of_class.hard_limit)
        .where(of_class.class_name == DEFAULT_CLASS),
        sa.select(sa.literal(1), of_project.resource, of_project.hard_limit)
        .where(of_project.project_id == project_id,
               of_project.hard_limit.is_not(None))))
    limits = dict(configured)
    for _rank, resource, limit in sorted(tuple(row) for row in found):
        # others are of resources that this release does not know
        if resource in limits:
            limits[resource] = limit
    return limits


def get(context: RequestContext, project_id: str,
        configured: Mapping[str, int]) -> dict[str, int]:
    """Limits of a project by resource.

    :param configured: where the database has none
    """
    with db.reader(context) as session:
        return _limits(session, project_id, configured)


def usage(context: RequestContext, project_id: str,
          configured: Mapping[str, int]) -> dict[str, Usage]:
    """Limits of a project, and what it has now, by resource."""
    counts = [sa.select(sa.func.count()).select_from(counted)
              .where(counted.project_id == project_id)
              .scalar_subquery().label(resource)
              for resource, counted in _COUNTED.items()]
    with db.reader(context) as session:
        limits = _limits(session, project_id, configured)
        used = session.execute(sa.select(*counts)).mappings().one()
        return {resource: Usage(limit, used[resource])
                for resource, limit in limits.items()}


@db.retry
def update(context: RequestContext, project_id: str,
           limits: Mapping[str, int]) -> None:
    """Give a project limits of its own; others that it has stay.

    A limit may be lower than what is in use: nothing goes, nothing comes.
    """
    with db.writer(context) as session:
        _queue_up_for_all(session, project_id, limits)
        for resource, limit in limits.items():
            quota_classes.set_(session, models.Quota, limit,
                               project_id=project_id, resource=resource)


@db.retry
def delete(context: RequestContext, project_id: str) -> None:
    """Take its own limits from a project, if it has any."""
    with db.writer(context) as session:
        _queue_up_for_all(session, project_id, _COUNTED)
        db.changed(session, sa.delete(models.Quota).where(
            models.Quota.project_id == project_id))


def _queue_up_for_all(session: orm.Session, project_id: str,
                      resources: Iterable[str]) -> None:
    # in one order, so that no two wait for each other
    for resource in sorted(resources):
        _queue_up(session, project_id, resource)
