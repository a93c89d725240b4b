# SPDX-License-Identifier: Apache-2.0
"""Cancelling: what waits ends at once, who works on the rest is told."""

import dataclasses
import datetime
from typing import Any

from oslo_utils import timeutils
import sqlalchemy as sa
from sqlalchemy import orm

from karbor import exception
from karbor.context import RequestContext
from karbor.db import checkpoints
from karbor.db import models
from karbor.db import query
from karbor.db import session as db
from karbor.model import lane
from karbor.model import states
from karbor.model.operation import cancelled_by
from karbor.model.operation import MAKING
from karbor.model.operation import Operation

_TABLE: Any = models.OperationResource.__table__
ACTIVE = ('queued', 'running')


@db.retry
def cancel(context: RequestContext, operation_id: str, user: str) -> str:
    """End an operation that waits; of one that runs, note the wish.

    Who works on it sees the wish with the next heartbeat; if nobody does any
    more, the next claim ends it. Told again, the first wish stands.

    :param user: who wants it
    :return: its status now: cancelled or running
    :raises exception.OperationNotFound: the context sees none of that id
    :raises exception.OperationEnded: it is too late
    """
    with db.writer(context) as session:
        # locked, so that no claim, release or end comes between
        row = session.execute(
            sa.select(models.Operation)
            .where(models.Operation.id == operation_id,
                   query.fence(context, models.Operation, all_projects=True))
            .with_for_update()).scalar()
        if row is None:
            raise exception.OperationNotFound(id=operation_id)
        if row.status not in ACTIVE:
            raise exception.OperationEnded(id=row.id, status=row.status)
        return _cancel(session, context, row, user)


def cancel_maker(session: orm.Session, context: RequestContext,
                 checkpoint_id: str, user: str, follower: Operation,
                 ) -> tuple[Operation, str | None]:
    """The same of what makes a checkpoint, for something else to follow.

    It comes first in its transaction: operations are locked before their
    checkpoints.

    :param follower: an operation on the checkpoint that is to be inserted
    :return: that, so that it waits for what runs; and the id of what runs
    """
    row = session.execute(
        sa.select(models.Operation)
        .where(models.Operation.checkpoint_id == checkpoint_id,
               models.Operation.type.in_(MAKING),
               models.Operation.status.in_(ACTIVE),
               query.fence(context, models.Operation, all_projects=True))
        .with_for_update()).scalar()
    if row is None or _cancel(session, context, row, user) == 'cancelled':
        return follower, None
    way = row.lane
    if way is None:
        way = lane.of_checkpoint(checkpoint_id)
        db.changed(session, sa.update(models.Operation).where(
            models.Operation.id == row.id).values(lane=way))
    # If its worker gives it up in good order, it waits in the same queue, and
    # comes first whatever the clock of this host says.
    next_moment = row.created_at + datetime.timedelta(microseconds=1)
    return dataclasses.replace(
        follower, lane=way,
        created_at=max(follower.created_at, next_moment)), row.id


def _cancel(session: orm.Session, context: RequestContext,
            row: models.Operation, user: str) -> str:
    moment = timeutils.utcnow(with_timezone=True)
    values: dict[str, Any] = {}
    if row.cancel_requested_by is None:
        values = {'cancel_requested_at': moment, 'cancel_requested_by': user}
    status: str = row.status
    if status == 'queued':
        status = states.OPERATION.check(status, 'cancelled')
        reason = cancelled_by(row.cancel_requested_by or user)
        values |= {'status': status, 'reason': reason, 'ended_at': moment}
        after = states.AFTER_FAILURE.get(row.type)
        if not row.attempt:
            # nobody has begun, so a deletion has destroyed nothing
            after = _as_it_was(session, row) or after
        if after is not None:
            checkpoints.change(
                session, context, row.checkpoint_id, after,
                sources=states.DURING[row.type],
                reason=None if after == 'available' else reason)
        if row.attempt:
            _settle(session, row.id, reason)
    if values:
        db.changed(session, sa.update(models.Operation).where(
            models.Operation.id == row.id).values(**values))
    return status


def _as_it_was(session: orm.Session, row: models.Operation) -> str | None:
    """The state of a checkpoint before it was to be deleted."""
    was: str | None = row.request.get('was')
    if was not in states.BEING_MADE:
        return was
    # that was cancelled, but maybe too late
    sealed = session.execute(
        sa.select(models.Checkpoint.sealed)
        .where(models.Checkpoint.id == row.checkpoint_id)).scalar()
    return 'available' if sealed else 'error'


def _settle(session: orm.Session, operation_id: str, reason: str) -> None:
    """Note the end of resources that were given up half done."""
    unfinished = ('undefined', 'running')
    for status in unfinished:
        states.OPERATION_RESOURCE.check(status, 'error')
    db.changed(session, sa.update(_TABLE).where(
        _TABLE.c.operation_id == operation_id,
        _TABLE.c.status.in_(unfinished)).values(
            status='error', reason=reason))
