# SPDX-License-Identifier: Apache-2.0
"""What the types of operations can do in a run, and what they cannot."""

import dataclasses
import datetime

from oslo_utils import timeutils
import pytest
import sqlalchemy as sa

from karbor import context
from karbor import exception
from karbor import plugin
from karbor.actions import checkpoints
from karbor.actions import operation_types
from karbor.actions import plans
from karbor.actions import scheduled_operations
from karbor.actions import triggers
from karbor.db import models
from karbor.db import run_outcomes
from karbor.db import runs
from karbor.db import session
from karbor.model.query import ListQuery
from karbor.model.resource import Resource
from karbor.operationengine import acts
from karbor.tests import fixtures
from karbor.tests.fixtures import PROVIDER
from karbor.tests.fixtures import THING

SYSTEM = context.system()


@pytest.fixture
def plan(member, database, rules, protection):
    """One that has been started."""
    made = plans.create(member, name='shop', provider_id=PROVIDER,
                        resources=[Resource(THING, 'a', 'n')], parameters={})
    return plans.update(member, made.id, {'status': 'started'})


@pytest.fixture
def schedule(member, plan):
    """Makes an operation of a type."""
    trigger = triggers.create(member, name='t', type_='time', properties={
        'format': 'crontab', 'pattern': '0 2 * * *'})

    def make(type_='protect', **definition):
        return scheduled_operations.create(
            member, name='o', operation_type=type_, trigger_id=trigger.id,
            operation_definition={'provider_id': PROVIDER,
                                  'plan_id': plan.id, **definition})
    return make


def due(operation, origin='time'):
    """A run of an operation that an engine has claimed."""
    made = runs.add(SYSTEM, operation.id, 900)
    with session.writer(SYSTEM) as writer:
        session.changed(writer, sa.update(models.Run).where(
            models.Run.id == made.id).values(origin=origin))
    [run] = runs.claim(SYSTEM, 'engine', 60)
    assert run.id == made.id
    return run


def row(run):
    """The run as it is now."""
    with session.reader(SYSTEM) as reader:
        return runs.model(reader.execute(sa.select(runs.TABLE).where(
            runs.TABLE.c.id == run.id)).one())


def recorded():
    """All operations that are recorded, in order."""
    with session.reader(SYSTEM) as reader:
        return [(one.type, one.checkpoint_id, one.scheduled_run_id,
                 one.scheduled_operation_id, one.user_id)
                for one in reader.execute(sa.select(
                    models.Operation.__table__).order_by(
                        models.Operation.created_at))]


def available(member, plan, count):
    """Ids of so many checkpoints that are available, newest first."""
    made = []
    for _number in range(count):
        made.insert(0, checkpoints.create(member, PROVIDER, plan.id).id)
        fixtures.work()
    return made


class Does(plugin.OperationType):
    """An operation type of the test."""

    def __init__(self, run):
        self._run = run

    def run(self, definition, actions):
        self._run(actions)


@pytest.fixture
def does(monkeypatch):
    """Puts a type of the test in place of all others."""
    def put(run):
        monkeypatch.setattr(operation_types.INSTALLED, 'made',
                            lambda name: Does(run))
    return put


# -- what types do ------------------------------------------------------------

@pytest.mark.parametrize('type_', ['protect', 'retention_protect'])
def test_a_plan_is_protected(member, schedule, protection, type_):
    operation = schedule(type_)
    run = due(operation)
    acts.carry_out(run, operation, member)
    [found] = recorded()
    now = row(run)
    assert found == ('protect', now.checkpoint_id, run.id, operation.id, 'u')
    assert (now.status, now.operation_id) == ('running', protection.runs[0])
    made = checkpoints.get(member, PROVIDER, now.checkpoint_id)
    assert (made.origin, made.status) == ('schedule', 'protecting')
    fixtures.work()
    [ended] = run_outcomes.settle(SYSTEM)
    assert (ended.id, ended.status, ended.reason) == (run.id, 'success', None)


@pytest.mark.parametrize(('wanted', 'there', 'number'), [
    ({}, 2, 1), ({'checkpoints': 3}, 2, 2), ({'checkpoints': 2}, 3, 2)])
