# SPDX-License-Identifier: Apache-2.0
"""Each expected time becomes one run, whoever is stopped where."""

import contextlib
import datetime

from oslo_db import exception as db_exception
import pytest
import sqlalchemy as sa

from karbor import exception
from karbor.db import firing
from karbor.db import models
from karbor.db import runs
from karbor.db import scheduled_operations
from karbor.db import session as db
from karbor.db import triggers
from karbor.model.notification import Missed
from karbor.model.run import Firing
from karbor.tests import fixtures
from karbor.tests.unit.db import common
from karbor.tests.unit.db import schedules

NOON, MINUTE = schedules.NOON, schedules.MINUTE


def fire(clock, reckon=schedules.every_minute, limit=20):
    return firing.fire_due(common.system(), reckon, clock, limit)


def stored(trigger):
    with db.reader(common.system()) as session:
        return session.get(models.Trigger, trigger.id)


def test_nothing_is_due_before_its_time(clock):
    trigger = schedules.trigger(clock)
    operation = schedules.operation(clock, trigger.id)
    assert trigger.next_time == NOON + MINUTE
    clock.after(seconds=59)
    assert fire(clock) == 0
    assert schedules.ledger() == []
    clock.after(seconds=1)
    assert fire(clock) == 1
    [run] = schedules.ledger(operation)
    assert (run.status, run.origin, run.expected_at, run.triggered_at) == (
        'queued', 'time', NOON + MINUTE, NOON + MINUTE)
    assert run.start_by == run.expected_at + datetime.timedelta(
        seconds=schedules.WINDOW)
    assert (run.project_id, run.plan_id, run.trigger_id) == (
        common.PROJECT, operation.plan_id, trigger.id)
    assert (run.complete_by, run.cause, run.reason, run.late) == (
        None, None, None, False)
    assert fire(clock) == 0
    assert stored(trigger).next_time == NOON + 2 * MINUTE


def test_a_run_has_its_time_to_end(clock):
    trigger = schedules.trigger(clock)
    schedules.operation(clock, trigger.id, complete_within=90)
    clock.after(minutes=1)
    fire(clock)
    [run] = schedules.ledger()
    assert run.complete_by == NOON + MINUTE + datetime.timedelta(seconds=90)


def test_of_missed_times_only_the_last_is_made_up(clock):
    operation = schedules.operation(clock, schedules.trigger(clock).id)
    clock.after(minutes=40)
    assert fire(clock) == 1
    found = schedules.ledger(operation)
    assert [run.expected_at for run in found] == [
        NOON + number * MINUTE for number in range(1, 41)]
    assert [run.status for run in found] == [
        *['dropped_out_of_window'] * 39, 'queued']
    assert 'one of 40 times' in found[0].reason
    assert '900 s' in found[0].reason
    assert 'only the last' in found[38].reason
    assert all(run.ended_at == clock.moment for run in found[:39])
    assert found[39].ended_at is None


def test_what_was_missed_is_told_once_when_it_is_committed(clock):
    """For each operation; by who crashes before, not at all."""
    operation = schedules.operation(clock, schedules.trigger(clock).id)
    schedules.operation(clock, schedules.trigger(clock).id, enabled=False)
    clock.after(minutes=40)
    told = []

    def tell(missed):
        # by others, too
        assert len(schedules.ledger(operation)) == 40
        told.append(missed)

    def fire_and_tell():
        return firing.fire_due(common.system(), schedules.every_minute,
                               clock, tell=tell)

    def crash(*args):
        raise RuntimeError('crash')

    sa.event.listen(db.engine(), 'commit', crash)
    try:
        with contextlib.suppress(RuntimeError, db_exception.DBError):
            fire_and_tell()
    finally:
        sa.event.remove(db.engine(), 'commit', crash)
    assert told == []
    assert fire_and_tell() == 2
    [reason] = {run.reason for run in schedules.ledger(operation)
                if run.expected_at == NOON + 39 * MINUTE}
    assert told == [Missed(
        trigger_id=operation.trigger_id, project_id=operation.project_id,
        plan_id=operation.plan_id, scheduled_operation_id=operation.id,
        count=39, first=NOON + MINUTE, last=NOON + 39 * MINUTE,
        reason=reason)]
    assert fire_and_tell() == 0
    assert len(told) == 1


