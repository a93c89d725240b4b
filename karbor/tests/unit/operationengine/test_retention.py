# SPDX-License-Identifier: Apache-2.0
"""How an engine sweeps checkpoints, and what it does about errors."""

import threading

import pytest
import sqlalchemy as sa

from karbor import exception
from karbor.actions import owners
from karbor.actions import retention as actions
from karbor.db import models
from karbor.db import operations
from karbor.db import scheduled_operations
from karbor.db import session as db
from karbor.model.query import ListQuery
from karbor.operationengine import engine as engines
from karbor.operationengine import retention
from karbor.rpc import notifications
from karbor.tests import told as checker
from karbor.tests.unit.db import common
from karbor.tests.unit.db import schedules


@pytest.fixture
def clock(conf, database, rules, protection):
    conf.set_override('auth_strategy', 'noauth')
    return schedules.Clock()


@pytest.fixture
def operation(clock):
    """Makes one that is to be swept now, with something to remove."""
    def make(checkpoints=2):
        made = schedules.operation(
            clock, schedules.trigger(clock).id,
            operation_type='retention_protect', operation_definition={
                'provider_id': common.PROVIDER, 'max_backups': 1})
        for number in range(checkpoints):
            common.save(common.checkpoint(
                plan_id=made.plan_id, status='available',
                created_at=common.later(number - checkpoints)))
        set_due(clock, made.id)
        return made.id
    return make


def set_due(clock, operation_id):
    with db.writer(common.system()) as session:
        db.changed(session, sa.update(models.ScheduledOperation).where(
            models.ScheduledOperation.id == operation_id).values(
                retention_at=clock.sql()))


@pytest.fixture
def told(monkeypatch):
    """What was told to the cloud."""
    told = []

    def notify(context, event, payload, priority):
        checker.check(event, payload, priority)
        told.append((event, payload['scheduled_operation_id'],
                     payload['reason'], priority))

    monkeypatch.setattr(notifications, 'notify', notify)
    return told


@pytest.fixture
def sweeper(conf, clock, told):
    return retention.Sweeper(conf, clock)


@pytest.fixture
def owner_fails(monkeypatch):
    """Lets nobody act as the owner of an operation; that one, or all."""
    def set_up(error, only=None):
        real = owners.context_of

        def context_of(operation):
            if only in (None, operation.id):
                raise error
            return real(operation)
        monkeypatch.setattr(owners, 'context_of', context_of)
    return set_up


def deleting():
    """Who has begun to delete, sorted."""
    return sorted(one.scheduled_operation_id for one
                  in operations.list_(common.system(), ListQuery())
                  if one.type == 'delete')


def found(operation_id):
    return scheduled_operations.get(common.system(), operation_id)


def test_all_that_are_due_are_swept(sweeper, operation, told):
    ids = sorted(operation() for _number in range(3))
    assert sweeper.sweep() == 3
    assert deleting() == ids
    assert sweeper.sweep() == 0
    assert told == []


def test_what_is_told_is_told_once(sweeper, clock, operation, told,
                                   owner_fails):
    id_ = operation()
    owner_fails(exception.TrustGone(reason='The trust was revoked.'))
    for _number in range(3):
        assert sweeper.sweep() == 1
        set_due(clock, id_)
    assert told == [('karbor.retention.skipped', id_,
                     'The trust was revoked.', 'error')]
    assert deleting() == []


def test_what_is_away_is_tried_again_soon(conf, sweeper, clock, operation,
                                          told, owner_fails):
    first, second = operation(), operation()
    owner_fails(exception.KeystoneAway(reason='It is away.'), first)
    # the others have their turn
    assert sweeper.sweep() == 2
    assert deleting() == [second]
    assert sweeper.sweep() == 0
    clock.after(seconds=conf.operationengine.retry_interval)
    assert found(first).retention_at == clock.moment
    assert sweeper.sweep() == 1
    assert told == []


def test_a_fault_of_one_is_none_of_the_others(sweeper, operation, told,
                                              owner_fails, caplog):
    first, second = operation(), operation()
    owner_fails(ZeroDivisionError('a fault'), first)
    assert sweeper.sweep() == 2
    assert deleting() == [second]
    assert 'a fault' in caplog.text
    assert sweeper.sweep() == 0


def test_who_is_stopped_takes_no_more(conf, clock, operation):
    for _number in range(3):
        operation()
    answers = iter([True, True, False])
    sweeper = retention.Sweeper(conf, clock, lambda: next(answers))
    assert sweeper.sweep() == 2
    assert len(deleting()) == 2


def test_one_thread_of_a_process_sweeps(sweeper, operation, monkeypatch):
    operation()
    inside, go_on = threading.Event(), threading.Event()
    real = actions.sweep

    def slow(*args):
        inside.set()
        go_on.wait()
        return real(*args)

    monkeypatch.setattr(actions, 'sweep', slow)
    counts = []
    thread = threading.Thread(target=lambda: counts.append(sweeper.sweep()))
    thread.start()
    inside.wait()
    operation()
    assert sweeper.sweep() == 0
    go_on.set()
    thread.join()
    assert counts == [2]


def test_an_engine_that_looks_finds_what_is_due(conf, clock, operation,
                                                told, monkeypatch):
    id_ = operation()
    engine = engines.Engine(conf, clock=clock)
    monkeypatch.setattr(engine.scheduler, 'once', lambda job: job())
    engine.look()
    assert deleting() == [id_]


def test_an_engine_that_is_disabled_sweeps_nothing(conf, clock, operation,
                                                   monkeypatch):
    operation()
    engine = engines.Engine(conf, lambda: False, clock)
    monkeypatch.setattr(engine.scheduler, 'once', lambda job: job())
    engine.look()
    assert deleting() == []