def test_the_newest_are_verified(member, schedule, plan, protection, wanted,
                                 there, number):
    newest = available(member, plan, there)
    # neither one that is being made nor one of another plan
    checkpoints.create(member, PROVIDER, plan.id)
    protection.runs.clear()
    operation = schedule('verify', **wanted)
    run = due(operation)
    acts.carry_out(run, operation, member)
    made = [one for one in recorded() if one[0] == 'verify']
    assert made == [('verify', id_, run.id, operation.id, 'u')
                    for id_ in newest[:number]]
    now = row(run)
    assert (now.status, now.checkpoint_id) == ('running', newest[0])
    assert now.operation_id == protection.runs[0]
    assert len(protection.runs) == number


@pytest.mark.parametrize('second', ['success', 'error'])
def test_all_must_be_sound(member, schedule, plan, second):
    available(member, plan, 2)
    operation = schedule('verify', checkpoints=2)
    run = due(operation)
    acts.carry_out(run, operation, member)
    fixtures.work()
    assert run_outcomes.settle(SYSTEM) == []
    fixtures.work(second, reason='damaged' if second == 'error' else None)
    [ended] = run_outcomes.settle(SYSTEM)
    assert (ended.status, ended.reason) == (
        ('success', None) if second == 'success' else ('failed', 'damaged'))


def subsets(operation):
    """What the verifications of an operation look at, in order."""
    with session.reader(SYSTEM) as reader:
        return [row.request.get('subset') for row in reader.execute(
            sa.select(models.Operation.__table__).where(
                models.Operation.scheduled_operation_id == operation.id)
            .order_by(models.Operation.created_at))]


def verified(operation, member):
    """Another run of it has ended, with whatever result."""
    acts.carry_out(due(operation), operation, member)
    fixtures.work('error', reason='damaged')
    fixtures.work()
    assert len(run_outcomes.settle(SYSTEM)) == 1


def test_each_run_verifies_the_next_subset(member, schedule, plan):
    """Whoever carries it out: the database knows whose turn it is."""
    available(member, plan, 2)
    operation = schedule('verify', checkpoints=2, subsets=3)
    others = schedule('verify', checkpoints=2, subsets=2)
    for _run in range(4):
        verified(operation, member)
    verified(others, member)
    assert subsets(operation) == [
        {'number': number, 'of': 3} for number in (1, 1, 2, 2, 3, 3, 1, 1)]
    assert subsets(others) == [{'number': 1, 'of': 2}] * 2


def test_a_run_that_did_not_begin_takes_no_turn(
        member, schedule, plan, monkeypatch):
    available(member, plan, 1)
    operation = schedule('verify', subsets=3)
    run = due(operation)

    def insert(*args, **kwargs):
        raise OSError('the database went away')

    with monkeypatch.context() as patch:
        patch.setattr(acts.verifications.handover.operations, 'insert',
                      insert)
        with pytest.raises(OSError, match='went away'):
            acts.carry_out(run, operation, member)
    acts.carry_out(run, operation, member)
    assert subsets(operation) == [{'number': 1, 'of': 3}]


def test_without_subsets_all_of_it_is_verified(member, schedule, plan):
    available(member, plan, 1)
    operation = schedule('verify')
    acts.carry_out(due(operation), operation, member)
    assert subsets(operation) == [None]


def test_without_a_checkpoint_nothing_is_verified(member, schedule):
    operation = schedule('verify')
    run = due(operation)
    with pytest.raises(exception.RunSkipped, match='no available checkpoint'):
        acts.carry_out(run, operation, member)
    assert (recorded(), row(run).status) == ([], 'queued')


def test_the_questions_of_verifying_do_not_grow(member, schedule, plan):
    available(member, plan, 10)
    counts = []
    for number in (2, 10):
        operation = schedule('verify', checkpoints=number)
        run = due(operation)
        with fixtures.Statements() as statements:
            acts.carry_out(run, operation, member)
        counts.append(statements.count)
    assert counts[0] == counts[1]


# -- what stands in the way ---------------------------------------------------

@pytest.mark.parametrize('type_', ['protect', 'verify'])
def test_a_suspended_plan_takes_no_scheduled_run(member, schedule, plan,
                                                 type_):
    available(member, plan, 1)
    plans.update(member, plan.id, {'status': 'suspended'})
    operation = schedule(type_)
    before = recorded()
    with pytest.raises(exception.RunSkipped, match='Plan shop is suspended'):
        acts.carry_out(due(operation), operation, member)
    assert recorded() == before
    # what a user asks for himself is done
    acts.carry_out(due(operation, 'manual'), operation, member)
    assert len(recorded()) == len(before) + 1


