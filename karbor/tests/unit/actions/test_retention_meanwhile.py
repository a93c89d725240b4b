# SPDX-License-Identifier: Apache-2.0
"""What happens beside a sweep, and what fails."""

import datetime

import pytest

from karbor import context
from karbor.actions import checkpoints
from karbor.actions import plans
from karbor.actions import restores
from karbor.actions import retention
from karbor.actions import scheduled_operations
from karbor.db import checkpoints as rows
from karbor.db import retention as db
from karbor.db import session
from karbor.tests.fixtures import PROVIDER
from karbor.tests.unit.actions.sweeps import boss
from karbor.tests.unit.actions.sweeps import DAY
from karbor.tests.unit.actions.sweeps import deletions
from karbor.tests.unit.actions.sweeps import due
from karbor.tests.unit.actions.sweeps import fail_deletion
from karbor.tests.unit.actions.sweeps import statuses
from karbor.tests.unit.actions.sweeps import swept
from karbor.tests.unit.db.schedules import Clock


@pytest.fixture(autouse=True)
def house(conf, database, rules, protection):
    """Everything that actions stand on."""
    conf.set_override('auth_strategy', 'noauth')


# -- what happens meanwhile ---------------------------------------------------

@pytest.fixture
def meanwhile(monkeypatch):
    """Do something before the deletion of a number is recorded."""
    def at(number, what):
        real, calls = rows.get, []

        def get(*args):
            calls.append(args)
            if len(calls) == number:
                what()
            return real(*args)
        monkeypatch.setattr(rows, 'get', get)
    return at


def test_the_newest_is_taken_out_of_use(bind, have, clock, meanwhile):
    """Between the decision and the second deletion."""
    operation = bind({'max_backups': 1})
    ids = have(500, 400, 300, 200)

    def reset():
        with session.writer(context.system()) as writer:
            assert rows.change(writer, context.system(), ids[-1], 'error')
    meanwhile(2, reset)
    assert swept(operation, clock).begun == (ids[0],)
    assert statuses() == {ids[0]: 'deleting', ids[1]: 'available',
                          ids[2]: 'available', ids[3]: 'error'}
    # and it is decided anew at once
    clock.after(seconds=1)
    claimed = db.claim(context.system(), 3_600, clock)
    assert claimed.operation_id == operation
    assert retention.sweep(claimed, clock).begun == (ids[1],)


@pytest.mark.parametrize('status', ['error', 'deleting', None])
def test_one_that_expires_changes(bind, have, clock, meanwhile, status):
    operation = bind({'max_backups': 1})
    ids = have(500, 400, 300)

    def change():
        with session.writer(context.system()) as writer:
            if status is not None:
                assert rows.change(writer, context.system(), ids[1], status)
            else:
                assert rows.change(writer, context.system(), ids[1],
                                   'deleting')
                rows.remove(writer, ids[1])
    meanwhile(2, change)
    assert swept(operation, clock).begun == (ids[0],)
    assert statuses().get(ids[1]) == status
    assert deletions() == [(ids[0], operation)]


def test_a_restore_begins(member, bind, have, clock, meanwhile):
    operation = bind({'max_backups': 1})
    ids = have(500, 400, 300)
    meanwhile(2, lambda: restores.create(
        member, provider_id=PROVIDER, checkpoint_id=ids[1], parameters={}))
    assert swept(operation, clock).begun == (ids[0],)
    assert statuses()[ids[1]] == 'available'


@pytest.mark.parametrize('change', [
    {'enabled': False}, {'operation_definition': 'more'}])
def test_the_rule_changes(manager, shop, bind, have, clock, meanwhile,
                          change):
    operation = bind({'max_backups': 1})
    ids = have(500, 400, 300)
    if 'operation_definition' in change:
        change = {'operation_definition': {
            'provider_id': PROVIDER, 'plan_id': shop.id, 'max_backups': 3}}
    meanwhile(2, lambda: scheduled_operations.update(manager, operation,
                                                     change))
    done = swept(operation, clock)
    assert done.begun == (ids[0],)
    assert statuses()[ids[1]] == 'available'
    # whoever has changed it has made the next one due
    claimed = db.claim(context.system(), 3_600, Clock(
        datetime.datetime.now(datetime.UTC) + datetime.timedelta(1)))
    assert retention.sweep(claimed, clock).begun == ()


def test_another_rule_of_the_plan_appears(bind, have, clock, meanwhile):
    operation = bind({'max_backups': 1})
    ids = have(500, 400, 300)
    meanwhile(2, lambda: bind({'max_backups': 3}))
    assert swept(operation, clock).begun == (ids[0],)
    assert statuses()[ids[1]] == 'available'
    # no sooner than it would have been
    assert db.claim(context.system(), 3_600, clock) is None


def test_another_rule_of_the_plan_keeps_more(manager, shop, bind, have, clock,
                                             meanwhile):
    operation, other = bind({'max_backups': 1}), bind({'max_backups': 1})
    ids = have(500, 400, 300)
    meanwhile(2, lambda: scheduled_operations.update(manager, other, {
        'operation_definition': {'provider_id': PROVIDER, 'plan_id': shop.id,
                                 'max_backups': 3}}))
    assert swept(operation, clock).begun == (ids[0],)
    assert statuses()[ids[1]] == 'available'