def test_who_changes_what_has_missed_times_tells_of_them(clock):
    operation = schedules.operation(clock, schedules.trigger(clock).id)
    told = []
    for change in (
            lambda: triggers.update(
                common.member(), operation.trigger_id, {'name': 'new'},
                schedules.every_minute, clock, tell=told.append),
            lambda: scheduled_operations.update(
                common.member(), operation.id, {'name': 'new'},
                schedules.every_minute, clock, tell=told.append)):
        clock.after(minutes=5)
        change()
        assert [missed.count for missed in told] == [4]
        told.clear()
    clock.after(minutes=1)
    change()
    assert told == []


def test_what_is_out_of_its_window_is_not_made_up(clock):
    def hourly(trigger, done_until, now):
        return Firing((NOON + MINUTE,), now, None)

    trigger = schedules.trigger(clock)
    schedules.operation(clock, trigger.id)
    clock.after(seconds=60 + schedules.WINDOW)
    with db.writer(common.system()) as session:
        # for as long as its window is open
        firing.fire(session, [session.get(models.Trigger, trigger.id)],
                    clock.moment, hourly)
        assert session.execute(sa.select(runs.TABLE.c.status)).scalars(
            ).all() == ['queued']
        session.rollback()
    clock.after(microseconds=1)
    fire(clock, hourly)
    assert [run.status for run in schedules.ledger()] == [
        'dropped_out_of_window']
    assert stored(trigger).next_time is None


def test_ten_thousand_missed_times_cost_one_pass(clock):
    operation = schedules.operation(clock, schedules.trigger(clock).id)
    clock.after(minutes=10_000)
    with fixtures.Statements() as statements:
        assert fire(clock) == 1
        assert fire(clock) == 0
    # SQLAlchemy sends many rows with one statement, as many as fit
    assert statements.count < 60
    found = schedules.ledger(operation)
    assert len(found) == len({run.expected_at for run in found}) == 10_000
    assert [run.status for run in found].count('queued') == 1


def test_one_transaction_makes_so_many_runs(clock):
    """However many triggers and operations have missed how much."""
    made = [schedules.operation(clock, schedules.trigger(clock).id)
            for _number in range(3)]
    made += [schedules.operation(clock, made[0].trigger_id)
             for _number in range(2)]
    schedules.trigger(clock)
    clock.after(minutes=20)
    before, passes = 0, 0
    while firing.fire_due(common.system(), schedules.every_minute, clock,
                          most=30):
        passes += 1
        assert len(schedules.ledger()) - before <= 30
        before = len(schedules.ledger())
    assert passes < 10
    for operation in made:
        found = schedules.ledger(operation)
        assert [run.expected_at for run in found] == [
            NOON + number * MINUTE for number in range(1, 21)]
        assert [run.status for run in found] == [
            *['dropped_out_of_window'] * 19, 'queued']


def test_one_time_is_never_too_much(clock):
    trigger = schedules.trigger(clock)
    for _number in range(4):
        schedules.operation(clock, trigger.id)
    clock.after(minutes=2)
    assert firing.fire_due(common.system(), schedules.every_minute, clock,
                           most=3) == 1
    assert [run.expected_at for run in schedules.ledger()] == [
        NOON + MINUTE] * 4


def parts(trigger, done_until, now):
    """Three times with one look, and no more."""
    whole = schedules.every_minute(trigger, done_until, now)
    if len(whole.times) <= 3:
        return whole
    return Firing(whole.times[:3], whole.times[2], whole.times[2],
                  complete=False)


def test_of_what_is_too_much_for_one_look_none_is_made_up_yet(clock):
    schedules.operation(clock, schedules.trigger(clock).id)
    clock.after(minutes=5)
    assert fire(clock, parts) == 1
    assert [run.status for run in schedules.ledger()] == [
        'dropped_out_of_window'] * 3
    assert fire(clock, parts) == 1
    assert fire(clock, parts) == 0
    assert [run.status for run in schedules.ledger()] == [
        *['dropped_out_of_window'] * 4, 'queued']


def test_an_operation_has_no_runs_of_before_it_was_made(clock):
    trigger = schedules.trigger(clock)
    old = schedules.operation(clock, trigger.id)
    clock.after(minutes=2)
    young = schedules.operation(clock, trigger.id)
    assert young.created_at == clock.moment
    clock.after(minutes=1)
    fire(clock)
    assert len(schedules.ledger(old)) == 3
    assert [run.expected_at for run in schedules.ledger(young)] == [
        NOON + 3 * MINUTE]


