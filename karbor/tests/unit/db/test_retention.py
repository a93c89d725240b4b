# SPDX-License-Identifier: Apache-2.0
"""Claims of sweeps, and sweeps beside everything else, on three databases."""

import datetime
import threading
import uuid

import pytest
import sqlalchemy as sa

from karbor import context
from karbor import exception
from karbor.actions import checkpoints as actions
from karbor.actions import plans
from karbor.actions import restores
from karbor.actions import retention as sweeps
from karbor.actions import scheduled_operations
from karbor.actions import triggers
from karbor.db import checkpoints
from karbor.db import models
from karbor.db import operations
from karbor.db import retention
from karbor.db import scheduled_operations as bindings
from karbor.db import session as db
from karbor.db import types
from karbor.model.query import ListQuery
from karbor.model.resource import Resource
from karbor.tests import fixtures
from karbor.tests.fixtures import PROVIDER
from karbor.tests.unit.db import common

HOUR = 3_600


@pytest.fixture
def boss():
    """A manager of the project."""
    return context.RequestContext(
        user_id='b', project_id=fixtures.PROJECT,
        roles=['manager', 'member', 'reader'], overwrite=False)


@pytest.fixture
def plan(database, conf, rules, protection, boss):
    conf.set_override('auth_strategy', 'noauth')
    made = plans.create(boss, name='shop', provider_id=PROVIDER,
                        resources=[Resource(fixtures.THING, 'a', 'n')],
                        parameters={})
    return plans.update(boss, made.id, {'status': 'started'})


@pytest.fixture
def bind(plan, boss):
    """Makes a scheduled operation; its id."""
    trigger = triggers.create(boss, name='nightly', type_='time', properties={
        'format': 'crontab', 'pattern': '0 2 * * *'})

    def make(type_='retention_protect', **members):
        return scheduled_operations.create(
            boss, name='keep', operation_type=type_, trigger_id=trigger.id,
            operation_definition={'provider_id': PROVIDER,
                                  'plan_id': plan.id, **members}).id
    return make


@pytest.fixture
def two(plan):
    """The ids of an old checkpoint and of a new one."""
    made = [common.save(common.checkpoint(
        plan_id=plan.id, status='available', sealed=True,
        created_at=common.later(seconds))) for seconds in (0, 60)]
    return [one.id for one in made]


def set_due(operation_id, seconds=0):
    with db.writer(common.system()) as session:
        db.changed(session, sa.update(models.ScheduledOperation).where(
            models.ScheduledOperation.id == operation_id).values(
                retention_at=types.now(seconds)))


def claim(seconds=HOUR):
    return retention.claim(common.system(), seconds)


def claim_of(operation_id):
    set_due(operation_id)
    claimed = claim()
    assert claimed.operation_id == operation_id
    return claimed


def row(operation_id):
    return bindings.get(common.system(), operation_id)


def status(checkpoint_id):
    with db.reader(common.system()) as session:
        return session.execute(sa.select(models.Checkpoint.status).where(
            models.Checkpoint.id == checkpoint_id)).scalar()


def deletions():
    return [(one.checkpoint_id, one.scheduled_operation_id) for one
            in operations.list_(common.system(), ListQuery())
            if one.type == 'delete']


# -- claims -------------------------------------------------------------------

def test_who_is_due_is_claimed_once(bind):
    first, second, later = bind(), bind(), bind()
    set_due(first, -20)
    set_due(second, -10)
    set_due(later, 60)
    assert [claim().operation_id, claim().operation_id] == [first, second]
    assert claim() is None


def test_a_clock_that_was_ahead_delays_no_sweep(bind):
    ahead, upgraded = bind(), bind()
    set_due(ahead, 30 * 86_400)
    set_due(upgraded, 86_400)
    assert retention.rewind(common.system(), HOUR) == 1
    assert retention.rewind(common.system(), HOUR) == 0
    assert claim().operation_id == ahead
    assert claim() is None


def test_a_claim_holds_for_most_of_the_interval(bind):
    operation = bind()
    set_due(operation)
    claimed = claim()
    assert row(operation).retention_at == claimed.until
    now = datetime.datetime.now(datetime.UTC)
    left = (claimed.until - now).total_seconds()
    assert 0.9 * HOUR - 60 < left <= HOUR + 60
    set_due(operation)
    assert claim().until != claimed.until


