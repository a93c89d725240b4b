# SPDX-License-Identifier: Apache-2.0
"""What a sweep removes, and what it says beforehand."""

import datetime
import uuid

import pytest
import sqlalchemy as sa

from karbor import context
from karbor import exception
from karbor.actions import operation_types
from karbor.actions import owners
from karbor.actions import plans
from karbor.actions import restores
from karbor.actions import retention
from karbor.actions import scheduled_operations
from karbor.db import checkpoints as checkpoint_rows
from karbor.db import models
from karbor.db import operations
from karbor.db import retention as db
from karbor.db import session
from karbor.tests import fixtures
from karbor.tests.fixtures import NOWHERE
from karbor.tests.fixtures import PROVIDER
from karbor.tests.fixtures import PROVIDER_2
from karbor.tests.unit.actions.sweeps import DAY
from karbor.tests.unit.actions.sweeps import deletions
from karbor.tests.unit.actions.sweeps import statuses
from karbor.tests.unit.actions.sweeps import swept
from karbor.tests.unit.actions.sweeps import told
from karbor.tests.unit.db.schedules import Clock
from karbor.tests.unit.db.schedules import NOON


@pytest.fixture(autouse=True)
def house(conf, database, rules, protection):
    """Everything that actions stand on."""
    conf.set_override('auth_strategy', 'noauth')


# -- what is removed ----------------------------------------------------------

def test_of_three_the_oldest_is_removed(member, bind, have, clock):
    """The retired Karbor removed the newest."""
    operation = bind({'max_backups': 2})
    oldest, middle, newest = have(300, 200, 100)
    assert told(retention.simulate(member, operation, clock)) == {
        oldest: 'delete', middle: 'keep', newest: 'keep'}
    done = swept(operation, clock)
    assert done.begun == (oldest,)
    assert (done.reason, done.news) == (None, False)
    assert statuses() == {oldest: 'deleting', middle: 'available',
                          newest: 'available'}
    assert deletions() == [(oldest, operation)]
    fixtures.work()
    assert set(statuses()) == {middle, newest}
    assert swept(operation, clock).begun == ()


def test_a_deletion_is_one_of_the_owner(member, bind, have, clock):
    operation = bind({'max_backups': 1})
    have(300, 200)
    swept(operation, clock)
    made = fixtures.work()
    assert (made.user_id, made.project_id, made.type) == (
        member.user_id, member.project_id, 'delete')
    assert made.scheduled_run_id is None


def test_the_oldest_goes_first(bind, have, clock):
    operation = bind({'max_backups': 1})
    ids = have(500, 400, 300, 200)
    assert swept(operation, clock).begun == tuple(ids[:3])


def test_whoever_made_them_they_count(bind, have, clock):
    operation = bind({'max_backups': 2})
    oldest, = have(400)
    have(300, origin='schedule')
    have(200, origin='copy')
    assert swept(operation, clock).begun == (oldest,)


def test_what_is_elsewhere_does_not_count(bind, have, clock):
    operation = bind({'max_backups': 1})
    have(100, plan_id=NOWHERE)
    have(100, provider_id=PROVIDER_2)
    have(100, project_id=fixtures.OTHER)
    mine = have(300)
    assert swept(operation, clock).begun == ()
    have(200)
    assert swept(operation, clock).begun == tuple(mine)


@pytest.mark.parametrize('status', [
    'protecting', 'error', 'wait_copying', 'copying', 'deleting',
    'error-deleting'])
def test_what_is_not_available_changes_nothing(member, bind, have, clock,
                                               status):
    operation = bind({'max_backups': 1})
    old, = have(300)
    # newer ones that failed, and older ones
    others = have(400, 200, 100, status=status)
    assert swept(operation, clock).begun == ()
    fates = {one.checkpoint.id: one for one
             in retention.simulate(member, operation, clock).fates}
    assert fates[old].action == 'keep'
    for id_ in others:
        assert fates[id_].action == 'none'
        assert fates[id_].reason == (
            f'It is {status}; only available checkpoints are counted and '
            'expire.')


def test_age_is_by_the_clock_of_the_database(bind, have, clock):
    operation = bind({'retention_duration': 2})
    old, newer = have(2 * DAY, DAY)
    assert swept(operation, clock).begun == ()
    clock.after(seconds=1)
    assert swept(operation, clock).begun == (old,)
    clock.after(seconds=10 * DAY)
    assert swept(operation, clock).begun == ()
    assert statuses()[newer] == 'available'


