# SPDX-License-Identifier: Apache-2.0
from oslo_db import exception as db_exception
import pytest

from karbor import context
from karbor import exception
from karbor.actions import checkpoints
from karbor.actions import plans
from karbor.db import operations
from karbor.db import session
from karbor.model.query import ListQuery
from karbor.model.resource import Resource
from karbor.tests import fixtures
from karbor.tests.fixtures import PROVIDER


@pytest.fixture(autouse=True)
def house(database, rules, protection):
    """Everything that actions stand on."""


@pytest.fixture
def boss():
    """The context of a manager of the project."""
    return context.RequestContext(
        project_id=fixtures.PROJECT, roles=['manager', 'member', 'reader'],
        overwrite=False)


@pytest.fixture
def plan(member):
    return plans.create(
        member, name='p', provider_id=PROVIDER,
        resources=[Resource(fixtures.THING, 'a', 'n')],
        parameters={fixtures.THING: {'speed': 2}})


def queued():
    return operations.list_(context.system(), ListQuery())


def test_what_is_asked_for_is_kept_as_it_was(member, plan):
    made = checkpoints.create(member, PROVIDER, plan.id)
    plans.delete(member, plan.id)
    assert checkpoints.get(member, PROVIDER, made.id).plan == plan.snapshot()
    operation, = queued()
    assert operation.request['parameters'] == {fixtures.THING: {'speed': 2}}
    assert operation.plan_id == plan.id


def test_the_rows_are_there_before_anybody_hears(
        member, plan, protection, monkeypatch):
    heard = []

    def run(who, operation_id):
        # by a connection of its own: only what was committed is seen
        heard.append(operations.get(context.system(), operation_id).id)
    monkeypatch.setattr(protection, 'run', run)
    checkpoints.create(member, PROVIDER, plan.id)
    assert heard == [queued()[0].id]


def test_a_failure_between_the_rows_leaves_neither(
        member, plan, protection, monkeypatch):
    def insert(session, operation):
        raise OSError('the database went away')
    monkeypatch.setattr(operations, 'insert', insert)
    with pytest.raises(OSError, match='went away'):
        checkpoints.create(member, PROVIDER, plan.id)
    assert checkpoints.list_(member, PROVIDER, ListQuery()) == []
    assert protection.runs == []


def test_who_asked_for_it(member, plan):
    by_hand = checkpoints.create(member, PROVIDER, plan.id,
                                 {'created_by': 'x', 'a': 1})
    assert by_hand.extra_info == {'created_by': 'manual', 'a': 1}
    by_clock = checkpoints.create(member, PROVIDER, plan.id,
                                  origin='schedule')
    assert by_clock.extra_info == {'created_by': 'schedule'}
    assert checkpoints.get(member, PROVIDER,
                           by_clock.id).origin == 'schedule'


def test_who_may_not_leaves_nothing(member, plan):
    reader = context.RequestContext(
        project_id=fixtures.PROJECT, roles=['reader'], overwrite=False)
    with pytest.raises(exception.Forbidden):
        checkpoints.create(reader, PROVIDER, plan.id)
    assert queued() == []


def test_deleting_while_it_is_used(member, boss, plan):
    made = checkpoints.create(member, PROVIDER, plan.id)
    with pytest.raises(exception.CheckpointNotDeletable, match='protecting'):
        checkpoints.delete(boss, PROVIDER, made.id)
    fixtures.work()
    with pytest.raises(exception.Forbidden):
        checkpoints.delete(member, PROVIDER, made.id)
    checkpoints.delete(boss, PROVIDER, made.id)
    with pytest.raises(exception.CheckpointNotDeletable, match='deleting'):
        checkpoints.delete(boss, PROVIDER, made.id)
    assert len(queued()) == 2


def test_deleting_what_another_deletes_at_the_same_time(
        boss, member, plan, monkeypatch):
    """It is told what is the matter now, not when it looked first."""
    made = checkpoints.create(member, PROVIDER, plan.id)
    fixtures.work()
    seen = checkpoints.get(boss, PROVIDER, made.id)
    assert seen.status == 'available'
    checkpoints.delete(boss, PROVIDER, made.id)
    monkeypatch.setattr(checkpoints.db, 'get', lambda *args: seen)
    with pytest.raises(exception.CheckpointNotDeletable, match='is deleting'):
        checkpoints.delete(boss, PROVIDER, made.id)
    with session.writer(boss) as writer:
        checkpoints.db.remove(writer, made.id)
    with pytest.raises(exception.CheckpointNotFound):
        checkpoints.delete(boss, PROVIDER, made.id)


def test_resetting(member, boss, plan):
    made = checkpoints.create(member, PROVIDER, plan.id)

    def reset(state, who=boss):
        checkpoints.reset_state(who, PROVIDER, made.id, state)
        return checkpoints.get(boss, PROVIDER, made.id)

    with pytest.raises(exception.CheckpointNotResettable, match='protecting'):
        reset('error')
    fixtures.work()
    with pytest.raises(exception.CheckpointNotResettable, match='available'):
        reset('deleted')
    with pytest.raises(exception.Forbidden):
        reset('error', member)
    assert reset('error').status_reason == 'set by hand'
    assert reset('available').status == 'available'
    assert reset('available').status == 'available'


def test_a_reset_survives_a_deadlock(member, boss, plan, monkeypatch):
    made = checkpoints.create(member, PROVIDER, plan.id)
    fixtures.work()
    change, times = checkpoints.db.change, []

    def once(*args, **kwargs):
        times.append(args)
        if len(times) == 1:
            raise db_exception.DBDeadlock()
        return change(*args, **kwargs)

    monkeypatch.setattr(checkpoints.db, 'change', once)
    checkpoints.reset_state(boss, PROVIDER, made.id, 'error')
    assert checkpoints.get(boss, PROVIDER, made.id).status == 'error'


def test_a_reset_that_comes_too_late(member, boss, plan, monkeypatch):
    made = checkpoints.create(member, PROVIDER, plan.id)
    fixtures.work()
    monkeypatch.setattr(checkpoints.db, 'change', lambda *a, **kw: False)
    with pytest.raises(exception.CheckpointNotResettable, match='meanwhile'):
        checkpoints.reset_state(boss, PROVIDER, made.id, 'error')


def test_others_do_not_see_it(member, stranger, plan):
    made = checkpoints.create(member, PROVIDER, plan.id)
    fixtures.work()
    for touch in (
            lambda: checkpoints.get(stranger, PROVIDER, made.id),
            lambda: checkpoints.delete(stranger, PROVIDER, made.id),
            lambda: checkpoints.reset_state(stranger, PROVIDER, made.id,
                                            'error')):
        with pytest.raises(exception.CheckpointNotFound):
            touch()
    with pytest.raises(exception.PlanNotFound):
        checkpoints.create(stranger, PROVIDER, plan.id)
    assert checkpoints.get(member, PROVIDER, made.id).status == 'available'