def test_of_those_that_claim_together_each_gets_another(bind):
    due = {bind() for _number in range(4)}
    for operation in due:
        set_due(operation, -1)
    claims = common.side_by_side(*[claim] * 6)
    assert sorted(one.operation_id for one in claims if one) == sorted(due)


def test_what_was_never_due_is_not_claimed(bind):
    operation = bind('protect')
    assert row(operation).retention_at is None
    assert claim() is None


def test_a_new_one_waits_for_an_interval(conf, bind):
    conf.set_override('retention_interval', HOUR, 'operationengine')
    operation = bind(max_backups=1)
    made = row(operation)
    assert made.retention_at == made.created_at + datetime.timedelta(
        seconds=HOUR)


def fenced(claimed):
    with db.writer(common.system()) as session:
        retention.fence(session, claimed)


def test_a_fence_lets_pass_who_has_the_claim(bind, plan, boss):
    operation = bind()
    claimed = claim_of(operation)
    fenced(claimed)
    fenced(claimed)
    for undo, change in (
            ({'enabled': True}, {'enabled': False}),
            ({'status': 'started'}, {'status': 'suspended'})):
        if 'status' in change:
            plans.update(boss, plan.id, change)
        else:
            scheduled_operations.update(boss, operation, change)
            claimed = claim_of(operation)
        with pytest.raises(exception.SweepLost):
            fenced(claimed)
        if 'status' in undo:
            plans.update(boss, plan.id, undo)
            fenced(claimed)
        else:
            scheduled_operations.update(boss, operation, undo)
            claimed = claim_of(operation)
            fenced(claimed)
    claim_of(operation)
    with pytest.raises(exception.SweepLost):
        fenced(claimed)
    plans.delete(boss, plan.id, used=True)
    with pytest.raises(exception.SweepLost):
        fenced(claim_of(operation))


@pytest.mark.parametrize('change', [
    {'enabled': False}, {'trigger_id': None}, {'operation_definition': None}])
def test_whoever_changes_one_makes_it_due(bind, plan, boss, change):
    operation, other = bind(max_backups=1), bind(max_backups=2)
    claimed, other_claim = claim_of(operation), claim_of(other)
    if 'operation_definition' in change:
        change = {'operation_definition': {
            'provider_id': PROVIDER, 'plan_id': plan.id}}
    elif 'trigger_id' in change:
        change = {'trigger_id': row(operation).trigger_id}
    changed = scheduled_operations.update(boss, operation, change)
    for lost in (claimed, other_claim):
        with pytest.raises(exception.SweepLost):
            fenced(lost)
    assert changed.retention_at == row(operation).retention_at
    assert claim().operation_id == operation
    # that of the other stays when it was
    assert claim() is None


def test_a_new_name_changes_nothing(bind, boss):
    operation = bind()
    claimed = claim_of(operation)
    scheduled_operations.update(boss, operation, {'name': 'new'})
    fenced(claimed)


def test_a_new_rule_stops_the_others_of_its_plan(bind):
    claimed = claim_of(bind(max_backups=1))
    bind('protect')
    fenced(claimed)
    bind(max_backups=5)
    with pytest.raises(exception.SweepLost):
        fenced(claimed)
    assert claim() is None


def test_who_adopts_one_makes_it_due(bind, boss):
    operation, other = bind(max_backups=1), bind('protect')
    claimed = claim_of(operation)
    bindings.adopt(boss, operation)
    bindings.adopt(boss, other)
    with pytest.raises(exception.SweepLost):
        fenced(claimed)
    assert claim().operation_id == operation
    assert claim() is None


def test_how_it_ends_is_noted_by_who_has_it(bind):
    operation = bind()
    lost = claim_of(operation)
    claimed = claim_of(operation)
    assert not retention.end(common.system(), lost, 'late')
    assert retention.end(common.system(), claimed, 'why')
    assert row(operation).retention_at == claimed.until
    assert retention.end(common.system(), claimed, None, at=types.now(-1))
    assert claim().operation_id == operation


def test_one_that_keeps_all_is_never_due_again(bind):
    operation = bind()
    assert retention.end(common.system(), claim_of(operation), None,
                         never=True)
    assert row(operation).retention_at is None


# -- what there is to decide --------------------------------------------------

