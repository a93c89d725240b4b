# SPDX-License-Identifier: Apache-2.0
"""How runs end."""

import pytest

from karbor.db import run_outcomes
from karbor.db import runs
from karbor.db import scheduled_operations
from karbor.tests.unit.db import common
from karbor.tests.unit.db import schedules
from karbor.tests.unit.db import test_runs


def settle(clock):
    return run_outcomes.settle(common.system(), clock)


@pytest.mark.parametrize('status', ['queued', 'running'])
def test_a_run_goes_on_as_long_as_its_work(clock, operation, status):
    _run, work = test_runs.begun(clock)
    schedules.set_work(work, status=status)
    assert settle(clock) == []
    assert schedules.ledger()[0].status == 'running'


@pytest.mark.parametrize(('work_status', 'checkpoint', 'status', 'reason'), [
    ('success', 'available', 'success', None),
    # a sweep or a user was quick
    ('success', 'deleting', 'success', None),
    ('success', 'error-deleting', 'success', None),
    ('success', None, 'success', None),
    ('success', 'error', 'failed', 'The checkpoint is error.'),
    ('success', 'protecting', 'failed', 'The checkpoint is protecting.'),
    ('error', 'error', 'failed', 'because'),
    ('cancelled', 'error', 'failed', 'because')])
def test_the_end_of_its_work(clock, operation, work_status, checkpoint,
                             status, reason):
    run, work = test_runs.begun(clock)
    if checkpoint is not None:
        common.save(common.checkpoint(id=work.checkpoint_id,
                                      status=checkpoint))
    schedules.set_work(work, status=work_status, reason=(
        None if work_status == 'success' else 'because'))
    clock.after(seconds=5)
    [ended] = settle(clock)
    assert (ended.id, ended.status, ended.reason, ended.ended_at) == (
        run.id, status, reason, clock.moment)
    assert schedules.ledger() == [ended]
    assert settle(clock) == []


def test_work_without_a_reason(clock, operation):
    _run, work = test_runs.begun(clock)
    schedules.set_work(work, status='error')
    [ended] = settle(clock)
    assert ended.reason == 'The operation has ended with the status error.'


def test_a_run_of_several_operations(clock, operation):
    run, work = test_runs.begun(clock)
    other = common.save(common.operation(scheduled_run_id=run.id,
                                         type='verify'))
    schedules.set_work(work, status='success')
    assert settle(clock) == []
    schedules.set_work(other, status='error', reason='it is damaged')
    [ended] = settle(clock)
    assert (ended.status, ended.reason) == ('failed', 'it is damaged')


def test_work_that_nobody_knows_any_more(clock, operation):
    _run, work = test_runs.begun(clock)
    schedules.set_work(work, scheduled_run_id=None)
    [ended] = settle(clock)
    assert ended.status == 'failed'
    assert 'Nothing is known' in ended.reason


@pytest.mark.parametrize(('status', 'before', 'due'), [
    ('success', schedules.NOON, True), ('error', schedules.NOON, False),
    ('success', None, False)])
def test_a_success_is_followed_by_a_sweep(clock, operation, status, before,
                                          due):
    schedules.set_operation(operation, retention_at=before)
    _run, work = test_runs.begun(clock)
    schedules.set_work(work, status=status)
    settle(clock)
    after = scheduled_operations.get(common.member(), operation.id)
    assert after.retention_at == (clock.moment if due else before)


def test_each_run_is_ended_by_one_engine(clock, operation):
    for _number in range(9):
        schedules.operation(clock, operation.trigger_id)
    test_runs.next_run(clock)
    for run in test_runs.claim(clock):
        schedules.set_work(schedules.begin(run, clock), status='success')
    answers = common.side_by_side(*[lambda: settle(clock)] * 3)
    ended = [run.id for answer in answers for run in answer]
    ended += [run.id for run in settle(clock)]
    assert sorted(ended) == sorted(run.id for run in schedules.ledger())
    assert {run.status for run in schedules.ledger()} == {'success'}


# -- in time ------------------------------------------------------------------

def test_a_run_that_takes_too_long_is_late_and_goes_on(clock, operation):
    schedules.set_operation(operation, complete_within=90)
    _run, work = test_runs.begun(clock)
    clock.after(seconds=90)
    assert run_outcomes.mark_late(common.system(), clock) == []
    clock.after(seconds=1)
    assert runs.look(common.system(), clock).late
    [late] = run_outcomes.mark_late(common.system(), clock)
    assert (late.late, late.status) == (True, 'running')
    assert not runs.look(common.system(), clock).late
    assert run_outcomes.mark_late(common.system(), clock) == []
    schedules.set_work(work, status='success')
    [ended] = settle(clock)
    assert (ended.late, ended.status) == (True, 'success')


def test_a_run_that_ends_late_is_late_though_nobody_looked(clock, operation):
    """As when no engine was there meanwhile."""
    schedules.set_operation(operation, complete_within=90)
    _run, work = test_runs.begun(clock)
    clock.after(seconds=91)
    schedules.set_work(work, status='success')
    [ended] = settle(clock)
    assert (ended.late, ended.status) == (True, 'success')
    assert run_outcomes.mark_late(common.system(), clock) == []


def test_a_run_that_ended_in_time_is_never_late(clock, operation):
    schedules.set_operation(operation, complete_within=90)
    _run, work = test_runs.begun(clock)
    schedules.set_work(work, status='success')
    settle(clock)
    clock.after(seconds=1000)
    assert run_outcomes.mark_late(common.system(), clock) == []


def test_what_nobody_begins_is_dropped_with_what_was_in_the_way(clock,
                                                               operation):
    test_runs.next_run(clock)
    [run] = test_runs.claim(clock)
    runs.give_back(common.system(), run, 'Keystone is away.', 1, clock)
    clock.after(seconds=schedules.WINDOW)
    assert run_outcomes.drop_late(common.system(), clock) == []
    clock.after(seconds=1)
    assert runs.look(common.system(), clock).queued
    [dropped] = run_outcomes.drop_late(common.system(), clock)
    assert (dropped.status, dropped.reason) == (
        'dropped_out_of_window',
        'It did not begin in its window. Keystone is away.')
    assert not runs.look(common.system(), clock).queued