def test_a_plan_that_is_gone(member, schedule, plan):
    operation = schedule()
    plans.delete(member, plan.id, used=True)
    with pytest.raises(exception.PlanNotFound):
        acts.carry_out(due(operation), operation, member)


def test_others_plans_and_checkpoints_are_not_there(
        member, stranger, schedule, plan):
    available(member, plan, 1)
    for type_ in ('protect', 'verify'):
        operation = schedule(type_)
        with pytest.raises(exception.PlanNotFound):
            acts.carry_out(due(operation), operation, stranger)
    theirs = acts.Acts(due(operation), operation, plan, stranger)
    assert theirs.available(5) == []


def test_roles_count(schedule, plan, member):
    available(member, plan, 1)
    before = recorded()
    reader = context.RequestContext(
        user_id='u', project_id=fixtures.PROJECT, roles=['reader'],
        overwrite=False)
    for type_ in ('protect', 'verify'):
        operation = schedule(type_)
        run = due(operation)
        with pytest.raises(exception.Forbidden):
            acts.carry_out(run, operation, reader)
        assert (recorded(), row(run).status) == (before, 'queued')


@pytest.mark.parametrize('type_', ['protect', 'verify'])
def test_who_has_lost_the_run_records_nothing(member, schedule, plan, type_):
    available(member, plan, 1)
    operation = schedule(type_)
    run = due(operation)
    before = recorded()
    for other in ({'attempt': run.attempt - 1}, {'owner': 'x'}):
        with pytest.raises(exception.LeaseLost):
            acts.carry_out(dataclasses.replace(run, **other), operation,
                           member)
    assert (recorded(), row(run).status) == (before, 'queued')
    acts.carry_out(run, operation, member)
    with pytest.raises(exception.KarborError):
        acts.carry_out(run, operation, member)
    assert len(recorded()) == len(before) + 1


def test_a_type_that_is_not_installed(member, schedule):
    operation = dataclasses.replace(schedule(), operation_type='teleport')
    with pytest.raises(exception.TypeMissing, match='type teleport'):
        acts.carry_out(due(operation), operation, member)


def test_a_checkpoint_that_goes_in_between(member, schedule, plan,
                                           monkeypatch):
    """The type looks again, and takes what there is then."""
    newest = available(member, plan, 3)
    going = newest[:2]
    create_all = acts.verifications.create_all

    def late(*args, **kwargs):
        if going:
            with session.writer(SYSTEM) as writer:
                id_ = going.pop(0)
                if going:
                    session.changed(writer, sa.update(
                        models.Checkpoint).where(
                            models.Checkpoint.id == id_).values(
                                status='deleting'))
                else:
                    session.changed(writer, sa.delete(
                        models.Checkpoint).where(
                            models.Checkpoint.id == id_))
        return create_all(*args, **kwargs)
    monkeypatch.setattr(acts.verifications, 'create_all', late)
    operation = schedule('verify')
    run = due(operation)
    acts.carry_out(run, operation, member)
    assert row(run).checkpoint_id == newest[2]


def test_it_does_not_look_for_ever(member, schedule, plan, does):
    [id_] = available(member, plan, 1)
    looks = []

    def run(actions):
        looks.append(actions.available(1))
        with session.writer(SYSTEM) as writer:
            session.changed(writer, sa.delete(models.Checkpoint))
        actions._shown.add(id_)
        actions.verify([id_])
    does(run)
    operation = schedule()
    run = due(operation)
    with pytest.raises(exception.CheckpointNotFound):
        acts.carry_out(run, operation, member)
    assert looks == [[id_], [], []]
    assert row(run).status == 'queued'


# -- types with faults --------------------------------------------------------

def does_nothing(actions):
    """Nor says why."""


def verifies_nothing(actions):
    actions.verify([])


def verifies_one_twice(actions):
    actions.verify([*actions.available(1)] * 2)


def verifies_what_it_was_not_shown(actions):
    actions.verify([*actions.available(1), 'x'])


