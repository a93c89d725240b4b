# SPDX-License-Identifier: Apache-2.0
"""What triggers have done while the clock of the database was ahead."""

import datetime

import sqlalchemy as sa

from karbor.db import firing
from karbor.db import models
from karbor.db import runs
from karbor.db import session as db
from karbor.model.run import Firing
from karbor.tests.unit.db import common
from karbor.tests.unit.db import schedules
from karbor.tests.unit.db.test_firing import fire
from karbor.tests.unit.db.test_firing import stored

NOON, MINUTE = schedules.NOON, schedules.MINUTE


def rewind(clock):
    return firing.rewind(common.system(), schedules.every_minute, clock)


def test_a_clock_that_was_ahead_silences_nobody(clock):
    """Somebody sets the clock of the database a year ahead, and back."""
    trigger = schedules.trigger(clock)
    operation = schedules.operation(clock, trigger.id)
    quiet = schedules.trigger(clock, common.never)
    clock.after(minutes=1)
    fire(clock)
    [good] = schedules.ledger()
    clock.after(minutes=500)
    fire(clock)
    assert rewind(clock) == []
    clock.after(minutes=-500)
    assert fire(clock) == 0
    assert rewind(clock) == [trigger.id]
    assert rewind(clock) == []
    assert schedules.ledger() == [good]
    clock.after(minutes=1)
    fire(clock)
    assert [(run.expected_at, run.status) for run in schedules.ledger(
        operation)] == [(NOON + MINUTE, 'queued'),
                        (NOON + 2 * MINUTE, 'queued')]
    assert stored(quiet).next_time is None


def test_a_run_that_began_while_the_clock_was_ahead_stays(clock):
    operation = schedules.operation(clock, schedules.trigger(clock).id)
    clock.after(minutes=5)
    fire(clock)
    [run] = runs.claim(common.system(), 'e', 60, clock)
    schedules.begin(run, clock)
    clock.after(minutes=-5)
    rewind(clock)
    assert [(run.expected_at, run.status) for run in schedules.ledger(
        operation)] == [(NOON + 5 * MINUTE, 'running')]
    clock.after(minutes=6)
    fire(clock)
    found = schedules.ledger(operation)
    assert [run.expected_at for run in found] == [
        NOON + number * MINUTE for number in range(1, 7)]


def test_a_clock_that_goes_back_a_little_is_nothing(clock):
    trigger = schedules.trigger(clock)
    schedules.operation(clock, trigger.id)
    clock.after(minutes=2)
    fire(clock)
    clock.after(seconds=-59)
    assert rewind(clock) == []
    assert len(schedules.ledger()) == 2


def pending_event(clock, trigger, **times):
    """As an event leaves a trigger that arrives now."""
    with db.writer(common.system()) as session:
        db.changed(session, sa.update(models.Trigger).where(
            models.Trigger.id == trigger.id).values(
                source='webhook',
                next_time=clock.moment + datetime.timedelta(**times),
                pending={'count': 1, 'id': 'e', 'type': 't',
                         'received_at': clock.moment.isoformat(),
                         'first_at': clock.moment.isoformat()}))


def of_events(trigger, done_until, now):
    return Firing((trigger.next_time,), trigger.next_time, None)


def test_an_event_that_came_while_the_clock_was_ahead_fires(clock):
    trigger = schedules.trigger(clock, common.never, type='event')
    schedules.operation(clock, trigger.id)
    clock.after(days=30)
    pending_event(clock, trigger, seconds=5)
    clock.after(days=-30, minutes=1)
    assert rewind(clock) == [trigger.id]
    assert rewind(clock) == []
    row = stored(trigger)
    assert row.next_time == clock.moment
    assert row.pending['first_at'] == clock.moment.isoformat()
    assert fire(clock, of_events) == 1
    assert [run.status for run in schedules.ledger()] == ['queued']


def test_an_event_that_waits_in_good_order_goes_on_waiting(clock):
    trigger = schedules.trigger(clock, common.never, type='event')
    with db.writer(common.system()) as session:
        db.changed(session, sa.update(models.Trigger).values(
            properties={'window': 1, 'min_interval': 9_000, 'debounce': 1}))
    pending_event(clock, trigger, seconds=9_000)
    assert rewind(clock) == []


def test_what_events_asked_for_while_the_clock_was_ahead_stays(clock):
    """No other time comes that would make up for it."""
    trigger = schedules.trigger(clock, common.never, type='event')
    operation = schedules.operation(clock, trigger.id)
    clock.after(days=30)
    pending_event(clock, trigger, seconds=0)
    assert fire(clock, of_events) == 1
    clock.after(days=-30)
    assert rewind(clock) == [trigger.id]
    [run] = schedules.ledger(operation)
    assert (run.origin, run.status) == ('event', 'queued')
    assert stored(trigger).done_until == clock.moment
