# SPDX-License-Identifier: Apache-2.0
"""What tests of sweeps do and look at."""


import sqlalchemy as sa

from karbor import context
from karbor.actions import retention
from karbor.db import checkpoints as rows
from karbor.db import models
from karbor.db import operations
from karbor.db import retention as db
from karbor.db import session
from karbor.model.query import ListQuery
from karbor.tests import fixtures

DAY = 86_400


def due(operation_id, clock):
    """Claim the sweep of an operation, whenever it would be due."""
    with session.writer(context.system()) as writer:
        session.changed(writer, sa.update(models.ScheduledOperation).where(
            models.ScheduledOperation.id == operation_id).values(
                retention_at=clock.sql()))
    claimed = db.claim(context.system(), 3_600, clock)
    assert claimed.operation_id == operation_id
    return claimed


def swept(operation_id, clock):
    return retention.sweep(due(operation_id, clock), clock)


def statuses():
    with session.reader(context.system()) as reader:
        return dict(reader.execute(sa.select(
            models.Checkpoint.id, models.Checkpoint.status)).all())


def deletions():
    """Checkpoints that are to be deleted, and who wants it; oldest first."""
    return [(one.checkpoint_id, one.scheduled_operation_id)
            for one in operations.list_(context.system(), ListQuery(
                sort=[('created_at', 'asc'), ('id', 'asc')]))
            if one.type == 'delete' and one.status == 'queued']


def told(simulation):
    return {one.checkpoint.id: one.action for one in simulation.fates}


def boss():
    return context.RequestContext(
        user_id='b', project_id=fixtures.PROJECT,
        roles=['manager', 'member', 'reader'], overwrite=False)


def fail_deletion(reason='no permission', clock=None):
    """Let the oldest deletion fail, now by the clock."""
    made = operations.claim(context.system(), 'w', 300)
    assert made.type == 'delete'
    with session.writer(context.system()) as writer:
        assert rows.change(writer, context.system(), made.checkpoint_id,
                           'error-deleting', reason=reason)
        operations.finish(writer, made, 'error', reason)
        session.changed(writer, sa.update(models.Operation).where(
            models.Operation.id == made.id).values(ended_at=clock.moment))
