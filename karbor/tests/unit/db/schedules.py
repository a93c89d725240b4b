# SPDX-License-Identifier: Apache-2.0
"""A clock that stands still, and triggers that fire every minute."""

import datetime

import sqlalchemy as sa

from karbor.db import clock as db_clock
from karbor.db import models
from karbor.db import operations
from karbor.db import plans
from karbor.db import runs
from karbor.db import scheduled_operations
from karbor.db import session as db
from karbor.db import triggers
from karbor.db import types
from karbor.model.run import Firing
from karbor.tests.unit.db import common

MINUTE = datetime.timedelta(minutes=1)
NOON = datetime.datetime(2026, 11, 22, 12, 0, tzinfo=datetime.UTC)
WINDOW = 900


class Clock(db_clock.Clock):
    """Shows noon until somebody moves it."""

    def __init__(self, moment=NOON):
        self.moment = moment

    def sql(self, seconds=0):
        return sa.literal(self.moment + datetime.timedelta(seconds=seconds),
                          types.UTCDateTime())

    def read(self, session):
        return self.moment

    def after(self, **times):
        self.moment += datetime.timedelta(**times)


def every_minute(trigger, done_until, now):
    """Owes each whole minute, by no time format at all."""
    first = done_until.replace(second=0, microsecond=0) + MINUTE
    times = []
    while first + len(times) * MINUTE <= now:
        times.append(first + len(times) * MINUTE)
    return Firing(tuple(times), max(now, done_until),
                  first + len(times) * MINUTE)


def trigger(clock, reckon=every_minute, **changes):
    return triggers.create(
        common.member(),
        common.trigger(properties={'window': WINDOW}, **changes), reckon,
        clock)


def operation(clock, trigger_id, **changes):
    plan = plans.create(common.member(), common.plan(status='started'))
    return scheduled_operations.create(
        common.member(), common.scheduled_operation(
            trigger_id=trigger_id, plan_id=plan.id, **changes), clock)


def ledger(operation=None):
    """All runs, or those of an operation, in the order of their times."""
    table = runs.TABLE
    select = sa.select(table).order_by(table.c.expected_at, table.c.id)
    if operation is not None:
        select = select.where(
            table.c.scheduled_operation_id == operation.id)
    with db.reader(common.system()) as session:
        return [runs.model(row) for row in session.execute(select)]


def begin(run, clock, **changes):
    """Begin a run with an operation, as actions do."""
    work = common.operation(
        scheduled_operation_id=run.scheduled_operation_id,
        scheduled_run_id=run.id, **changes)
    with db.writer(common.system()) as session:
        runs.begin(session, run, clock, checkpoint_id=work.checkpoint_id,
                   operation_id=work.id)
        operations.insert(session, work)
    return work


def set_operation(operation, **values):
    with db.writer(common.system()) as session:
        db.changed(session, sa.update(models.ScheduledOperation).where(
            models.ScheduledOperation.id == operation.id).values(**values))


def set_work(work, **values):
    with db.writer(common.system()) as session:
        db.changed(session, sa.update(models.Operation).where(
            models.Operation.id == work.id).values(**values))