def test_a_disabled_operation_has_its_rows_too(clock):
    operation = schedules.operation(clock, schedules.trigger(clock).id,
                                    enabled=False)
    clock.after(minutes=2)
    fire(clock)
    found = schedules.ledger(operation)
    assert [run.status for run in found] == ['skipped', 'skipped']
    assert {run.reason for run in found} == {firing.disabled()}


def test_events_fire_once_and_are_the_cause(clock):
    trigger = schedules.trigger(clock, type='event')
    schedules.operation(clock, trigger.id)
    cause = {'count': 2, 'id': 'e2', 'type': 't'}
    with db.writer(common.system()) as session:
        db.changed(session, sa.update(models.Trigger).values(
            next_time=NOON, pending=cause))

    def once(trigger, done_until, now):
        return Firing((trigger.next_time + MINUTE,), now, None)

    assert fire(clock, once) == 1
    [run] = schedules.ledger()
    assert (run.origin, run.cause) == ('event', cause)
    row = stored(trigger)
    assert (row.pending, row.next_time) == (None, None)
    assert fire(clock, once) == 0


def test_events_of_one_that_cannot_be_read_wait(clock):
    trigger = schedules.trigger(clock, type='event')
    schedules.operation(clock, trigger.id)
    cause = {'count': 2, 'id': 'e2', 'type': 't'}
    with db.writer(common.system()) as session:
        db.changed(session, sa.update(models.Trigger).values(
            next_time=NOON + MINUTE, pending=cause))
    clock.after(minutes=1)
    assert fire(clock, lambda trigger, done_until, now: Firing(
        (), done_until, now + MINUTE)) == 1
    clock.after(minutes=1)
    fire(clock, lambda trigger, done_until, now: Firing(
        (trigger.next_time,), now, None))
    assert [run.cause for run in schedules.ledger()] == [cause]


def test_a_time_that_has_a_run_gets_no_other(clock):
    """As when an operation goes over to a trigger that is behind."""
    first, second = schedules.trigger(clock), schedules.trigger(clock)
    operation = schedules.operation(clock, first.id)
    clock.after(minutes=1)
    with db.writer(common.system()) as session:
        firing.fire(session, [session.get(models.Trigger, first.id)],
                    clock.moment, schedules.every_minute)
    schedules.set_operation(operation, trigger_id=second.id)
    clock.after(minutes=1)
    fire(clock)
    assert [run.expected_at for run in schedules.ledger(operation)] == [
        NOON + MINUTE, NOON + 2 * MINUTE]


def test_a_change_leaves_what_was_due_before(clock):
    trigger = schedules.trigger(clock)
    operation = schedules.operation(clock, trigger.id)
    clock.after(minutes=3)
    changed = triggers.update(
        common.member(), trigger.id, {'properties': {'window': 1}},
        lambda trigger, done_until, now: (
            schedules.every_minute(trigger, done_until, now)
            if trigger.properties['window'] > 1 else common.never(
                trigger, done_until, now)), clock)
    assert changed.next_time is None
    assert [run.expected_at for run in schedules.ledger(operation)] == [
        NOON + number * MINUTE for number in (1, 2, 3)]
    clock.after(minutes=5)
    assert fire(clock) == 0


def test_a_change_leaves_all_that_was_due_before(clock):
    """Even what is too much for one look."""
    trigger = schedules.trigger(clock)
    operation = schedules.operation(clock, trigger.id)
    clock.after(minutes=8)
    changed = triggers.update(common.member(), trigger.id,
                              {'properties': {'window': 1}}, parts, clock)
    assert changed.next_time == NOON + 9 * MINUTE
    assert [run.expected_at for run in schedules.ledger(operation)] == [
        NOON + number * MINUTE for number in range(1, 9)]


def test_an_operation_that_leaves_takes_all_its_times_along(clock):
    first, second = schedules.trigger(clock), schedules.trigger(clock)
    operation = schedules.operation(clock, first.id)
    clock.after(minutes=8)
    scheduled_operations.update(common.member(), operation.id,
                                {'trigger_id': second.id}, parts, clock)
    assert [run.expected_at for run in schedules.ledger(operation)] == [
        NOON + number * MINUTE for number in range(1, 9)]


def test_a_name_changes_no_times(clock):
    trigger = schedules.trigger(clock)
    schedules.operation(clock, trigger.id)
    changed = triggers.update(common.member(), trigger.id, {'name': 'new'},
                              schedules.every_minute, clock)
    assert changed.next_time == trigger.next_time


