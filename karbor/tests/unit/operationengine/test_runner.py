# SPDX-License-Identifier: Apache-2.0
"""What becomes of a run that was taken."""

import pytest

from karbor import exception
from karbor.actions import owners
from karbor.db import run_outcomes
from karbor.db import runs
from karbor.operationengine import runner
from karbor.rpc import notifications
from karbor.tests.unit.db import common
from karbor.tests.unit.db import schedules
from karbor.tests.unit.db import test_runs


@pytest.fixture
def told(monkeypatch):
    """What was told to the cloud."""
    told = []
    monkeypatch.setattr(
        notifications, 'notify',
        lambda context, event, payload, priority: told.append(
            (event, payload['id'], payload['reason'], priority)))
    return told


@pytest.fixture(autouse=True)
def owner(monkeypatch):
    monkeypatch.setattr(owners, 'context_of',
                        lambda operation: common.member())


def begin(conf, clock, carry_out):
    return runner.Runner(conf, clock, carry_out).begin_some()


def raising(error):
    def carry_out(run, operation, context):
        raise error
    return carry_out


def test_it_hands_on_the_run_its_operation_and_its_owner(
        conf, clock, operation, told):
    test_runs.next_run(clock)
    seen = []

    def carry_out(run, operation, context):
        schedules.begin(run, clock)
        seen.append((run.scheduled_operation_id, operation.id,
                     context.project_id))

    assert begin(conf, clock, carry_out) == 1
    assert seen == [(operation.id, operation.id, common.PROJECT)]
    assert schedules.ledger()[0].status == 'running'
    assert begin(conf, clock, carry_out) == 0
    assert told == []


@pytest.mark.parametrize(('error', 'status'), [
    (exception.RunSkipped(reason='the plan sleeps'), 'skipped'),
    (exception.QuotaExceeded(resource='checkpoints', limit=3), 'skipped'),
    (exception.Forbidden(action='x'), 'skipped'),
    (exception.PlanNotFound(id='p'), 'skipped'),
    (exception.TrustGone(reason='the trust is gone'), 'skipped'),
    (exception.InvalidPlan(reason='other provider'), 'failed'),
    (exception.PluginError(reason='broken'), 'failed')])
def test_a_run_that_cannot_begin_says_why(conf, clock, operation, told,
                                          error, status):
    test_runs.next_run(clock)
    assert begin(conf, clock, raising(error)) == 1
    [run] = schedules.ledger()
    assert (run.status, run.reason, run.ended_at) == (
        status, str(error), clock.moment)
    assert told == [(f'karbor.run.{status}', run.id, str(error), 'error')]


@pytest.mark.parametrize(('error', 'said'), [
    (exception.KeystoneAway(reason='timeout'), 'timeout'),
    (exception.NoAnswer(service='s', seconds=1), 's'),
    (exception.BusAway(), str(exception.BusAway())),
    (ConnectionError('password=secret'), 'ConnectionError')])
def test_what_is_away_is_tried_again_in_the_window(conf, clock, operation,
                                                   told, error, said):
    test_runs.next_run(clock)
    begin(conf, clock, raising(error))
    [run] = schedules.ledger()
    assert run.status == 'queued'
    assert said in run.reason
    assert 'secret' not in run.reason
    assert begin(conf, clock, raising(error)) == 0
    clock.after(seconds=conf.operationengine.retry_interval + 1)
    begin(conf, clock, lambda run, *rest: schedules.begin(run, clock))
    assert schedules.ledger()[0].status == 'running'
    assert told == []


def test_what_one_engine_does_not_have_another_does(conf, clock, operation,
                                                    told):
    """As while a plugin is being installed on one host after the other."""
    test_runs.next_run(clock)
    schedules.set_operation(operation, operation_type='teleport')
    poor = runner.Runner(conf, clock)
    assert poor.begin_some() == 1
    [run] = schedules.ledger()
    assert (run.status, run.ended_at) == ('queued', None)
    assert 'operation type teleport' in run.reason
    clock.after(seconds=conf.operationengine.retry_interval + 1)
    begin(conf, clock, lambda run, *rest: schedules.begin(run, clock))
    assert schedules.ledger()[0].status == 'running'
    assert told == []


def test_what_no_engine_has_is_dropped_with_that_reason(conf, clock,
                                                        operation):
    test_runs.next_run(clock)
    schedules.set_operation(operation, operation_type='teleport')
    runner.Runner(conf, clock).begin_some()
    clock.after(seconds=schedules.WINDOW + 1)
    [run] = run_outcomes.drop_late(common.system(), clock)
    assert run.status == 'dropped_out_of_window'
    assert 'operation type teleport' in run.reason


def test_the_owner_may_be_what_is_in_the_way(conf, clock, operation, told,
                                             monkeypatch):
    def gone(operation):
        raise exception.TrustGone(reason='The user is disabled.')

    monkeypatch.setattr(owners, 'context_of', gone)
    test_runs.next_run(clock)
    begin(conf, clock, raising(AssertionError))
    assert (schedules.ledger()[0].status, schedules.ledger()[0].reason) == (
        'skipped', 'The user is disabled.')
    assert [event for event, *_rest in told] == ['karbor.run.skipped']


@pytest.mark.parametrize(('rule', 'status', 'events'), [
    ('skip', 'skipped', ['karbor.run.skipped']), ('queue', 'queued', [])])
def test_an_overlap_is_dealt_with_by_the_rule(conf, clock, operation, told,
                                              rule, status, events):
    schedules.set_operation(operation, overlap=rule)
    first, _work = test_runs.begun(clock)
    test_runs.next_run(clock)
    begin(conf, clock, lambda run, *rest: schedules.begin(run, clock))
    assert [run.status for run in schedules.ledger()] == ['running', status]
    assert [event for event, *_rest in told] == events


def test_a_claim_that_is_lost_is_left_alone(conf, clock, operation, told):
    """As by an engine that was frozen while another took the run."""
    test_runs.next_run(clock)

    def frozen(run, *_rest):
        clock.after(seconds=conf.operationengine.lease + 1)
        [other] = runs.claim(common.system(), 'other', 60, clock)
        schedules.begin(other, clock)
        schedules.begin(run, clock)

    begin(conf, clock, frozen)
    [run] = schedules.ledger()
    assert (run.status, run.owner, run.attempt) == ('running', 'other', 2)
    assert len(test_runs.works()) == 1
    assert told == []


def test_a_deleted_operation_needs_nothing(conf, clock, operation, told,
                                           monkeypatch):
    test_runs.next_run(clock)
    monkeypatch.setattr(runner.scheduled_operations, 'by_ids',
                        lambda *args: {})
    assert begin(conf, clock, raising(AssertionError)) == 1
    assert told == []


def test_one_bad_run_does_not_hold_up_the_others(conf, clock, operation):
    schedules.operation(clock, operation.trigger_id)
    test_runs.next_run(clock)
    seen = []

    def carry_out(run, *_rest):
        seen.append(run.id)
        if len(seen) == 1:
            raise ZeroDivisionError
        schedules.begin(run, clock)

    assert begin(conf, clock, carry_out) == 2
    assert sorted(run.status for run in schedules.ledger()) == [
        'queued', 'running']


def test_no_two_processes_have_the_same_name(conf):
    names = {runner.Runner(conf).owner for _number in range(3)}
    assert len(names) == 3
    assert all(name.startswith(f'{conf.host}:') for name in names)
