# SPDX-License-Identifier: Apache-2.0
"""Trusts in the database.

A trust goes through three rows of one id: a wish, before it is made; in use,
of which a user has one in a project; and doomed, until Keystone has deleted
it. Only then the row goes. So whatever process ends anywhere, there is a row
that leads to the trust, and a time at which somebody follows it.
"""

from collections.abc import Iterable
import uuid

from oslo_db import exception as db_exception
import sqlalchemy as sa
from sqlalchemy import orm

from karbor.context import RequestContext
from karbor.db import models
from karbor.db import session as db
from karbor.db.clock import Clock
from karbor.db.clock import DATABASE
from karbor.model.trust import Trust

# A trust is made, and then the operation for which it was. Before that much
# time has passed, nobody asks whether there is one.
GRACE = 600
# between two looks whether one that is in use is used
DAY = 86_400
# between the first two attempts to delete one; later it takes longer
_PAUSE = 60
# enough for as many at a time as there are people
_RACES = 10


def _model(row: models.Trust) -> Trust:
    return Trust(id=row.id, user_id=row.user_id, project_id=row.project_id,
                 trust_id=row.trust_id, in_use=bool(row.in_use),
                 attempts=row.attempts)


def _used(user_id: str | None, project_id: str) -> sa.ColumnElement[bool]:
    return sa.and_(models.Trust.user_id == user_id,
                   models.Trust.project_id == project_id,
                   models.Trust.in_use == sa.true())


def in_use(context: RequestContext, user_id: str,
           project_id: str) -> Trust | None:
    """The trust by which a user's operations in a project act."""
    with db.reader(context) as session:
        row = session.execute(sa.select(models.Trust).where(
            _used(user_id, project_id))).scalar()
        return None if row is None else _model(row)


def of_operation(context: RequestContext, operation_id: str) -> Trust | None:
    """The trust by which a scheduled operation acts now."""
    operation = models.ScheduledOperation
    with db.reader(context) as session:
        row = session.execute(
            sa.select(models.Trust)
            .join(operation, sa.and_(
                operation.user_id == models.Trust.user_id,
                operation.project_id == models.Trust.project_id))
            .where(operation.id == operation_id,
                   models.Trust.in_use == sa.true())).scalar()
        return None if row is None else _model(row)


# -- one is made --------------------------------------------------------------

@db.retry
def wish(context: RequestContext, user_id: str, project_id: str,
         seconds: float, clock: Clock = DATABASE) -> str:
    """Say that a trust is going to be made; returns what to mark it with.

    :param seconds: after so many nobody can make it any more; then somebody
        looks whether it was made
    """
    id_ = str(uuid.uuid4())
    with db.writer(context) as session:
        session.execute(sa.insert(models.Trust).values(
            id=id_, user_id=user_id, project_id=project_id, turn=0,
            sweep_at=clock.sql(seconds), attempts=0, created_at=clock.sql()))
    return id_


def wishes(context: RequestContext, user_id: str,
           project_id: str) -> frozenset[str]:
    """Marks of trusts that were to be made, and of which no more is known."""
    with db.reader(context) as session:
        return frozenset(session.execute(sa.select(models.Trust.id).where(
            models.Trust.user_id == user_id,
            models.Trust.project_id == project_id,
            models.Trust.trust_id.is_(None))).scalars())


@db.retry
def drop(context: RequestContext, id_: str) -> None:
    """Take a wish back: Keystone has not made it."""
    with db.writer(context) as session:
        db.changed(session, sa.delete(models.Trust).where(
            models.Trust.id == id_, models.Trust.trust_id.is_(None)))


def record(context: RequestContext, id_: str, trust_id: str,
           instead_of: str | None, clock: Clock = DATABASE) -> None:
    """Put a trust that was made in use, in the place of another.

    If somebody else has put one in use meanwhile, that stays, and this one
    is doomed.

    :param id_: its mark
    :param instead_of: id of ours of the one that was in use, or None
    """
    for _race in range(_RACES):
        try:
            return _record(context, id_, trust_id, instead_of, clock)
        except db_exception.DBDuplicateEntry:
            # another process was as fast; what it put in use is there now
            continue
    return _record(context, id_, trust_id, instead_of, clock)


@db.retry
def _record(context: RequestContext, id_: str, trust_id: str,
            instead_of: str | None, clock: Clock) -> None:
    with db.writer(context) as session:
        mine = session.execute(sa.select(models.Trust).where(
            models.Trust.id == id_).with_for_update()).scalar()
        if mine is None or mine.trust_id is not None:
            # another has found it by its mark, and knew what to do with it
            return
        current = session.execute(
            sa.select(models.Trust.id)
            .where(_used(mine.user_id, mine.project_id))
            .with_for_update()).scalar()
        if current not in (None, instead_of):
            _doom(session, id_, clock, trust_id=trust_id)
            return
        if current is not None:
            _doom(session, current, clock)
        db.changed(session, sa.update(models.Trust).where(
            models.Trust.id == id_).values(
                trust_id=trust_id, in_use=True, attempts=0,
                sweep_at=clock.sql(GRACE)))


