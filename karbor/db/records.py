# SPDX-License-Identifier: Apache-2.0
"""What restores were about to make and to overwrite.

It is written by the worker that holds the restore, and read by the restore
that is run again and by the operation that undoes it. A row has many records:
a restore of a tree names each file before it makes it.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from karbor.context import RequestContext
from karbor.db import models
from karbor.db import operations
from karbor.db import session as db
from karbor.model.operation import Operation
from karbor.model.record import Record

# records in a row
MOST = 500
# rows that are read at a time
_PAGE = 10

_TABLE: Any = models.OperationRecord.__table__


@db.retry
def add(context: RequestContext, operation: Operation, position: int,
        records: Sequence[Record]) -> None:
    """Write records of a resource durably, all of them or none.

    :param operation: a restore that is held
    :raises exception.LeaseLost: it is not held any more
    """
    with db.writer(context) as session:
        # locks the operation, so nobody else counts at the same time
        operations.fence(session, operation)
        number = session.execute(
            sa.select(sa.func.coalesce(sa.func.max(_TABLE.c.number), -1) + 1)
            .where(_TABLE.c.operation_id == operation.id,
                   _TABLE.c.position == position)).scalar_one()
        session.execute(sa.insert(_TABLE), [
            {'operation_id': operation.id, 'position': position,
             'number': number + at // MOST,
             'records': [record.to_list()
                         for record in records[at:at + MOST]]}
            for at in range(0, len(records), MOST)])


def newest_first(context: RequestContext, operation_id: str,
                 position: int) -> Iterator[Record]:
    """The records of a resource, those that were written last before others.

    There may be millions, so only some are in memory.
    """
    before: int | None = None
    while True:
        with db.reader(context) as session:
            rows = session.execute(
                sa.select(_TABLE.c.number, _TABLE.c.records)
                .where(_TABLE.c.operation_id == operation_id,
                       _TABLE.c.position == position,
                       sa.true() if before is None
                       else _TABLE.c.number < before)
                .order_by(_TABLE.c.number.desc()).limit(_PAGE)).all()
        for _number, records in rows:
            for stored in reversed(records):
                yield Record.from_list(stored)
        if len(rows) < _PAGE:
            return
        before = rows[-1].number


def positions(context: RequestContext, operation_id: str) -> frozenset[int]:
    """Of which resources a restore has left records."""
    with db.reader(context) as session:
        return frozenset(session.execute(
            sa.select(_TABLE.c.position).distinct()
            .where(_TABLE.c.operation_id == operation_id)).scalars())


def forget(session: orm.Session, operation_id: str) -> None:
    """Remove the records of a restore that nobody will undo any more."""
    db.changed(session, sa.delete(_TABLE).where(
        _TABLE.c.operation_id == operation_id))