def test_the_facts_are_of_one_plan_in_one_provider(bind, plan, two):
    operation = bind(max_backups=1)
    common.save(
        common.checkpoint(plan_id=plan.id, provider_id=fixtures.PROVIDER_2),
        common.checkpoint(plan_id=plan.id, project_id=common.OTHER),
        common.checkpoint(),
        common.operation(checkpoint_id=two[0], type='verify'),
        common.operation(source_checkpoint_id=two[1], type='copy',
                         status='running'),
        common.operation(checkpoint_id=two[1], type='restore',
                         status='success'))
    found = retention.facts(common.system(), project_id=plan.project_id,
                            plan_id=plan.id, provider_id=PROVIDER)
    assert {one.id for one in found.rows} == set(two)
    assert found.used == {two[0]: 'verify', two[1]: 'copy'}
    assert found.plan == ('shop', 'started')
    [bound] = found.bound
    assert (bound.id, bound.operation_type) == (operation,
                                                'retention_protect')
    assert bound.trigger['pattern'] == '0 2 * * *'
    assert found.failures == {}


def test_failures_are_counted_since_somebody_else_asked(plan):
    broken = common.save(common.checkpoint(plan_id=plan.id,
                                           status='error-deleting'))
    mine, other = str(uuid.uuid4()), str(uuid.uuid4())
    for number, (asked_by, state) in enumerate([
            (mine, 'error'), (other, 'error'), (mine, 'success'),
            (mine, 'cancelled'), (mine, 'error')]):
        common.save(common.operation(
            type='delete', checkpoint_id=broken.id, status=state,
            scheduled_operation_id=asked_by, reason=f'reason {number}',
            created_at=common.later(number), ended_at=common.later(number)))
    found = retention.facts(common.system(), project_id=plan.project_id,
                            plan_id=plan.id, provider_id=PROVIDER)
    assert found.failures == {broken.id: retention.Failure(
        mine, 2, common.later(4), 'reason 4')}


# -- beside everything else ---------------------------------------------------

# Where a sweep is in the transaction of a deletion, and what it holds there.
POINTS = {'before': set(), 'fenced': {'rule'},
          'held': {'rule', 'newest'}, 'locked': {'rule', 'newest', 'oldest'}}
# what somebody else does, and what he needs for it
OTHERS = {'restore': 'oldest', 'delete oldest': 'oldest',
          'reset oldest': 'oldest', 'reset newest': 'newest',
          'delete newest': 'newest', 'change rule': 'rule',
          'another sweep': 'rule'}


@pytest.fixture
def at_point(monkeypatch):
    """Calls something once, when the sweep of this thread is at a point."""
    def set_up(point, what):
        thread, calls = threading.current_thread(), []

        def once():
            if threading.current_thread() is thread and not calls:
                calls.append(point)
                what()

        if point == 'before':
            begin = actions._begin_delete

            def before(*args):
                once()
                return begin(*args)
            monkeypatch.setattr(actions, '_begin_delete', before)
            return calls
        module, name = {'fenced': (retention, 'fence'),
                        'held': (checkpoints, 'hold_newer'),
                        'locked': (checkpoints, 'lock')}[point]
        real = getattr(module, name)

        def after(*args):
            result = real(*args)
            once()
            return result
        monkeypatch.setattr(module, name, after)
        return calls
    return set_up


