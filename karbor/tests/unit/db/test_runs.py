# SPDX-License-Identifier: Apache-2.0
"""Claims of runs: work is begun once, by whoever holds the last claim."""

import datetime

import pytest

from karbor import exception
from karbor.db import firing
from karbor.db import operations
from karbor.db import run_outcomes
from karbor.db import runs
from karbor.db import session as db
from karbor.model.query import ListQuery
from karbor.tests.unit.db import common
from karbor.tests.unit.db import schedules

NOON, MINUTE = schedules.NOON, schedules.MINUTE
LEASE = 60


def next_run(clock):
    """One minute later, there is one more run."""
    clock.after(minutes=1)
    firing.fire_due(common.system(), schedules.every_minute, clock)


def claim(clock, owner='e', limit=10):
    return runs.claim(common.system(), owner, LEASE, clock, limit)


def look(clock):
    return runs.look(common.system(), clock)


def begun(clock):
    next_run(clock)
    [run] = claim(clock)
    return run, schedules.begin(run, clock)


def works():
    return operations.list_(common.system(), ListQuery())


def test_what_there_is_to_do(clock, operation):
    assert look(clock) == runs.Look(False, False, False, False, False)
    clock.after(minutes=1)
    assert look(clock) == runs.Look(True, False, False, False, False)
    firing.fire_due(common.system(), schedules.every_minute, clock)
    assert look(clock) == runs.Look(False, True, False, False, False)
    [run] = claim(clock)
    assert look(clock) == runs.Look(False, False, False, False, False)
    schedules.begin(run, clock)
    assert look(clock) == runs.Look(False, False, True, False, False)


def test_a_run_begins_with_its_work(clock, operation):
    run, work = begun(clock)
    [row] = schedules.ledger(operation)
    assert (row.status, row.checkpoint_id, row.operation_id) == (
        'running', work.checkpoint_id, work.id)
    assert (row.started_at, row.lease_until) == (clock.moment, None)
    [stored] = works()
    assert stored.scheduled_run_id == run.id
    with pytest.raises(exception.LeaseLost):
        schedules.begin(run, clock)
    assert len(works()) == 1


def test_a_claim_is_kept_from_others_until_it_runs_out(clock, operation):
    next_run(clock)
    [first] = claim(clock, 'one')
    clock.after(seconds=LEASE - 1)
    assert claim(clock, 'two') == []
    clock.after(seconds=2)
    [second] = claim(clock, 'two')
    assert (second.id, second.owner, second.attempt) == (first.id, 'two', 2)
    with pytest.raises(exception.LeaseLost, match=first.id):
        schedules.begin(first, clock)
    for call in (
            lambda: runs.end(common.system(), first, 'failed', 'r', clock),
            lambda: runs.give_back(common.system(), first, 'r', 1, clock),
            lambda: runs.overlapped(common.system(), first, 'skip', clock)):
        with pytest.raises(exception.LeaseLost):
            call()
    schedules.begin(second, clock)
    assert [(row.status, row.owner) for row in schedules.ledger()] == [
        ('running', 'two')]
    assert len(works()) == 1


def test_one_that_was_frozen_does_nothing_any_more(clock, operation):
    """Nobody has taken its run, but its window has closed."""
    next_run(clock)
    [run] = claim(clock)
    clock.after(seconds=schedules.WINDOW + 1)
    with pytest.raises(exception.LeaseLost):
        schedules.begin(run, clock)
    assert works() == []
    assert claim(clock) == []
    [dropped] = run_outcomes.drop_late(common.system(), clock)
    assert (dropped.id, dropped.status, dropped.ended_at) == (
        run.id, 'dropped_out_of_window', clock.moment)


def test_those_that_wait_longest_come_first(clock, operation):
    for _number in range(3):
        next_run(clock)
        schedules.operation(clock, operation.trigger_id)
    # of each minute, one for each operation that was there
    expected = [run.expected_at for run in claim(clock, limit=100)]
    assert expected == sorted(expected)
    assert len(expected) == 1 + 2 + 3


@pytest.mark.parametrize('status', ['failed', 'skipped',
                                    'dropped_out_of_window'])
def test_the_end_of_a_run_that_has_not_begun(clock, operation, status):
    next_run(clock)
    [run] = claim(clock)
    ended = runs.end(common.system(), run, status, 'so it is', clock)
    assert (ended.status, ended.reason, ended.ended_at) == (
        status, 'so it is', clock.moment)
    assert schedules.ledger() == [ended]
    assert not look(clock).queued


