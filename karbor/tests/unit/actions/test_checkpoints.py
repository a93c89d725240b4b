# SPDX-License-Identifier: Apache-2.0
import datetime

from oslo_db import exception as db_exception
from oslo_utils import timeutils
import pytest

from karbor import context
from karbor import exception
from karbor import policy
from karbor.actions import checkpoints
from karbor.actions import plans
from karbor.actions import restores
from karbor.db import checkpoints as rows
from karbor.db import operations
from karbor.db import session
from karbor.model import lane
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


def test_it_is_as_old_as_the_database_says(member, plan, monkeypatch):
    """By the clock of its host it would have expired before it was there."""
    monkeypatch.setattr(timeutils, 'utcnow', lambda with_timezone: (
        datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC)))
    made = checkpoints.create(member, PROVIDER, plan.id)
    stored = checkpoints.get(member, PROVIDER, made.id)
    operation, = queued()
    assert stored.created_at == operation.created_at == made.created_at
    assert stored.created_at.year > 2000


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
    def insert(session, *operations, **kwargs):
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


# -- deletion of what is being made -------------------------------------------

def delete(who, made):
    checkpoints.delete(who, PROVIDER, made.id, cancel=True)
    return checkpoints.get(who, PROVIDER, made.id)


def claim():
    return operations.claim(context.system(), 'tester', 300)


def test_deleting_what_nobody_has_begun_to_make(member, boss, plan,
                                                protection):
    made = checkpoints.create(member, PROVIDER, plan.id)
    assert delete(boss, made).status == 'deleting'
    assert [(one.type, one.status) for one in reversed(queued())] == [
        ('protect', 'cancelled'), ('delete', 'queued')]
    assert protection.cancels == []
    assert fixtures.work().type == 'delete'


@pytest.mark.parametrize('end', ['cancelled', 'error', 'success'])
def test_deleting_what_is_being_made(member, boss, plan, protection, end):
    """The deletion waits until it has ended, however that is."""
    made = checkpoints.create(member, PROVIDER, plan.id)
    maker = claim()
    assert delete(boss, made).status == 'deleting'
    assert protection.cancels == [maker.id]
    deletion = queued()[0]
    assert protection.runs[-1] == deletion.id
    assert claim() is None
    with session.writer(context.system()) as writer:
        operations.finish(writer, maker, end)
        if end == 'success':
            rows.complete(writer, context.system(), made.id, 5)
    assert checkpoints.get(boss, PROVIDER, made.id).status == 'deleting'
    with pytest.raises(exception.CheckpointNotDeletable, match='deleting'):
        delete(boss, made)
    assert claim().id == deletion.id


def test_it_is_refused_where_nobody_asked_to_cancel(member, boss, plan):
    made = checkpoints.create(member, PROVIDER, plan.id)
    with pytest.raises(exception.CheckpointNotDeletable, match='protecting'):
        checkpoints.delete(boss, PROVIDER, made.id)
    assert [one.status for one in queued()] == ['queued']


def test_what_is_used_is_not_deleted_however_one_asks(member, boss, plan):
    made = checkpoints.create(member, PROVIDER, plan.id)
    fixtures.work()
    restores.create(member, provider_id=PROVIDER, checkpoint_id=made.id,
                    parameters={})
    with pytest.raises(exception.CheckpointNotDeletable,
                       match='operation restore is at work'):
        delete(boss, made)


def test_both_or_neither(member, boss, plan, protection, monkeypatch):
    """What is cancelled for a deletion has one."""
    made = checkpoints.create(member, PROVIDER, plan.id)
    claim()

    def insert(session, *operations, **kwargs):
        raise OSError('the database went away')
    with monkeypatch.context() as patch:
        patch.setattr(operations, 'insert', insert)
        with pytest.raises(OSError, match='went away'):
            delete(boss, made)
    [maker] = queued()
    assert maker.cancel_requested_by is None
    assert checkpoints.get(boss, PROVIDER, made.id).status == 'protecting'
    assert protection.cancels == []


def test_who_may_not_cancel_may_not_delete_what_is_being_made(
        member, boss, plan, monkeypatch):
    made = checkpoints.create(member, PROVIDER, plan.id)
    real = policy.authorize

    def authorize(who, rule, *args):
        if rule == 'operation:cancel':
            raise exception.Forbidden(action=rule)
        real(who, rule, *args)

    monkeypatch.setattr(policy, 'authorize', authorize)
    with pytest.raises(exception.Forbidden):
        delete(boss, made)
    assert [one.status for one in queued()] == ['queued']


def test_protects_of_a_plan_run_one_after_another(member, plan):
    first, second = (checkpoints.create(member, PROVIDER, plan.id)
                     for _time in range(2))
    assert claim().checkpoint_id == first.id
    assert claim() is None
    assert queued()[0].lane == lane.of_plan(plan.id)
    assert second.status == 'protecting'