def test_one_that_fails_holds_nothing_up_for_good(clock):
    """It rolls back as a whole, and is done later as a whole."""
    trigger = schedules.trigger(clock)
    schedules.operation(clock, trigger.id)
    clock.after(minutes=1)
    with pytest.raises(ZeroDivisionError):
        fire(clock, lambda *args: 1 / 0)
    assert stored(trigger).next_time == NOON + MINUTE
    assert fire(clock) == 1
    assert len(schedules.ledger()) == 1


@pytest.mark.parametrize('step', range(1, 9))
def test_a_crash_at_any_statement_loses_and_doubles_nothing(clock, step):
    operation = schedules.operation(clock, schedules.trigger(clock).id)
    clock.after(minutes=2)
    seen = []

    def crash(*args):
        seen.append(args[2])
        if len(seen) == step:
            raise RuntimeError('crash')

    sa.event.listen(db.engine(), 'before_cursor_execute', crash)
    try:
        with contextlib.suppress(RuntimeError, db_exception.DBError):
            fire(clock)
    finally:
        sa.event.remove(db.engine(), 'before_cursor_execute', crash)
    assert len(schedules.ledger()) in (0, 2)
    fire(clock)
    assert [run.expected_at for run in schedules.ledger(operation)] == [
        NOON + MINUTE, NOON + 2 * MINUTE]


def test_engines_side_by_side(clock):
    made = [schedules.operation(clock, schedules.trigger(clock).id)
            for _number in range(30)]
    clock.after(minutes=3)

    def engine():
        count = 0
        while runs.look(common.system(), clock).due:
            count += fire(clock, limit=4)
        return count

    counts = common.side_by_side(engine, engine, engine)
    assert sum(counts) == 30
    for operation in made:
        assert [run.expected_at for run in schedules.ledger(operation)] == [
            NOON + number * MINUTE for number in (1, 2, 3)]


def test_what_one_engine_has_does_not_hide_the_rest(clock):
    first, second = schedules.trigger(clock), schedules.trigger(clock)
    operations = {key.id: schedules.operation(clock, key.id)
                  for key in (first, second)}
    clock.after(minutes=1)
    if db.engine().dialect.name == 'sqlite':
        pytest.skip('SQLite has one writer: a second engine waits')
    answers = []

    def slow(trigger, done_until, now):
        # the row is locked, and nothing is committed
        answers.extend(common.side_by_side(lambda: fire(clock)))
        return schedules.every_minute(trigger, done_until, now)

    assert fire(clock, slow, limit=1) == 1
    assert answers == [1]
    for operation in operations.values():
        assert len(schedules.ledger(operation)) == 1


def test_who_makes_an_operation_waits_for_who_fires(clock):
    """Else a time that came between would have no run, or one too many."""
    trigger = schedules.trigger(clock)
    clock.after(minutes=1)
    if db.engine().dialect.name == 'sqlite':
        pytest.skip('SQLite has one writer')
    with db.writer(common.system()) as session:
        firing.catch_up(session, [trigger.id], schedules.every_minute, clock)
        with db.writer(common.admin()) as other, pytest.raises(
                Exception, match='(?i)lock'):
            other.execute(sa.select(models.Trigger).where(
                models.Trigger.id == trigger.id).with_for_update(nowait=True))
    operation = schedules.operation(clock, trigger.id)
    assert operation.created_at == clock.moment


def test_the_trigger_of_an_operation_must_be_there(clock):
    with pytest.raises(exception.TriggerNotFound, match=common.NOWHERE):
        schedules.operation(clock, common.NOWHERE)


def test_as_many_statements_for_many_as_for_few(clock):
    def count(number):
        for _number in range(number):
            schedules.operation(clock, schedules.trigger(clock).id)
        clock.after(minutes=1)
        with fixtures.Statements() as statements:
            assert fire(clock, limit=100) == number
        with db.writer(common.system()) as session:
            for table in (runs.TABLE, models.ScheduledOperation.__table__,
                          models.Trigger.__table__):
                session.execute(table.delete())
        # those that move each trigger on
        return len([text for text in statements.texts
                    if not text.startswith('UPDATE triggers')])

    assert count(1) == count(12)


def test_a_deleted_operation_takes_its_runs_along(clock):
    operation = schedules.operation(clock, schedules.trigger(clock).id)
    clock.after(minutes=1)
    fire(clock)
    scheduled_operations.delete(common.member(), operation.id)
    assert schedules.ledger() == []