def test_a_success_needs_work(clock, operation):
    next_run(clock)
    [run] = claim(clock)
    with pytest.raises(exception.IllegalTransition):
        runs.end(common.system(), run, 'success', 'r', clock)


def test_what_is_given_back_comes_again(clock, operation):
    next_run(clock)
    [run] = claim(clock)
    runs.give_back(common.system(), run, 'Keystone is away.', 10, clock)
    assert claim(clock) == []
    [row] = schedules.ledger()
    assert (row.status, row.reason) == ('queued', 'Keystone is away.')
    clock.after(seconds=11)
    [again] = claim(clock)
    schedules.begin(again, clock)
    assert schedules.ledger()[0].reason is None
    assert again.attempt == run.attempt + 1


def test_a_disabled_operation_begins_nothing(clock, operation):
    next_run(clock)
    [run] = claim(clock)
    schedules.set_operation(operation, enabled=False)
    with pytest.raises(exception.RunSkipped, match='disabled'):
        schedules.begin(run, clock)
    assert works() == []


# -- overlap ------------------------------------------------------------------

def second_run(clock):
    """A run that is claimed while the one before runs."""
    first, work = begun(clock)
    next_run(clock)
    [run] = claim(clock)
    with pytest.raises(exception.RunOverlaps, match='2026-11-22T12:01:00Z'):
        schedules.begin(run, clock)
    return first, work, run


def test_a_run_that_overlaps_is_skipped(clock, operation):
    _first, _work, run = second_run(clock)
    after = runs.overlapped(common.system(), run, 'skip', clock)
    assert (after.status, after.ended_at) == ('skipped', clock.moment)
    assert after.reason == (
        'The run of 2026-11-22T12:01:00Z has not ended yet.')
    assert len(works()) == 1


def test_a_run_that_overlaps_waits_if_it_may(clock, operation):
    first, work, run = second_run(clock)
    after = runs.overlapped(common.system(), run, 'queue', clock)
    assert (after.status, after.waits_for) == ('queued', first.id)
    assert '12:01:00Z' in after.reason
    # however long that takes
    clock.after(seconds=2 * schedules.WINDOW)
    assert claim(clock) == []
    assert run_outcomes.drop_late(common.system(), clock) == []
    schedules.set_work(work, status='success')
    [ended] = run_outcomes.settle(common.system(), clock)
    assert ended.id == first.id
    [again] = claim(clock)
    assert (again.id, again.waits_for) == (run.id, None)
    schedules.begin(again, clock)
    assert len(works()) == 2


def test_only_one_waits(clock, operation):
    _first, _work, run = second_run(clock)
    runs.overlapped(common.system(), run, 'queue', clock)
    next_run(clock)
    [third] = claim(clock)
    with pytest.raises(exception.RunOverlaps):
        schedules.begin(third, clock)
    after = runs.overlapped(common.system(), third, 'queue', clock)
    assert after.status == 'skipped'
    assert '12:02:00Z waits for it already' in after.reason


@pytest.mark.parametrize('rule', ['skip', 'queue'])
def test_one_that_has_ended_meanwhile_is_no_hindrance(clock, operation,
                                                      rule):
    _first, work, run = second_run(clock)
    schedules.set_work(work, status='success')
    run_outcomes.settle(common.system(), clock)
    after = runs.overlapped(common.system(), run, rule, clock)
    assert (after.status, after.waits_for) == ('queued', None)
    [again] = claim(clock)
    schedules.begin(again, clock)


def test_one_that_has_waited_does_not_try_for_ever(clock, operation):
    """It has its window again, from the end of the other on."""
    _first, work = begun(clock)
    next_run(clock)
    [run] = claim(clock)
    waiting = runs.overlapped(common.system(), run, 'queue', clock)
    assert waiting.start_by is None
    clock.after(days=1)
    assert run_outcomes.drop_late(common.system(), clock) == []
    schedules.set_work(work, status='success')
    run_outcomes.settle(common.system(), clock)
    [run] = claim(clock)
    assert run.start_by == clock.moment + datetime.timedelta(
        seconds=schedules.WINDOW)
    runs.give_back(common.system(), run, 'It has a fault.', 5, clock)
    clock.after(seconds=schedules.WINDOW + 1)
    assert claim(clock) == []
    [ended] = run_outcomes.drop_late(common.system(), clock)
    assert (ended.id, ended.status) == (run.id, 'dropped_out_of_window')