def _doom(session: orm.Session, id_: str, clock: Clock,
          **values: str) -> None:
    db.changed(session, sa.update(models.Trust).where(
        models.Trust.id == id_).values(
            in_use=None, attempts=0, sweep_at=clock.sql(), **values))


# -- it is used, until it is not ----------------------------------------------

def hold(session: orm.Session, user_id: str | None, project_id: str) -> bool:
    """Keep the trust of a user until the commit; False: there is none.

    Whoever inserts an operation does this first: then the trust goes either
    before, and it is found missing here, or not at all.
    """
    return db.changed(session, sa.update(models.Trust).where(
        _used(user_id, project_id)).values(turn=models.Trust.turn + 1)) > 0


def release(session: orm.Session, user_id: str | None, project_id: str,
            clock: Clock = DATABASE) -> None:
    """Doom the trust of a user who has no operation left.

    Called in the transaction that took one from him, and which has read
    nothing without a lock.
    """
    if not hold(session, user_id, project_id):
        return
    operation = models.ScheduledOperation
    # It comes after the lock, so that it sees what was inserted under the
    # lock of another; for MariaDB, no plain SELECT may come before it. It
    # takes no locks itself, or two deletions would wait for each other.
    left = session.execute(
        sa.select(operation.id)
        .where(operation.project_id == project_id,
               operation.user_id == user_id).limit(1)).scalar()
    if left is None:
        db.changed(session, sa.update(models.Trust).where(
            _used(user_id, project_id)).values(
                in_use=None, attempts=0, sweep_at=clock.sql()))


# -- somebody looks after them ------------------------------------------------

@db.retry
def claim(context: RequestContext, limit: int,
          clock: Clock = DATABASE) -> list[Trust]:
    """Take some that have to be looked after, the longest waiting first.

    Nobody else gets them for a while, which is longer with each attempt.
    """
    with db.writer(context) as session:
        rows = session.execute(
            sa.select(models.Trust)
            .where(models.Trust.sweep_at <= clock.sql())
            .order_by(models.Trust.sweep_at, models.Trust.id).limit(limit)
            .with_for_update(skip_locked=True)).scalars().all()
        for row in rows:
            pause = min(_PAUSE * 2 ** min(row.attempts, 20), DAY)
            db.changed(session, sa.update(models.Trust).where(
                models.Trust.id == row.id).values(
                    sweep_at=clock.sql(pause),
                    attempts=models.Trust.attempts + 1))
        return [_model(row) for row in rows]


@db.retry
def rewind(context: RequestContext, clock: Clock = DATABASE,
           slack: float = 60) -> int:
    """Look after those that wait for a time which a clock has shown.

    That of the database, while it was ahead. What is not made yet may have
    been given any time.

    :param slack: seconds by which a clock may go back in good order
    :return: how many there were
    """
    with db.writer(context) as session:
        return db.changed(session, sa.update(models.Trust).where(
            models.Trust.trust_id.is_not(None),
            models.Trust.sweep_at > clock.sql(DAY + slack)).values(
                sweep_at=clock.sql(GRACE)))


@db.retry
def look_after(context: RequestContext, trust: Trust,
               clock: Clock = DATABASE) -> None:
    """Doom a trust in use of which no use is made."""
    with db.writer(context) as session:
        if db.changed(session, sa.update(models.Trust).where(
                models.Trust.id == trust.id,
                models.Trust.in_use == sa.true()).values(
                    attempts=0, sweep_at=clock.sql(DAY))):
            release(session, trust.user_id, trust.project_id, clock)


@db.retry
def found(context: RequestContext, id_: str, trust_id: str,
          clock: Clock = DATABASE) -> None:
    """Doom a trust that was made, which nobody has recorded."""
    with db.writer(context) as session:
        db.changed(session, sa.update(models.Trust).where(
            models.Trust.id == id_, models.Trust.trust_id.is_(None)).values(
                trust_id=trust_id, attempts=0, sweep_at=clock.sql()))


@db.retry
def remove(context: RequestContext, ids: Iterable[str]) -> None:
    """Forget trusts that are deleted."""
    with db.writer(context) as session:
        db.changed(session, sa.delete(models.Trust).where(
            models.Trust.id.in_(list(ids)), models.Trust.in_use.is_(None)))