def divides_by_zero(actions):
    return 1 / 0


@pytest.mark.parametrize(('run', 'words'), [
    (does_nothing, 'protect has begun nothing'),
    (verifies_nothing, 'other checkpoints than it was shown'),
    (verifies_one_twice, 'other checkpoints than it was shown'),
    (verifies_what_it_was_not_shown, 'other checkpoints than it was shown'),
    (divides_by_zero, 'has a fault: ZeroDivisionError: division by zero')])
def test_a_fault_fails_the_run(member, schedule, plan, does, run, words):
    available(member, plan, 1)
    before = recorded()
    does(run)
    operation = schedule()
    with pytest.raises(exception.PluginError, match=words):
        acts.carry_out(due(operation), operation, member)
    assert recorded() == before


@pytest.mark.parametrize('more', [
    lambda actions: actions.protect(),
    lambda actions: actions.verify(actions.available(1)),
    lambda actions: actions.skip('No.'),
    divides_by_zero])
def test_what_has_begun_goes_on(member, schedule, plan, does, more, caplog):
    available(member, plan, 1)
    before = recorded()

    def run(actions):
        actions.protect()
        more(actions)
    does(run)
    operation = schedule()
    run = due(operation)
    acts.carry_out(run, operation, member)
    assert len(recorded()) == len(before) + 1
    assert row(run).status == 'running'
    assert 'has begun' in caplog.text


def test_a_sentence_of_a_plugin_is_the_reason(member, schedule, does):
    def run(actions):
        raise plugin.PluginError(reason='The moon is full.')
    does(run)
    operation = schedule()
    with pytest.raises(exception.PluginError, match=r'^The moon is full\.$'):
        acts.carry_out(due(operation), operation, member)


@pytest.mark.parametrize(('module', 'name', 'type_'), [
    (acts.checkpoints, 'create_of', 'protect'),
    (acts.checkpoints, 'list_', 'verify'),
    (acts.verifications, 'create_all', 'verify')])
def test_a_database_that_is_away_is_no_fault_of_a_type(
        member, schedule, plan, monkeypatch, module, name, type_):
    """So the run is tried again."""
    available(member, plan, 1)
    operation = schedule(type_)
    run = due(operation)

    def away(*args, **kwargs):
        raise OSError('no database')
    monkeypatch.setattr(module, name, away)
    with pytest.raises(OSError, match='no database'):
        acts.carry_out(run, operation, member)
    assert row(run).status == 'queued'


@pytest.mark.parametrize('type_', ['protect', 'verify'])
def test_the_clock_of_the_host_does_not_matter(
        member, schedule, plan, monkeypatch, type_):
    """Else what is newest would be removed as the oldest."""
    [before] = available(member, plan, 1)
    operation = schedule(type_)
    run = due(operation)
    wrong = timeutils.utcnow(with_timezone=True) - datetime.timedelta(days=9)
    with monkeypatch.context() as patched:
        patched.setattr(timeutils, 'utcnow', lambda **kwargs: wrong)
        acts.carry_out(run, operation, member)
    begun = row(run)
    with session.reader(SYSTEM) as reader:
        made = reader.get(models.Operation, begun.operation_id).created_at
        checkpoint = reader.get(models.Checkpoint, begun.checkpoint_id)
        assert begun.started_at <= made
        if type_ == 'protect':
            assert begun.started_at <= checkpoint.created_at <= made
            assert checkpoint.created_at > reader.get(
                models.Checkpoint, before).created_at


@pytest.mark.parametrize('type_', ['protect', 'verify'])
def test_a_crash_before_the_commit_leaves_nothing(
        member, schedule, plan, monkeypatch, type_):
    available(member, plan, 1)
    before = recorded()
    operation = schedule(type_)
    run = due(operation)
    insert = acts.checkpoints.operations.insert

    def crash(*args, **kwargs):
        insert(*args, **kwargs)
        raise OSError('cut')
    with monkeypatch.context() as patched:
        patched.setattr(acts.checkpoints.operations, 'insert', crash)
        with pytest.raises(OSError, match='cut'):
            acts.carry_out(run, operation, member)
    assert (recorded(), row(run).status) == (before, 'queued')
    assert len(checkpoints.list_(member, PROVIDER, ListQuery())) == 1