def test_the_end_and_the_wait_at_the_same_time(clock, operation):
    """Whoever comes first, nobody waits for what has ended."""
    for _number in range(5):
        first, work = begun(clock)
        schedules.set_work(work, status='success')
        next_run(clock)
        [run] = claim(clock)
        common.side_by_side(
            lambda: run_outcomes.settle(common.system(), clock),
            lambda run=run: runs.overlapped(common.system(), run, 'queue',
                                            clock))
        run_outcomes.settle(common.system(), clock)
        [again] = claim(clock, 'other')
        assert (again.id, again.waits_for) == (run.id, None)
        work = schedules.begin(again, clock)
        schedules.set_work(work, status='success')
        run_outcomes.settle(common.system(), clock)


# -- side by side -------------------------------------------------------------

def test_engines_side_by_side(clock, operation):
    for _number in range(20):
        schedules.operation(clock, operation.trigger_id)
    next_run(clock)

    def engine(name):
        mine = []
        while look(clock).queued:
            for run in claim(clock, name, limit=3):
                schedules.begin(run, clock)
                mine.append(run.id)
        return mine

    answers = common.side_by_side(*[
        lambda name=name: engine(name) for name in ('a', 'b', 'c')])
    assert sorted(id_ for mine in answers for id_ in mine) == sorted(
        run.id for run in schedules.ledger())
    assert len(works()) == 21


def test_two_with_the_same_claim_begin_once(clock, operation):
    next_run(clock)
    [run] = claim(clock)
    answers = common.side_by_side(*[
        lambda: schedules.begin(run, clock) for _number in range(3)])
    assert [isinstance(answer, (exception.LeaseLost, exception.RunOverlaps))
            for answer in answers].count(True) == 2
    assert len(works()) == 1


def test_two_runs_of_an_operation_begin_one_after_the_other(clock,
                                                            operation):
    next_run(clock)
    next_run(clock)
    found = claim(clock)
    assert len(found) == 2
    answers = common.side_by_side(*[
        lambda run=run: schedules.begin(run, clock) for run in found])
    assert [isinstance(answer, exception.RunOverlaps)
            for answer in answers].count(True) == 1
    assert len(works()) == 1


# -- what a user wants now ----------------------------------------------------

def test_a_run_that_a_user_wants_now(clock, operation):
    schedules.set_operation(operation, complete_within=7)
    run = runs.add(common.system(), operation.id, 30, clock)
    assert schedules.ledger() == [run]
    # no time of a trigger
    assert run.expected_at == clock.moment.replace(microsecond=1)
    assert (run.origin, run.status, run.plan_id) == (
        'manual', 'queued', operation.plan_id)
    assert run.start_by - run.expected_at == datetime.timedelta(seconds=30)
    assert run.complete_by - run.expected_at == datetime.timedelta(seconds=7)
    [claimed] = claim(clock)
    schedules.begin(claimed, clock)


def test_no_run_now_of_what_is_not_there_or_disabled(clock, operation):
    with pytest.raises(exception.ScheduledOperationNotFound,
                       match=common.NOWHERE):
        runs.add(common.system(), common.NOWHERE, 30, clock)
    schedules.set_operation(operation, enabled=False)
    with pytest.raises(exception.ScheduledOperationDisabled,
                       match=operation.id):
        runs.add(common.system(), operation.id, 30, clock)
    assert schedules.ledger() == []


def test_the_work_is_rolled_back_with_the_run(clock, operation):
    next_run(clock)
    [run] = claim(clock)
    work = common.operation(scheduled_run_id=run.id)
    with pytest.raises(ZeroDivisionError), db.writer(
            common.system()) as session:
        runs.begin(session, run, clock, checkpoint_id=work.checkpoint_id,
                   operation_id=work.id)
        operations.insert(session, work)
        raise ZeroDivisionError
    assert works() == []
    assert schedules.ledger()[0].status == 'queued'
    schedules.begin(run, clock)


def test_turns_are_taken_one_by_one(clock, operation):
    other = schedules.operation(clock, schedules.trigger(clock).id)

    def take(id_):
        with db.writer(common.system()) as session:
            return runs.take_turn(session, id_)

    assert [take(operation.id) for _turn in range(3)] == [0, 1, 2]
    assert take(other.id) == 0
    with pytest.raises(OSError, match='away'), \
            db.writer(common.system()) as session:
        runs.take_turn(session, operation.id)
        raise OSError('the database is away')
    assert take(operation.id) == 3


def test_two_never_take_the_same_turn(clock, operation):
    def take():
        with db.writer(common.system()) as session:
            return runs.take_turn(session, operation.id)

    taken = common.side_by_side(*[lambda: [take() for _turn in range(5)]] * 3)
    assert sorted(turn for turns in taken for turn in turns) == list(range(15))
