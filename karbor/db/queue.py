# SPDX-License-Identifier: Apache-2.0
"""The queue of operations: whose turn it is, and who waits for what.

There is a queue for each project and provider. Whoever claims takes his turn
first (`take_turn`), so that no two can pass a limit together, or run what must
not run at the same time. What it costs to find the next operation grows with
the queues that there are and with what runs, not with what waits in a queue.
"""

from collections.abc import Collection
import functools
import hashlib
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.dialects import mysql

from karbor.context import RequestContext
from karbor.db import models
from karbor.db import session as db
from karbor.db import types
from karbor.model import queue as model
from karbor.model.operation import Operation
from karbor.model.operation import TYPES
from karbor.model.queue import Head
from karbor.model.queue import Limits
from karbor.model.queue import Running

_TABLE: Any = models.Operation.__table__
# of advisory locks; those of quotas have another form
_CLAIMS = (20480, 1)
_LOCK = sa.select(sa.func.pg_advisory_xact_lock(*_CLAIMS))


def claimable() -> sa.ColumnElement[bool]:
    """Whether nobody holds an operation that can be worked on."""
    return sa.and_(
        # what a newer release asks for is left to its workers
        _TABLE.c.type.in_(TYPES),
        sa.or_(_TABLE.c.status == 'queued', _silent(_TABLE.c)))


def _silent(table: Any) -> sa.ColumnElement[bool]:
    return sa.and_(table.status == 'running',
                   table.lease_until < types.now())


def is_empty(session: orm.Session) -> bool:
    """Whether there is nothing that a claim could take.

    What is held up by a limit counts as something.
    """
    return not session.execute(_is_there_work()).scalar_one()


# All that are made once take longer to put together than to carry out.
@functools.cache
def _is_there_work() -> sa.Select[Any]:
    table = _TABLE.c
    queued = sa.exists().where(table.status == 'queued',
                               table.type.in_(TYPES))
    silent = sa.exists().where(_silent(table), table.type.in_(TYPES))
    return sa.select(sa.or_(queued, silent))


def next_silence(session: orm.Session, owner: str) -> float | None:
    """Seconds until the first lease of another worker runs out.

    Unless it is prolonged until then. None: no other holds any.
    """
    found = session.execute(_next_silence(), {'_owner': owner}).one()
    if found.lease_until is None:
        return None
    return max(0.0, (found.lease_until - found.now).total_seconds())


@functools.cache
def _next_silence() -> sa.Select[Any]:
    table = _TABLE.c
    return sa.select(
        sa.func.min(table.lease_until).label('lease_until'),
        sa.type_coerce(types.now(), types.UTCDateTime()).label('now'),
    ).where(table.status == 'running', table.type.in_(TYPES),
            table.owner != sa.bindparam('_owner'))


def take_turn(session: orm.Session) -> None:
    """Come after all who have taken their turn until they commit.

    It comes first in its transaction: what MariaDB reads without a lock is
    as it was when the transaction read for the first time.
    """
    if session.get_bind().dialect.name == 'postgresql':
        session.execute(_LOCK)
    elif _is_mysql(session):
        # the row has to change, see `karbor.db.quotas`
        session.execute(mysql.insert(models.Turn).values(
            name='claim', number=1).on_duplicate_key_update(
                number=models.Turn.number + 1))
    # SQLite has one writer anyhow


def _is_mysql(session: orm.Session) -> bool:
    return session.get_bind().dialect.name in ('mysql', 'mariadb')


def next_(session: orm.Session, limits: Limits,
          tried: Collection[str] = ()) -> str | None:
    """Id of the operation to claim, or None if none may begin.

    What another worker has left in silence comes first: it runs already, so
    no limit holds it up. Behind that it is the turn of the project that has
    the fewest running. If that is so of several, they take turns: by age, all
    that one has queued would come before what another one queues later.

    :param tried: ids of those that cannot be had just now
    """
    at_work = running(session)
    for one in at_work:
        if one.silent and one.type in TYPES and one.id not in tried:
            return one.id
    heads = _free(session, at_work, tried)
    projects = {head.project_id for head in heads}
    turns = _turns(session, projects) if len(projects) > 1 else {}
    found = model.pick(heads, at_work, limits, turns)
    if found is None:
        return None
    if len(projects) > 1:
        # behind all that wait now
        _note(session, found.project_id, max(turns.values(), default=0) + 1)
    return found.id


def _turns(session: orm.Session,
           projects: Collection[str]) -> dict[str, int]:
    """When each had its last turn, beside others; numbers that grow."""
    names = {_name(project): project for project in projects}
    return {names[name]: number for name, number in session.execute(
        _last_turns(), {'_names': [*names]})}


@functools.cache
def _last_turns() -> sa.Select[Any]:
    table: Any = models.Turn.__table__
    return sa.select(table.c.name, table.c.number).where(
        table.c.name.in_(sa.bindparam('_names', expanding=True)))


def _note(session: orm.Session, project: str, number: int) -> None:
    name = _name(project)
    # nobody else does this now, see `take_turn`
    if not db.changed(session, _next_turn(), {
            '_name': name, '_number': number}):
        session.execute(sa.insert(models.Turn).values(
            name=name, number=number))


@functools.cache
def _next_turn() -> sa.Update:
    table: Any = models.Turn.__table__
    return sa.update(table).where(
        table.c.name == sa.bindparam('_name')).values(
            number=sa.bindparam('_number'))


def _name(project: str) -> str:
    # an id may be longer than a name
    return f'project:{hashlib.sha256(project.encode()).hexdigest()[:40]}'


