# SPDX-License-Identifier: Apache-2.0
"""What an engine does when its clock wakes it."""

import threading

import pytest

from karbor.actions import telling
from karbor.db import operations
from karbor.db import run_outcomes
from karbor.db import runs
from karbor.db import session as db
from karbor.db import trusts
from karbor.operationengine import engine as engines
from karbor.operationengine import runner
from karbor.rpc import notifications
from karbor.tests import fixtures
from karbor.tests.unit.db import common
from karbor.tests.unit.db import schedules
from karbor.tests.unit.db import test_runs

PATIENCE = 60


@pytest.fixture
def told(monkeypatch):
    told = []
    monkeypatch.setattr(runner, 'tell', lambda run, event=None: told.append(
        event or run.status))
    return told


def test_an_idle_look_is_one_query(engine, operation):
    with fixtures.Statements() as statements:
        engine.look()
    assert [text for text in statements.texts if text != 'BEGIN'] == [
        statements.texts[-1]]
    assert statements.texts[-1].startswith('SELECT EXISTS')


def test_from_the_time_to_the_end(engine, clock, operation, told):
    clock.after(minutes=1)
    engine.look()
    [run] = schedules.ledger()
    assert run.status == 'running'
    schedules.set_work(test_runs.works()[0], status='success')
    engine.look()
    assert schedules.ledger()[0].status == 'success'
    assert told == ['success']


def test_what_was_missed_is_told_together(engine, clock, operation,
                                          monkeypatch):
    missed = []
    monkeypatch.setattr(telling, 'missed', missed.append)
    clock.after(minutes=10)
    engine.fire()
    [found] = missed
    assert (found.scheduled_operation_id, found.count) == (operation.id, 9)
    engine.fire()
    assert len(missed) == 1


def test_what_was_missed_is_told_whatever_comes_next(engine, clock, operation,
                                                     monkeypatch):
    """It is committed, so nobody finds it again."""
    missed, real = [], engines.firing.fire_due

    def fire_due(*args, **kwargs):
        if real(*args, **kwargs):
            return 1
        raise ConnectionError('away')

    monkeypatch.setattr(telling, 'missed', missed.append)
    monkeypatch.setattr(engines.firing, 'fire_due', fire_due)
    clock.after(minutes=10)
    with pytest.raises(ConnectionError):
        engine.fire()
    assert len(missed) == 1


def test_what_is_late_is_told_once(engine, clock, operation, told):
    schedules.set_operation(operation, complete_within=60)
    clock.after(minutes=1)
    engine.look()
    clock.after(seconds=61)
    schedules.set_operation(operation, enabled=False)
    engine.look()
    engine.look()
    assert told.count('late') == 1


def test_what_is_too_late_is_dropped_and_told(engine, clock, operation,
                                              told):
    test_runs.next_run(clock)
    clock.after(seconds=schedules.WINDOW + 1)
    schedules.set_operation(operation, enabled=False)
    engine.look()
    assert 'dropped_out_of_window' in told
    assert schedules.ledger()[0].status == 'dropped_out_of_window'


def test_what_was_missed_is_told_at_once(engine, clock, operation,
                                         monkeypatch):
    """Not for each of the times of an outage."""
    second = schedules.operation(clock, operation.trigger_id)
    sent = []
    monkeypatch.setattr(notifications, 'notify',
                        lambda context, event, payload, priority: sent.append(
                            (event, payload, priority)))
    clock.after(minutes=40)
    engine.look()
    engine.look()
    assert {(event, priority) for event, _payload, priority in sent} == {
        ('karbor.run.missed', 'error')}
    assert sorted((payload['scheduled_operation_id'], payload['count'])
                  for _event, payload, _priority in sent) == sorted(
        [(operation.id, 39), (second.id, 39)])


def test_a_disabled_engine_ends_what_runs_and_begins_nothing(
        engine, clock, operation, told):
    _run, work = test_runs.begun(clock)
    schedules.set_work(work, status='success')
    clock.after(minutes=1)
    engine._may_begin = lambda: False
    engine.look()
    assert [run.status for run in schedules.ledger()] == ['success']
    assert runs.look(common.system(), clock).due


def test_what_cannot_be_done_keeps_nothing_else_from_being_done(
        engine, clock, operation, told, monkeypatch):
    """Each step has its turn, and the fault is told of."""
    _run, work = test_runs.begun(clock)
    schedules.set_work(work, status='success')
    other = schedules.operation(clock, schedules.trigger(clock).id)
    clock.after(minutes=1)
    engine.fire()
    clock.after(minutes=1)
    monkeypatch.setattr(engines.firing, 'fire_due',
                        lambda *args, **more: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        engine.look()
    assert 'success' in told
    assert schedules.ledger(other)[0].status == 'running'


def test_old_runs_are_removed(engine, clock, operation, conf):
    for _number in range(5):
        test_runs.next_run(clock)
    clock.after(days=100)
    run_outcomes.drop_late(common.system(), clock)
    engine.tidy()
    assert schedules.ledger() == []


def test_a_clock_that_was_ahead_holds_nothing_up(engine, clock, operation,
                                                caplog):
    """Everything that waits for a time, of which any waited a month ahead."""
    clock.after(days=30)
    wanted = runs.add(common.member(), operation.id, 900, clock)
    engine.fire()
    runs.claim(common.system(), 'dead', 60, clock)
    schedules.set_operation(operation, retention_at=clock.moment)
    trust = trusts.wish(common.system(), 'u', common.PROJECT, 60, clock)
    trusts.record(common.system(), trust, 't', None, clock)
    work = common.operation()
    with db.writer(common.system()) as session:
        operations.insert(session, work)
    schedules.set_work(work, status='running', lease_until=clock.moment)
    clock.after(days=-30)
    engine.tidy()
    assert [run.id for run in schedules.ledger()] == [wanted.id]
    assert runs.look(common.system(), clock).queued
    assert runs.look(common.system(), clock).sweeps
    clock.after(seconds=trusts.GRACE)
    assert len(trusts.claim(common.system(), 10, clock)) == 1
    assert caplog.text.count('The clock of the database was ahead') == 5
    caplog.clear()
    engine.tidy()
    assert 'was ahead' not in caplog.text


def test_a_stopped_engine_fires_nothing_more(engine, clock, operation):
    engine.scheduler.start()
    engine.stop()
    clock.after(minutes=1)
    engine.fire()
    engine.begin()
    assert schedules.ledger() == []


def test_what_fails_in_the_pool_frees_its_thread(engine, clock, operation,
                                                 monkeypatch, conf):
    def fail():
        raise ConnectionError('the database is away')

    monkeypatch.setattr(engine, 'begin', fail)
    test_runs.next_run(clock)
    for _number in range(3):
        engine.look()
    assert engine._free._value == conf.operationengine.threads


def test_a_full_pool_is_not_filled_more(engine, clock, operation, conf,
                                        monkeypatch):
    jobs = []
    monkeypatch.setattr(engine.scheduler, 'once', jobs.append)
    test_runs.next_run(clock)
    engine.look()
    engine.look()
    assert len(jobs) == conf.operationengine.threads
    for job in jobs:
        job()
    assert schedules.ledger()[0].status == 'running'


def test_it_looks_by_itself(conf, database, monkeypatch):
    looked = threading.Event()
    monkeypatch.setattr(engines.Engine, 'look', lambda self: looked.set())
    engine = engines.Engine(conf)
    engine.start()
    assert looked.wait(PATIENCE)
    engine.stop()
