# SPDX-License-Identifier: Apache-2.0
"""What the database tells operators, on three databases."""

import pytest
import sqlalchemy as sa

from karbor.db import metrics
from karbor.db import models
from karbor.db import operations
from karbor.db import plans
from karbor.db import scheduled_operations
from karbor.db import services
from karbor.db import session as db
from karbor.db import triggers
from karbor.db import types
from karbor.metrics.database import Life
from karbor.metrics.database import Load
from karbor.metrics.database import Reading
from karbor.tests import fixtures
from karbor.tests.unit.db import common
from karbor.tests.unit.db import schedules


def read(projects=100, plans=1000):
    return metrics.read(common.system(), projects, plans)


def seconds_ago(row, seconds):
    """Have an operation made so many seconds before now."""
    with db.writer(common.system()) as session:
        db.changed(session, sa.update(models.Operation).where(
            models.Operation.id == row.id).values(
                created_at=types.now(-seconds)))


def end(operation, status='success'):
    with db.writer(common.system()) as session:
        operations.finish(session, operation, status)


def by_key(reading):
    return {(load.project_id, load.type): load for load in reading.loads}


def test_an_empty_database_says_nothing(database):
    assert read() == Reading([], [], False, [])


def test_what_waits_runs_and_is_abandoned(database):
    end(common.claimed(type='verify'))
    common.claimed(type='restore')
    common.silence(common.claimed(type='restore'))
    old, young, other = common.save(
        common.operation(), common.operation(),
        common.operation(project_id=common.OTHER))
    for row, age in ((old, 3600), (young, 60), (other, 7200)):
        seconds_ago(row, age)
    found = by_key(read())
    assert set(found) == {(common.PROJECT, 'protect'),
                          (common.PROJECT, 'restore'),
                          (common.OTHER, 'protect')}
    mine = found[common.PROJECT, 'protect']
    assert (mine.queued, mine.running, mine.abandoned) == (2, 0, 0)
    assert 3600 <= mine.oldest_age < 7200
    assert found[common.OTHER, 'protect'].oldest_age >= 7200
    assert found[common.PROJECT, 'restore'] == Load(
        common.PROJECT, 'restore', queued=0, oldest_age=0.0, running=2,
        abandoned=1)


@pytest.mark.parametrize('number', [0, 1, 2])
def test_small_projects_are_added_up(database, number):
    """However many projects there are, the series are so many."""
    common.save(*(common.operation(project_id=f'p{project}')
                  for project in range(4) for _time in range(4 - project)))
    found = by_key(read(projects=number))
    own = {(f'p{project}', 'protect') for project in range(number)}
    assert set(found) == {('', 'protect'), *own}
    assert sum(load.queued for load in found.values()) == 10


def test_a_clock_that_is_ahead_makes_no_age_negative(database):
    row = common.save(common.operation())
    seconds_ago(row, -3600)
    assert read().loads[0].oldest_age == 0.0


def test_the_last_success_of_a_plan(database):
    plan, other = sorted((common.plan(), common.plan()),
                         key=lambda plan: plan.id)
    for one in (plan, other):
        plans.create(common.member(), one)
    for status in ('success', 'success', 'error', 'cancelled'):
        end(common.claimed(plan_id=plan.id), status)
    end(common.claimed(plan_id=other.id, type='verify'))
    with db.reader(common.system()) as session:
        [last] = session.execute(
            sa.select(sa.func.max(models.Operation.ended_at)).where(
                models.Operation.plan_id == plan.id,
                models.Operation.status == 'success')).scalars().all()
    first, second = read().plans
    assert (first.plan_id, first.project_id) == (plan.id, common.PROJECT)
    assert first.last_success == last.timestamp()
    assert (second.plan_id, second.last_success) == (other.id, 0.0)
    assert not first.scheduled
    [only] = read(plans=1).plans
    assert only == first
    assert read(plans=1).plans_left_out is True
    assert read(plans=2).plans_left_out is False


def test_daemons_and_their_heartbeats(database):
    services.heartbeat(common.system(), 'h', 'karbor-protection')
    services.heartbeat(common.system(), 'h', 'karbor-operationengine')
    [silent] = services.list_(common.system(), 60,
                              binary='karbor-operationengine')
    services.set_status(common.system(), silent.id, 'disabled', None, 60)
    with db.writer(common.system()) as session:
        db.changed(session, sa.update(models.Service).where(
            models.Service.id == silent.id).values(
                updated_at=types.now(-3600)))
    young, old = read().lives
    assert (young.host, young.binary, young.enabled) == (
        'h', 'karbor-protection', True)
    assert young.age < 3600
    assert old == Life('h', 'karbor-operationengine', False, old.age)
    assert old.age >= 3600


def test_the_number_of_queries_does_not_depend_on_what_there_is(database):
    def count():
        with fixtures.Statements() as statements:
            read()
        return statements.count

    before = count()
    plan = common.plan()
    plans.create(common.member(), plan)
    common.save(*(common.operation(project_id=f'p{number}')
                  for number in range(20)))
    assert count() == before


def test_a_plan_on_which_a_schedule_works(database):
    plan = plans.create(common.member(), common.plan())
    trigger = triggers.create(common.member(), common.trigger(),
                              common.never)
    scheduled = scheduled_operations.create(
        common.member(), common.scheduled_operation(
            trigger_id=trigger.id, plan_id=plan.id))
    assert read().plans[0].scheduled is True
    schedules.set_operation(scheduled, enabled=False)
    assert read().plans[0].scheduled is False
