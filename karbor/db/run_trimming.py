# SPDX-License-Identifier: Apache-2.0
"""Old runs leave the ledger."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from karbor.context import RequestContext
from karbor.db import models
from karbor.db import runs
from karbor.db import session as db
from karbor.db.clock import Clock
from karbor.db.clock import DATABASE
from karbor.model import states


@db.retry
def trim(context: RequestContext, *, seconds: int, number: int,
         clock: Clock = DATABASE, limit: int = 1000) -> int:
    """Remove some old runs; never the last success of an operation.

    :param seconds: those that are older go
    :param number: so many of an operation stay, the newest
    :param limit: so many are removed by one call
    :return: how many were removed
    """
    with db.reader(context) as session:
        old = list(session.execute(_removable(
            models.Run.expected_at < clock.sql(-seconds)).limit(limit),
        ).scalars())
        counts = (
            sa.select(runs.TABLE.c.scheduled_operation_id)
            .group_by(runs.TABLE.c.scheduled_operation_id)
            # a last success may be one too many for good
            .having(sa.func.count() > number + 1))
        for operation_id in session.execute(counts).scalars().all():
            if len(old) >= limit:
                break
            first = session.execute(
                sa.select(runs.TABLE.c.expected_at)
                .where(runs.TABLE.c.scheduled_operation_id == operation_id)
                .order_by(runs.TABLE.c.expected_at.desc())
                .offset(number - 1).limit(1)).scalar()
            old.extend(session.execute(_removable(
                models.Run.scheduled_operation_id == operation_id,
                models.Run.expected_at < first).limit(limit)).scalars())
    removed = 0
    if old:
        with db.writer(context) as session:
            removed = db.changed(session, sa.delete(models.Run).where(
                models.Run.id.in_(set(old[:limit])),
                models.Run.status.in_(states.RUN.final)))
    return removed


def _removable(*conditions: sa.ColumnElement[bool]) -> Any:
    later = orm.aliased(models.Run)
    return sa.select(models.Run.id).where(
        *conditions, models.Run.status.in_(states.RUN.final),
        sa.or_(models.Run.status != 'success', sa.exists().where(
            later.scheduled_operation_id
            == models.Run.scheduled_operation_id,
            later.status == 'success',
            later.expected_at > models.Run.expected_at)))