def test_periods_are_by_the_clock_of_the_trigger(bind, have, clock):
    """In Berlin it is tomorrow already when it is 23 o'clock in UTC."""
    ids = have(12 * 3_600, 13 * 3_600 + 60)
    assert swept(bind({'keep': {'daily': 9}, 'timezone': 'UTC'}),
                 clock).begun == ()
    with session.writer(context.system()) as writer:
        writer.execute(sa.delete(models.ScheduledOperation))
    berlin = bind({'keep': {'daily': 9}})
    assert swept(berlin, clock).begun == ()
    between = have(12 * 3_600 + 1_800)
    assert swept(berlin, clock).begun == tuple(between)
    assert statuses()[ids[1]] == 'available'


def test_what_another_operation_keeps_is_kept(member, bind, have, clock):
    few = bind({'max_backups': 1})
    bind({'max_age': 250})
    ids = have(300, 200, 100)
    assert swept(few, clock).begun == (ids[0],)
    second = retention.simulate(member, few, clock).fates[1]
    assert second.reason.startswith(
        'It is kept: it is not older than 4 min 10 s, by '
        'scheduled operation ')


def test_one_that_keeps_all_keeps_all(member, bind, have, clock):
    few, all_ = bind({'max_backups': 1}), bind({})
    have(300, 200)
    assert swept(few, clock).begun == ()
    assert swept(all_, clock).begun == ()
    # until it is changed
    assert retention.simulate(member, all_, clock).next_sweep_at is None
    assert retention.simulate(member, few, clock).next_sweep_at is not None


def mark(checkpoint_id):
    with session.writer(context.system()) as writer:
        checkpoint_rows.mark_damaged(writer, checkpoint_id, 'v', 'Broken.')


def test_what_is_damaged_is_not_the_newest_good_one(
        member, bind, have, clock):
    few = bind({'max_backups': 1})
    oldest, good, damaged = have(300, 200, 100)
    mark(damaged)
    fates = retention.simulate(member, few, clock).fates
    assert [one.action for one in fates] == ['keep', 'keep', 'delete']
    assert 'it is damaged, but no newer one is better' in fates[0].reason
    assert 'the newest one that is not damaged' in fates[1].reason
    assert swept(few, clock).begun == (oldest,)
    assert (statuses()[good], statuses()[damaged]) == ('available',) * 2
    # a newer good one comes: both have had their time
    have(50)
    assert set(swept(few, clock).begun) == {good, damaged}


def test_what_becomes_damaged_meanwhile_keeps_the_others(
        bind, have, clock, monkeypatch):
    """Between the decision and the deletion."""
    few = bind({'max_backups': 1})
    old, new = have(300, 200)
    real = retention.checkpoints.delete

    def delete(*args):
        mark(new)
        real(*args)

    monkeypatch.setattr(retention.checkpoints, 'delete', delete)
    assert swept(few, clock).begun == ()
    assert statuses() == {old: 'available', new: 'available'}


def test_one_of_another_provider_or_type_has_no_say(shop, bind, have, clock):
    few = bind({'max_backups': 1})
    bind({}, 'protect')
    bind({}, 'verify')
    other = bind({})
    with session.writer(context.system()) as writer:
        session.changed(writer, sa.update(models.ScheduledOperation).where(
            models.ScheduledOperation.id == other).values(
                operation_definition={'provider_id': PROVIDER_2,
                                      'plan_id': shop.id}))
    old, _new = have(300, 200)
    assert swept(few, clock).begun == (old,)


@pytest.mark.parametrize('values', [
    {'operation_type': 'of a newer release'},
    {'operation_definition': {'provider_id': PROVIDER, 'max_backups': 'x'}}])
def test_a_rule_that_cannot_be_read_keeps_all(bind, have, clock, values):
    few, other = bind({'max_backups': 1}), bind({'max_backups': 1})
    have(300, 200)
    with session.writer(context.system()) as writer:
        session.changed(writer, sa.update(models.ScheduledOperation).where(
            models.ScheduledOperation.id == other).values(**values))
    assert swept(few, clock).begun == ()
    assert swept(other, clock).begun == ()


def test_what_one_engine_cannot_read_another_sweeps(member, bind, have,
                                                    clock, monkeypatch):
    """As while some engines are of an older release."""
    operation = bind({'max_backups': 1})
    old, _new = have(300, 200)
    with monkeypatch.context() as patch:
        patch.setattr(operation_types.INSTALLED, 'names', lambda: ('protect',))
        first, second = (swept(operation, clock) for _number in range(2))
        found = retention.simulate(member, operation, clock)
    assert (first.begun, first.news, second.news) == ((), True, False)
    assert found.reason == first.reason
    assert 'expected one of protect, not retention_protect' in found.reason
    assert found.next_sweep_at <= clock.moment + datetime.timedelta(hours=1)
    assert swept(operation, clock).begun == (old,)
    assert retention.simulate(member, operation, clock).reason is None


