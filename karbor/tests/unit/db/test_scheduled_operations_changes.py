# SPDX-License-Identifier: Apache-2.0
"""Changes of scheduled operations: what was due before is left as it was."""

import datetime

import pytest

from karbor import exception
from karbor.db import firing
from karbor.db import plans
from karbor.db import scheduled_operations
from karbor.db import session as db
from karbor.db import triggers
from karbor.model.run import Firing
from karbor.tests import fixtures
from karbor.tests.unit.db import common
from karbor.tests.unit.db import schedules

NOON, MINUTE = schedules.NOON, schedules.MINUTE


def change(operation, clock, who=None, reckon=schedules.every_minute,
           **changes):
    return scheduled_operations.update(
        who or common.member(), operation.id, changes, reckon, clock)


def fire(clock):
    return firing.fire_due(common.system(), schedules.every_minute, clock)


def test_what_is_changed_is_read_so(operation, clock):
    clock.after(seconds=5)
    plan = plans.create(common.member(), common.plan())
    values = {'name': 'new', 'description': 'words', 'overlap': 'queue',
              'complete_within': 90, 'enabled': False, 'plan_id': plan.id,
              'operation_definition': {'plan_id': plan.id}}
    changed = change(operation, clock, **values)
    assert {name: getattr(changed, name) for name in values} == values
    assert (changed.created_at, changed.updated_at) == (
        operation.created_at, clock.moment)
    assert scheduled_operations.get(common.member(),
                                    operation.id) == changed
    assert schedules.ledger() == []


def test_the_fence(operation, clock):
    with pytest.raises(exception.ScheduledOperationNotFound):
        change(operation, clock, common.member(common.OTHER), name='x')
    assert scheduled_operations.get(common.member(),
                                    operation.id) == operation
    assert change(operation, clock, common.admin(common.OTHER),
                  name='x').name == 'x'
    scheduled_operations.delete(common.member(), operation.id)
    with pytest.raises(exception.ScheduledOperationNotFound):
        change(operation, clock, name='y')


@pytest.mark.parametrize(('key', 'error'), [
    ('trigger_id', exception.TriggerNotFound),
    ('plan_id', exception.PlanNotFound)])
def test_nothing_is_bound_to_nothing(operation, clock, key, error):
    clock.after(minutes=1)
    with pytest.raises(error, match=common.NOWHERE):
        change(operation, clock, name='x', **{key: common.NOWHERE})
    assert scheduled_operations.get(common.member(),
                                    operation.id) == operation
    assert schedules.ledger() == []


def test_what_was_due_before_it_was_disabled_runs(operation, clock):
    clock.after(minutes=1)
    change(operation, clock, enabled=False)
    clock.after(minutes=1)
    change(operation, clock, enabled=True)
    clock.after(minutes=1)
    fire(clock)
    assert [(run.expected_at, run.status) for run
            in schedules.ledger(operation)] == [
        (NOON + MINUTE, 'queued'), (NOON + 2 * MINUTE, 'skipped'),
        (NOON + 3 * MINUTE, 'queued')]


def test_it_goes_over_to_another_trigger_at_once(operation, clock):
    """Each time of the old one before it, each of the new one after it."""
    def halves(trigger, done_until, now):
        half = datetime.timedelta(seconds=30)
        found = schedules.every_minute(trigger, done_until - half, now - half)
        return Firing(tuple(time + half for time in found.times),
                      found.done_until + half, found.next_time + half)

    def by_trigger(trigger, done_until, now):
        return (halves if trigger.id == second.id
                else schedules.every_minute)(trigger, done_until, now)

    second = schedules.trigger(clock, halves)
    clock.after(seconds=100)
    change(operation, clock, reckon=by_trigger, trigger_id=second.id)
    clock.after(seconds=100)
    firing.fire_due(common.system(), by_trigger, clock)
    assert [run.expected_at - NOON for run in schedules.ledger(operation)] == [
        datetime.timedelta(seconds=seconds) for seconds in (60, 150)]
    assert {run.trigger_id for run in schedules.ledger(operation)} == {
        operation.trigger_id, second.id}


@pytest.mark.parametrize('round_', range(5))
def test_two_changes_of_the_trigger_race(operation, clock, round_):
    """Both happen, one after the other, and no time is lost between."""
    first, second = (schedules.trigger(clock).id for _number in range(2))
    clock.after(minutes=1)
    answers = common.side_by_side(
        lambda: change(operation, clock, trigger_id=first),
        lambda: change(operation, clock, trigger_id=second),
        lambda: change(operation, clock, name='new'))
    assert not [one for one in answers if isinstance(one, Exception)], answers
    found = scheduled_operations.get(common.member(), operation.id)
    assert found.name == 'new'
    assert found.trigger_id in (first, second)
    clock.after(minutes=1)
    while fire(clock):
        pass
    assert [run.expected_at for run in schedules.ledger(operation)] == [
        NOON + MINUTE, NOON + 2 * MINUTE]


def test_a_trigger_that_changed_meanwhile_is_seen(operation, clock,
                                                  monkeypatch):
    """Between the first look at the row and its lock."""
    if db.engine().dialect.name == 'sqlite':
        pytest.skip('SQLite has one writer')
    other = schedules.trigger(clock).id
    real, seen = firing.catch_up, []

    def slow(session, ids, reckon, clock):
        seen.append(set(ids))
        if len(seen) == 1:
            schedules.set_operation(operation, trigger_id=other)
        return real(session, ids, reckon, clock)

    monkeypatch.setattr(firing, 'catch_up', slow)
    assert change(operation, clock, enabled=False).trigger_id == other
    assert seen == [{operation.trigger_id}, {other}]


@pytest.mark.parametrize('round_', range(3))
def test_a_trigger_and_its_next_operation_race(operation, clock, round_):
    other = schedules.trigger(clock).id
    deleted, changed = common.side_by_side(
        lambda: triggers.delete(common.member(), other),
        lambda: change(operation, clock, trigger_id=other))
    if isinstance(changed, exception.TriggerNotFound):
        assert deleted is None
        changed = operation
    else:
        assert isinstance(deleted, exception.TriggerInUse), deleted
    assert scheduled_operations.get(common.member(), operation.id) == changed


def test_a_change_costs_as_much_with_many_runs(operation, clock):
    def count():
        clock.after(seconds=1)
        with fixtures.Statements() as statements:
            change(operation, clock, enabled=False)
        return statements.count

    # from the first change on its sweeps have a time, which changes as well
    count()
    few = count()
    clock.after(minutes=500)
    fire(clock)
    assert count() == few < 12
