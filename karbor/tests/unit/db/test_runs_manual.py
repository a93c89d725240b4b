# SPDX-License-Identifier: Apache-2.0
"""Runs that users want now."""

import datetime

import pytest

from karbor import exception
from karbor.db import firing
from karbor.db import runs
from karbor.db import scheduled_operations
from karbor.tests.unit.db import common
from karbor.tests.unit.db import schedules

NOON, MINUTE = schedules.NOON, schedules.MINUTE
TICK = datetime.timedelta(microseconds=1)


@pytest.fixture
def operation(clock):
    return schedules.operation(clock, schedules.trigger(clock).id,
                               complete_within=60)


def add(operation, clock, who=None):
    return runs.add(who or common.member(), operation.id, 900, clock)


def test_a_run_is_read_as_it_was_written(operation, clock):
    run = add(operation, clock)
    assert schedules.ledger(operation) == [run]
    assert (run.origin, run.status, run.attempt) == ('manual', 'queued', 0)
    assert run.cause == {'user_id': 'u'}
    assert run.start_by - run.expected_at == 15 * MINUTE
    assert run.complete_by - run.expected_at == MINUTE
    [claimed] = runs.claim(common.system(), 'e', 60, clock)
    assert (claimed.id, claimed.cause) == (run.id, run.cause)


def test_no_two_are_expected_at_the_same_time(operation, clock):
    """However coarse the clock, and whenever it is set back."""
    found = [add(operation, clock) for _number in range(3)]
    clock.after(seconds=-1)
    found.append(add(operation, clock))
    assert [run.expected_at - NOON for run in found] == [
        TICK, 2 * TICK, 3 * TICK, 4 * TICK]
    clock.after(seconds=5)
    assert add(operation, clock).expected_at == clock.moment + TICK


def test_whole_seconds_are_left_to_triggers(operation, clock):
    clock.after(minutes=1)
    run = add(operation, clock)
    firing.fire_due(common.system(), schedules.every_minute, clock)
    assert [one.origin for one in schedules.ledger(operation)] == [
        'time', 'manual']
    assert run.expected_at == NOON + MINUTE + TICK
    clock.after(seconds=1 - 2e-6)
    assert add(operation, clock).expected_at.microsecond == 999998
    clock.after(microseconds=1)
    assert add(operation, clock).expected_at.microsecond == 999999
    assert add(operation, clock).expected_at.microsecond == 1


def test_what_does_not_run(operation, clock):
    schedules.set_operation(operation, enabled=False)
    with pytest.raises(exception.ScheduledOperationDisabled,
                       match=operation.id):
        add(operation, clock)
    schedules.set_operation(operation, enabled=True)
    with pytest.raises(exception.ScheduledOperationNotFound):
        add(operation, clock, common.member(common.OTHER))
    assert schedules.ledger() == []
    add(operation, clock, common.admin(common.OTHER))
    scheduled_operations.delete(common.member(), operation.id)
    with pytest.raises(exception.ScheduledOperationNotFound):
        add(operation, clock)


def test_many_at_once(operation, clock):
    answers = common.side_by_side(*[
        lambda: add(operation, clock)] * 6)
    assert not [one for one in answers if isinstance(one, Exception)], answers
    assert sorted(run.expected_at - NOON for run in answers) == [
        number * TICK for number in range(1, 7)]


# -- when the clock was ahead -------------------------------------------------

def rewind(clock):
    return runs.rewind(common.system(), 60, clock)


def test_what_was_wanted_while_the_clock_was_ahead_is_wanted_now(operation,
                                                                 clock):
    clock.after(days=30)
    first, second = add(operation, clock), add(operation, clock)
    firing.fire_due(common.system(), schedules.every_minute, clock)
    clock.after(days=-30)
    assert firing.rewind(common.system(), schedules.every_minute, clock) == [
        operation.trigger_id]
    assert sorted(rewind(clock)) == sorted([first.id, second.id])
    assert rewind(clock) == []
    found = schedules.ledger(operation)
    assert [run.id for run in found] == [first.id, second.id]
    assert [run.expected_at for run in found] == [NOON + TICK, NOON + 2 * TICK]
    for run in found:
        assert run.triggered_at == NOON
        assert run.start_by - NOON <= 15 * MINUTE + TICK
        assert run.complete_by - NOON <= MINUTE + TICK
        assert run.cause == {'user_id': 'u'}
    assert len(runs.claim(common.system(), 'e', 60, clock)) == 2


def test_what_an_engine_held_while_the_clock_was_ahead_is_free(operation,
                                                               clock):
    """That engine may have been killed with the machine that was ahead."""
    run = add(operation, clock)
    clock.after(minutes=5)
    runs.claim(common.system(), 'dead', 60, clock)
    clock.after(minutes=-5)
    assert runs.claim(common.system(), 'e', 60, clock) == []
    assert rewind(clock) == [run.id]
    [claimed] = runs.claim(common.system(), 'e', 60, clock)
    assert (claimed.id, claimed.attempt) == (run.id, 2)
    # held in good order
    assert rewind(clock) == []


def test_a_clock_that_goes_back_a_little_moves_nothing(operation, clock):
    clock.after(seconds=59)
    run = add(operation, clock)
    clock.after(seconds=-59)
    assert rewind(clock) == []
    assert schedules.ledger(operation) == [run]