def test_a_zone_that_is_not_known_any_more_keeps_all(
        member, shop, trigger, bind, have, clock):
    operation = bind({'keep': {'daily': 1}})
    have(300, 200)
    with session.writer(context.system()) as writer:
        session.changed(writer, sa.update(models.Trigger).where(
            models.Trigger.id == trigger.id).values(
                properties={'timezone': 'Mars/Olympus'}))
    assert swept(operation, clock).begun == ()
    with pytest.raises(exception.Invalid, match='time zone'):
        retention.simulate_rule(member, shop.id, {'max_backups': 1},
                                instead_of=operation)


def test_a_type_without_a_rule_is_not_swept_again(bind, have, clock):
    operation = bind({}, 'protect')
    have(300, 200)
    assert swept(operation, clock).begun == ()
    assert db.claim(context.system(), 60, Clock(NOON + datetime.timedelta(
        days=9))) is None


def test_what_bears_a_time_to_come_is_no_newer_one(bind, have, clock):
    operation = bind({'max_backups': 1})
    old, new, ahead = have(300, 200, -DAY)
    assert swept(operation, clock).begun == (old,)
    assert statuses()[new] == statuses()[ahead] == 'available'


# -- what stands still --------------------------------------------------------

def test_who_stands_still_removes_nothing_and_keeps_what_it_keeps(
        member, shop, bind, have, clock):
    few, many = bind({'max_backups': 1}), bind({'max_backups': 3})
    ids = have(500, 400, 300, 200)
    scheduled_operations.update(member, many, {'enabled': False})
    assert swept(many, clock).begun == ()
    assert 'disabled' in retention.simulate(member, many, clock).reason
    assert swept(few, clock).begun == (ids[0],)
    plans.update(member, shop.id, {'status': 'suspended'})
    have(100)
    assert swept(few, clock).begun == ()
    found = retention.simulate(member, few, clock)
    assert found.reason == ('Plan shop is suspended; nothing expires until '
                            'it is started.')
    assert set(told(found).values()) == {'none', 'keep', 'delete'}
    plans.delete(member, shop.id, used=True)
    assert swept(few, clock).begun == ()
    assert 'gone' in retention.simulate(member, few, clock).reason


def test_an_owner_who_is_gone_is_told_once(member, bind, have, clock,
                                           monkeypatch):
    operation = bind({'max_backups': 1})

    def gone(operation):
        raise exception.TrustGone(reason='The trust was revoked.')
    with monkeypatch.context() as patch:
        patch.setattr(owners, 'context_of', gone)
        # with nothing to remove, nobody is asked
        assert swept(operation, clock).reason is None
        have(300, 200)
        first, second = (swept(operation, clock) for _number in range(2))
    assert (first.begun, first.reason, first.news) == (
        (), 'The trust was revoked.', True)
    assert (second.reason, second.news) == (first.reason, False)
    assert retention.simulate(member, operation).reason == first.reason
    assert set(statuses().values()) == {'available'}
    assert len(swept(operation, clock).begun) == 1
    assert retention.simulate(member, operation, clock).reason is None


def test_an_owner_who_may_not_delete(member, bind, have, clock, monkeypatch):
    """By the default policy only managers may."""
    operation = bind({'max_backups': 1})
    have(300, 200)
    monkeypatch.setattr(owners, 'context_of', lambda operation: member)
    done = swept(operation, clock)
    assert done.begun == ()
    assert 'Its owner may not' in done.reason
    assert 'provider:checkpoint_delete' in done.reason
    assert set(statuses().values()) == {'available'}


def test_what_is_away_is_for_the_caller(bind, have, clock, monkeypatch):
    operation = bind({'max_backups': 1})
    have(300, 200)

    def away(operation):
        raise exception.KeystoneAway(reason='It is away.')
    monkeypatch.setattr(owners, 'context_of', away)
    with pytest.raises(exception.KeystoneAway):
        swept(operation, clock)
    assert set(statuses().values()) == {'available'}


# -- what is in use -----------------------------------------------------------

def test_what_is_in_use_waits_until_that_ends(member, bind, have, clock):
    operation = bind({'max_backups': 1})
    old, _new = have(300, 200)
    restores.create(member, provider_id=PROVIDER, checkpoint_id=old,
                    parameters={})
    assert swept(operation, clock).begun == ()
    fates = retention.simulate(member, operation, clock).fates
    assert fates[1].reason == (
        'It is kept: an operation of type restore needs it now.')
    fixtures.work(status='error')
    assert swept(operation, clock).begun == (old,)