def test_the_plan_is_suspended(member, shop, bind, have, clock, meanwhile):
    operation = bind({'max_backups': 1})
    ids = have(500, 400, 300)
    meanwhile(2, lambda: plans.update(member, shop.id,
                                      {'status': 'suspended'}))
    assert swept(operation, clock).begun == (ids[0],)
    assert statuses()[ids[1]] == 'available'


def test_another_engine_has_taken_over(bind, have, clock, meanwhile):
    """This one was frozen for longer than its claim holds."""
    operation = bind({'max_backups': 1})
    ids = have(500, 400, 300)
    claims = []

    def take_over():
        clock.after(seconds=3_600)
        claims.append(db.claim(context.system(), 3_600, clock))
    meanwhile(2, take_over)
    assert swept(operation, clock).begun == (ids[0],)
    assert statuses()[ids[1]] == 'available'
    assert retention.sweep(claims[0], clock).begun == (ids[1],)


def test_a_claim_that_is_over_decides_nothing(bind, have, clock):
    operation = bind({'max_backups': 1})
    have(500, 400)
    claimed = due(operation, clock)
    due(operation, clock)
    assert retention.sweep(claimed, clock) is None
    assert set(statuses().values()) == {'available'}


def test_the_operation_is_deleted(member, bind, have, clock, meanwhile):
    operation = bind({'max_backups': 1})
    ids = have(500, 400, 300)
    claimed = due(operation, clock)
    meanwhile(2, lambda: scheduled_operations.delete(member, operation))
    assert retention.sweep(claimed, clock).begun == (ids[0],)
    assert statuses()[ids[1]] == 'available'
    assert retention.sweep(claimed, clock) is None


@pytest.mark.parametrize('crash', range(1, 4))
def test_after_a_crash_the_next_one_goes_on(bind, have, clock, meanwhile,
                                            crash):
    operation = bind({'max_backups': 1})
    ids = have(500, 400, 300, 200)

    def die():
        raise SystemExit('killed')
    meanwhile(crash, die)
    with pytest.raises(SystemExit):
        swept(operation, clock)
    assert [one for one, _by in deletions()] == ids[:crash - 1]
    # when its claim is over
    assert db.claim(context.system(), 3_600, clock) is None
    clock.after(seconds=3_600)
    claimed = db.claim(context.system(), 3_600, clock)
    assert retention.sweep(claimed, clock).begun == tuple(ids[crash - 1:3])


# -- what fails ---------------------------------------------------------------

def test_a_deletion_that_failed_is_tried_again(conf, member, bind, have,
                                               clock):
    conf.set_override('retention_interval', 3_600, 'operationengine')
    operation = bind({'max_backups': 1})
    old, _new = have(300, 200)
    swept(operation, clock)
    for wait in (1_800, 3_600, 7_200, 14_400, 28_800, 57_600, DAY, DAY):
        fail_deletion(clock=clock)
        clock.after(seconds=wait - 1)
        assert swept(operation, clock).begun == ()
        clock.after(seconds=1)
        assert swept(operation, clock).begun == (old,)
        assert deletions() == [(old, operation)]


def test_a_worker_whose_clock_is_ahead_does_not_delay_it(bind, have, clock):
    operation = bind({'max_backups': 1})
    old, _new = have(300, 200)
    swept(operation, clock)
    fail_deletion(clock=Clock(clock.moment + datetime.timedelta(days=30)))
    assert swept(operation, clock).begun == (old,)


def test_a_deletion_that_failed_is_shown(member, bind, have, clock):
    operation, other = bind({'max_backups': 1}), bind({'max_backups': 1})
    old, _new = have(300, 200)
    swept(operation, clock)
    fail_deletion(clock=clock)

    def shown(id_):
        return {one.checkpoint.id: (one.action, one.reason) for one
                in retention.simulate(member, id_, clock).fates}[old]
    assert shown(operation) == (
        'none', 'It has expired, but its deletion has failed (attempts: 1) '
        'and is tried again at 2026-11-22 12:30:00 UTC. The last time: no '
        'permission')
    assert shown(other)[1].startswith('It is error-deleting; ')
    clock.after(seconds=DAY)
    assert shown(operation) == (
        'delete', 'It has expired, but its deletion has failed (attempts: 1) '
        'and is tried again. The last time: no permission')


def test_what_a_user_failed_to_delete_is_his(bind, have, clock):
    operation = bind({'max_backups': 1})
    old, _new = have(300, 200)
    checkpoints.delete(boss(), PROVIDER, old)
    fail_deletion(clock=clock)
    clock.after(seconds=30 * DAY)
    assert swept(operation, clock).begun == ()


def test_a_deletion_that_failed_goes_without_a_newer_one(bind, have, clock):
    """Nothing of it can be restored, so it is no last good one."""
    operation = bind({'max_backups': 1})
    old, new = have(300, 200)
    swept(operation, clock)
    fail_deletion(clock=clock)
    with session.writer(context.system()) as writer:
        assert rows.change(writer, context.system(), new, 'error')
    clock.after(seconds=DAY)
    assert swept(operation, clock).begun == (old,)