@pytest.mark.parametrize('other', OTHERS)
@pytest.mark.parametrize('point', POINTS)
def test_whoever_comes_first_is_right(
        database, bind, plan, two, boss, at_point, point, other):
    operation = bind(max_backups=1)
    oldest, newest = two
    claimed = claim_of(operation)
    # with SQLite, a transaction that writes holds everything
    held = POINTS[point] if database.kind != 'sqlite' or point == 'before' \
        else set(OTHERS.values())
    sweep_is_first = OTHERS[other] in held
    raised = []

    def sweep_again():
        # as an engine that was told that the claim is over
        assert sweeps.sweep(claim_of(operation)) is not None

    calls = {
        'restore': lambda: restores.create(
            boss, provider_id=PROVIDER, checkpoint_id=oldest, parameters={}),
        'delete oldest': lambda: actions.delete(boss, PROVIDER, oldest),
        'reset oldest': lambda: actions.reset_state(boss, PROVIDER, oldest,
                                                    'error'),
        'reset newest': lambda: actions.reset_state(boss, PROVIDER, newest,
                                                    'error'),
        'delete newest': lambda: actions.delete(boss, PROVIDER, newest),
        'change rule': lambda: scheduled_operations.update(
            boss, operation, {'operation_definition': {
                'provider_id': PROVIDER, 'plan_id': plan.id,
                'max_backups': 2}}),
        'another sweep': sweep_again}

    def run():
        try:
            calls[other]()
        except exception.KarborError as error:
            raised.append(error)

    thread = threading.Thread(target=run)

    def interrupt():
        thread.start()
        if not sweep_is_first:
            thread.join()

    reached = at_point(point, interrupt)
    done = sweeps.sweep(claimed)
    thread.join()
    assert reached == [point]
    if sweep_is_first:
        assert done.begun == (oldest,)
        assert status(oldest) == 'deleting'
        assert deletions().count((oldest, operation)) == 1
        # who came later is told so, or has done what he may do
        assert [type(error) for error in raised] == {
            'restore': [exception.CheckpointNotAvailable],
            'delete oldest': [exception.CheckpointNotDeletable],
            'reset oldest': [exception.CheckpointNotResettable],
        }.get(other, [])
    elif other == 'another sweep':
        assert done.begun == ()
        assert deletions() == [(oldest, operation)]
    else:
        assert raised == []
        assert done.begun == ()
        assert (oldest, operation) not in deletions()
        assert status(oldest) == {'delete oldest': 'deleting',
                                  'reset oldest': 'error'}.get(
                                      other, 'available')


@pytest.mark.parametrize('other', ['reset newest', 'delete newest'])
def test_what_is_about_to_go_is_no_newer_one(
        database, bind, two, boss, monkeypatch, other):
    """It is changed already, but not committed, when the sweep looks."""
    operation = bind(max_backups=1)
    oldest, newest = two
    claimed = claim_of(operation)
    changed, looks = threading.Event(), threading.Event()
    change, hold, begin = (checkpoints.change, checkpoints.hold_newer,
                           actions._begin_delete)
    sweeper = threading.current_thread()

    def slow_change(*args, **kwargs):
        result = change(*args, **kwargs)
        if threading.current_thread() is not sweeper:
            changed.set()
            looks.wait()
        return result

    def look(*args):
        looks.set()
        return hold(*args)

    def sweep_begins(*args):
        # with SQLite it waits where its transaction begins
        if (threading.current_thread() is sweeper
                and database.kind == 'sqlite'):
            looks.set()
        return begin(*args)

    monkeypatch.setattr(checkpoints, 'change', slow_change)
    monkeypatch.setattr(checkpoints, 'hold_newer', look)
    monkeypatch.setattr(actions, '_begin_delete', sweep_begins)
    thread = threading.Thread(target=lambda: (
        actions.reset_state(boss, PROVIDER, newest, 'error')
        if other == 'reset newest'
        else actions.delete(boss, PROVIDER, newest)))
    # between the decision and the first deletion
    context_of = sweeps.owners.context_of

    def decided(operation):
        thread.start()
        changed.wait()
        return context_of(operation)

    monkeypatch.setattr(sweeps.owners, 'context_of', decided)
    done = sweeps.sweep(claimed)
    thread.join()
    assert done.begun == ()
    assert status(oldest) == 'available'
    assert status(newest) == ('error' if other == 'reset newest'
                              else 'deleting')


def test_many_sweeps_at_once_remove_each_once(bind, plan):
    """Of two operations, some of whose claims are taken away."""
    bound = [bind(max_backups=1), bind(max_backups=1)]
    ids = [common.save(common.checkpoint(
        plan_id=plan.id, status='available', sealed=True,
        created_at=common.later(number))).id for number in range(6)]

    def sweep(number):
        set_due(bound[number % 2])
        claimed = claim()
        return claimed and sweeps.sweep(claimed)

    answers = common.side_by_side(*(
        lambda number=number: sweep(number) for number in range(6)))
    assert not [one for one in answers if isinstance(one, Exception)]
    # whatever was given up, goes on; it may be the turn of either
    for operation in bound:
        set_due(operation)
    for _each in bound:
        sweeps.sweep(claim())
    assert sorted(one for one, _by in deletions()) == sorted(ids[:-1])
    assert status(ids[-1]) == 'available'