def test_what_is_copied_is_in_use(bind, have, clock, shop):
    operation = bind({'max_backups': 1})
    old, new = have(300, 200)
    with session.writer(context.system()) as writer:
        operations.insert(writer, operations.Operation(
            id=str(uuid.uuid4()), type='copy', project_id=shop.project_id,
            user_id='u', provider_id=PROVIDER_2, checkpoint_id=NOWHERE,
            source_checkpoint_id=old, status='running', created_at=NOON))
    assert swept(operation, clock).begun == ()
    assert statuses() == {old: 'available', new: 'available'}


# -- what is tried out --------------------------------------------------------

def test_a_rule_is_tried_out(member, shop, have, clock):
    ids = have(500, 400, 300)
    found = retention.simulate_rule(member, shop.id, {'max_backups': 2})
    assert told(found) == {ids[0]: 'delete', ids[1]: 'keep', ids[2]: 'keep'}
    assert (found.operation_id, found.next_sweep_at, found.reason) == (
        None, None, None)
    assert (found.plan_id, found.provider_id) == (shop.id, PROVIDER)
    elsewhere = retention.simulate_rule(member, shop.id, {'max_backups': 2},
                                        clock=clock,
                                        provider_id=PROVIDER_2)
    assert (elsewhere.fates, elsewhere.provider_id) == ((), PROVIDER_2)
    assert deletions() == []


def test_a_rule_is_tried_out_beside_others_or_in_their_place(
        member, shop, bind, have):
    other = bind({'max_backups': 2})
    ids = have(500, 400, 300)
    beside = retention.simulate_rule(member, shop.id, {'max_backups': 1})
    assert told(beside)[ids[1]] == 'keep'
    instead = retention.simulate_rule(member, shop.id, {'max_backups': 1},
                                      instead_of=other)
    assert told(instead)[ids[1]] == 'delete'
    for id_, provider_id in ((NOWHERE, PROVIDER), (other, PROVIDER_2)):
        with pytest.raises(exception.Invalid, match='retention.instead_of'):
            retention.simulate_rule(
                member, shop.id, {'max_backups': 1}, instead_of=id_,
                provider_id=provider_id)


@pytest.mark.parametrize(('definition', 'field'), [
    ({'max_backups': 0}, 'max_backups'), ({'max_days': 1}, 'max_days'),
    ({'keep': {'daily': 0}}, 'keep'), ({'timezone': 'Mars'}, 'timezone'),
    ({'max_age': 1, 'retention_duration': 1}, 'max_age')])
def test_a_rule_that_is_none(member, shop, definition, field):
    with pytest.raises(exception.Invalid, match=f'retention.{field}'):
        retention.simulate_rule(member, shop.id, definition)


def test_a_rule_that_is_tried_out_goes_by_a_clock(member, shop, bind, have):
    other = bind({'max_backups': 9})
    have(12 * 3_600, 12 * 3_600 + 1_800, 13 * 3_600 + 60)

    def removed(**more):
        found = retention.simulate_rule(
            member, shop.id, {'keep': {'daily': 9}, **more.pop('members', {})},
            instead_of=other, **more)
        return list(told(found).values()).count('delete')
    # that of the trigger of the other one
    assert removed() == 1
    assert removed(members={'timezone': 'UTC'}) == 1


def test_others_have_nothing_to_see(stranger, shop, bind):
    operation = bind({'max_backups': 1})
    with pytest.raises(exception.ScheduledOperationNotFound):
        retention.simulate(stranger, operation)
    with pytest.raises(exception.PlanNotFound):
        retention.simulate_rule(stranger, shop.id, {'max_backups': 1})


# -- what it costs ------------------------------------------------------------

def test_its_questions_do_not_grow(member, bind, have, clock):
    """But for the transactions of each deletion."""
    def counted(what):
        with fixtures.Statements() as statements:
            what()
        return statements.count

    operation = bind({'max_backups': 100, 'max_age': 10 * DAY})
    have(1, 2)
    few = counted(lambda: swept(operation, clock))
    few_shown = counted(lambda: retention.simulate(member, operation, clock))
    have(*range(10, 60))
    for _more in range(5):
        bind({'max_backups': 99})
    assert counted(lambda: swept(operation, clock)) == few
    assert counted(lambda: retention.simulate(
        member, operation, clock)) == few_shown
    old = have(*range(20 * DAY, 20 * DAY + 5))
    with session.writer(context.system()) as writer:
        writer.execute(sa.delete(models.ScheduledOperation).where(
            models.ScheduledOperation.id != operation))
    one_each = []
    for number in (5, 10):
        begun = []
        one_each.append((counted(lambda begun=begun: begun.extend(
            swept(operation, clock).begun)) - few) / number)
        assert len(begun) == number
        have(*range(30 * DAY, 30 * DAY + 10))
    assert len(old) == 5
    assert one_each[0] == one_each[1]