def running(session: orm.Session) -> list[Running]:
    """All that runs, the oldest first."""
    return [Running(row.id, row.type, row.project_id, row.provider_id,
                    _lanes(row.lane, row.more_lanes), bool(row.silent))
            for row in session.execute(_running())]


@functools.cache
def _running() -> sa.Select[Any]:
    table = _TABLE.c
    return (sa.select(table.id, table.type, table.project_id,
                      table.provider_id, table.lane, table.more_lanes,
                      _silent(table).label('silent'))
            .where(table.status == 'running')
            .order_by(table.created_at, table.id))


def _lanes(lane: str | None, more: Collection[str] | None) -> frozenset[str]:
    return frozenset(() if lane is None else (lane, *(more or ())))


def _free(session: orm.Session, at_work: Collection[Running],
          tried: Collection[str]) -> list[Head]:
    """The first of each queue that does not wait for what runs.

    One query, and one more for each that is in several lanes and waits. All
    of them are kept for it: of those that use one each, there might always
    be some.
    """
    taken = frozenset[str]().union(*(one.lanes for one in at_work))
    tried = set(tried)
    while True:
        heads = _heads(session, taken, tried)
        waits = next((head for head in heads
                      if not taken.isdisjoint(head.lanes)), None)
        if waits is None:
            return heads
        taken |= waits.lanes
        tried.add(waits.id)


def _heads(session: orm.Session, taken: Collection[str],
           tried: Collection[str]) -> list[Head]:
    """The first of each queue whose lane is not taken."""
    statement = _first_of_each(_is_mysql(session))
    return [Head(row.id, row.project_id, row.provider_id, row.created_at,
                 _lanes(row.lane, row.more_lanes))
            for row in session.execute(statement, {
                # an empty list would be another statement
                'lanes': ['', *sorted(taken)], 'tried': ['', *sorted(tried)],
            })]


@functools.cache
def _first_of_each(mysql_: bool) -> sa.Select[Any]:
    queues = _queues_by_group() if mysql_ else _queues_by_leaps()
    table = _TABLE.alias('waiting')
    first = (
        sa.select(table.c.id)
        .where(table.c.status == 'queued',
               table.c.project_id == queues.c.project_id,
               table.c.provider_id == queues.c.provider_id,
               table.c.type.in_(TYPES),
               sa.or_(table.c.lane.is_(None), table.c.lane.not_in(
                   sa.bindparam('lanes', expanding=True))),
               table.c.id.not_in(sa.bindparam('tried', expanding=True)))
        .order_by(table.c.created_at, table.c.id).limit(1))
    if mysql_:
        # it would go through all that the project has ever had
        first = first.with_hint(table, 'FORCE INDEX (ix_operations_queue)')
    ids = sa.select(first.correlate(queues).scalar_subquery().label('id'),
                    ).select_from(queues).subquery()
    return (sa.select(_TABLE.c.id, _TABLE.c.project_id, _TABLE.c.provider_id,
                      _TABLE.c.created_at, _TABLE.c.lane,
                      _TABLE.c.more_lanes)
            .select_from(ids.join(_TABLE, _TABLE.c.id == ids.c.id)))


# Project and provider of each queue, found by leaping over the rows of the
# one before it. MariaDB does that by itself in a GROUP BY, and cannot be made
# to do it in a recursion; the others the other way round.

def _queues_by_group() -> Any:
    return (sa.select(_TABLE.c.project_id, _TABLE.c.provider_id)
            .where(_TABLE.c.status == 'queued')
            .group_by(_TABLE.c.status, _TABLE.c.project_id,
                      _TABLE.c.provider_id).subquery('queues'))


def _queues_by_leaps() -> Any:
    table, here, near, far, found = (_TABLE.alias(name) for name in (
        'first', 'here', 'near', 'far', 'found'))

    def order(rows: Any) -> tuple[Any, ...]:
        return (rows.c.project_id, rows.c.provider_id, rows.c.created_at,
                rows.c.id)

    def leap(table: Any, *where: Any) -> Any:
        return (sa.select(table.c.id).where(table.c.status == 'queued', *where)
                .order_by(*order(table)).limit(1))

    first = leap(table)
    # to the project's next provider, else to the next project: SQLite would
    # not leap by both columns at once
    leaps = sa.func.coalesce(*(
        leap(there, *where).correlate(here).scalar_subquery()
        for there, where in (
            (near, (near.c.project_id == here.c.project_id,
                    near.c.provider_id > here.c.provider_id)),
            (far, (far.c.project_id > here.c.project_id,)))))
    heads = sa.select(first.scalar_subquery().label('id')).cte(
        'heads', recursive=True)
    heads = heads.union_all(sa.select(leaps).select_from(
        heads.join(here, here.c.id == heads.c.id)))
    return (sa.select(found.c.project_id, found.c.provider_id)
            .select_from(heads.join(found, found.c.id == heads.c.id))
            .subquery('queues'))


def look(context: RequestContext, waiting: Collection[Operation],
         ) -> tuple[dict[str, int], list[Running]]:
    """What is to be told of operations that wait.

    :return: the position of each in its queue, from 1, by id; and what runs
    """
    table = models.Operation
    place = sa.func.row_number().over(
        partition_by=(table.project_id, table.provider_id),
        order_by=(table.created_at, table.id)).label('place')
    queues = sa.select(table.id, place).where(
        table.status == 'queued',
        table.project_id.in_({one.project_id for one in waiting}),
        table.provider_id.in_({one.provider_id for one in waiting}),
    ).subquery()
    with db.reader(context) as session:
        places = session.execute(sa.select(queues.c.id, queues.c.place).where(
            queues.c.id.in_([one.id for one in waiting]))).all()
        return dict(places), running(session)
