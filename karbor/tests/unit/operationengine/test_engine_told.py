# SPDX-License-Identifier: Apache-2.0
"""What an engine tells the cloud keeps to what is published."""

import pytest

from karbor.db import run_outcomes
from karbor.rpc import notifications
from karbor.tests import told as checker
from karbor.tests.unit.db import common
from karbor.tests.unit.db import schedules
from karbor.tests.unit.db import test_runs


@pytest.fixture
def told(monkeypatch):
    """Events and payloads, which what is committed bears out."""
    found = []

    def notify(context, type_, payload, priority):
        checker.check(type_, payload, priority)
        if type_ != 'karbor.run.missed':
            [run] = [run for run in schedules.ledger()
                     if run.id == payload['id']]
            assert (run.status, run.late) == (payload['status'],
                                              payload['late'])
        found.append((type_.removeprefix('karbor.run.'), payload))

    monkeypatch.setattr(notifications, 'notify', notify)
    return found


def types(told):
    return [type_ for type_, _payload in told]


@pytest.mark.parametrize(('work', 'event'), [
    ('success', 'success'), ('error', 'failed'), ('cancelled', 'failed')])
def test_a_run_that_ends(engine, clock, operation, told, work, event):
    clock.after(minutes=1)
    engine.look()
    schedules.set_work(test_runs.works()[0], status=work)
    engine.look()
    engine.look()
    assert types(told) == [event]
    payload = told[0][1]
    assert (payload['operation_id'], payload['plan_id']) == (
        test_runs.works()[0].id, operation.plan_id)


def test_a_run_that_is_late(engine, clock, operation, told):
    schedules.set_operation(operation, complete_within=60)
    clock.after(minutes=1)
    engine.look()
    clock.after(seconds=61)
    engine.look()
    assert 'late' in types(told)


def test_a_run_in_whose_way_another_is(engine, clock, operation, told):
    for _number in range(2):
        clock.after(minutes=1)
        engine.look()
    assert types(told) == ['skipped']


def test_a_run_that_nobody_has_begun(engine, clock, operation, told,
                                     monkeypatch):
    clock.after(minutes=1)
    monkeypatch.setattr(engine, '_begin_side_by_side', lambda: None)
    engine.look()
    clock.after(seconds=schedules.WINDOW + 1)
    monkeypatch.setattr(engine, 'fire', lambda: None)
    engine.look()
    assert types(told) == ['dropped_out_of_window']
    assert run_outcomes.drop_late(common.system(), clock) == []


def test_times_that_were_missed(engine, clock, operation, told):
    clock.after(minutes=10)
    engine.fire()
    assert types(told) == ['missed']
    assert told[0][1]['count'] == 9
