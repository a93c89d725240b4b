# SPDX-License-Identifier: Apache-2.0
import pytest

from karbor import context
from karbor import exception
from karbor.actions import checkpoints
from karbor.actions import plans
from karbor.actions import restores
from karbor.db import operations
from karbor.model import lane
from karbor.model.query import ListQuery
from karbor.model.resource import Resource
from karbor.tests import fixtures
from karbor.tests.fixtures import PROVIDER


@pytest.fixture
def checkpoint(member, database, rules, protection):
    """One that is available."""
    plan = plans.create(member, name='p', provider_id=PROVIDER,
                        resources=[Resource(fixtures.THING, 'a', 'n')],
                        parameters={})
    made = checkpoints.create(member, PROVIDER, plan.id)
    fixtures.work()
    return made


def make(who, checkpoint, **changes):
    return restores.create(who, **{
        'provider_id': PROVIDER, 'checkpoint_id': checkpoint.id,
        'parameters': {}, **changes})


def test_from_beginning_to_end(member, checkpoint, protection):
    made = make(member, checkpoint)
    assert protection.runs[-1] == made.id
    assert restores.get(member, made.id).id == made.id
    words = ('in_progress', 'success', 'fail')

    def by_status():
        return [len(restores.list_(member, ListQuery(), word))
                for word in words]

    assert by_status() == [1, 0, 0]
    fixtures.work()
    assert by_status() == [0, 1, 0]
    make(member, checkpoint)
    fixtures.work('error')
    assert by_status() == [0, 1, 1]
    assert len(restores.list_(member, ListQuery())) == 2
    assert restores.list_(member, ListQuery(), 'nonsense') == []


def test_it_is_found_by_its_plan(member, checkpoint):
    made = make(member, checkpoint)
    assert made.plan_id == checkpoint.plan_id
    assert made.id in {one.id for one in operations.list_(member, ListQuery(
        filters={'plan_id': checkpoint.plan_id}))}


def test_a_secret_is_neither_kept_nor_said(member, checkpoint):
    with pytest.raises(exception.Invalid) as caught:
        make(member, checkpoint, restore_auth={'password': 'secret'})
    assert 'secret' not in str(caught.value)
    assert restores.list_(member, ListQuery()) == []


def test_a_checkpoint_that_goes_away_at_the_same_time(
        member, checkpoint, monkeypatch, protection):
    told = len(protection.runs)
    monkeypatch.setattr(restores.checkpoints, 'lock_all',
                        lambda *args: {})
    with pytest.raises(exception.CheckpointNotFound):
        make(member, checkpoint)
    assert restores.list_(member, ListQuery()) == []
    assert len(protection.runs) == told


def test_others_do_not_see_it(member, stranger, checkpoint):
    with pytest.raises(exception.CheckpointNotFound):
        make(stranger, checkpoint)
    made = make(member, checkpoint)
    with pytest.raises(exception.RestoreNotFound):
        restores.get(stranger, made.id)
    assert restores.list_(stranger, ListQuery()) == []


def test_what_made_the_checkpoint_is_no_restore(member, checkpoint):
    protect, = operations.list_(member, ListQuery())
    with pytest.raises(exception.RestoreNotFound):
        restores.get(member, protect.id)


def lane_of(made):
    return operations.get(context.system(), made.id).lane


def test_two_into_the_same_place_wait_for_each_other(member, checkpoint):
    """In place, which is what plugins do that say nothing."""
    first, second = make(member, checkpoint), make(member, checkpoint)
    assert lane_of(first) == lane_of(second) == lane.of_plan(
        checkpoint.plan_id)
    assert fixtures.work(None).id == first.id
    assert operations.claim(context.system(), 'w', 60) is None


def test_a_protect_waits_for_a_restore_in_place(member, checkpoint):
    make(member, checkpoint)
    checkpoints.create(member, PROVIDER, checkpoint.plan_id)
    assert fixtures.work(None).type == 'restore'
    assert operations.claim(context.system(), 'w', 60) is None


def test_two_into_different_places_do_not(member, checkpoint, protection):
    for one in protection.all_providers:
        one['restore_places'] = {fixtures.THING: ['restore_name']}

    def into(name):
        return make(member, checkpoint, parameters={
            fixtures.THING: {'restore_name': name}})

    first, second, third = into('a'), into('b'), into('a')
    assert lane_of(first) == lane_of(third) != lane_of(second)
    assert [fixtures.work(None).id for _time in range(2)] == [
        first.id, second.id]
    assert operations.claim(context.system(), 'w', 60) is None


def test_equal_ones_that_make_new_things_wait_for_each_other(
        member, checkpoint, protection):
    for one in protection.all_providers:
        one['restore_places'] = {fixtures.THING: None}
    first, second, third = (
        make(member, checkpoint, parameters=parameters)
        for parameters in ({}, {}, {fixtures.THING: {'restore_name': 'a'}}))
    assert lane_of(first) == lane_of(second) != lane_of(third)
    assert lane_of(first) != lane.of_plan(checkpoint.plan_id)


def failed(who, checkpoint, **changes):
    made = make(who, checkpoint, **changes)
    fixtures.work('error')
    return made


def test_an_undo_is_an_operation_with_what_the_restore_was_told(
        member, checkpoint, protection):
    parameters = {fixtures.THING: {'restore_name': 'x'}}
    restore = failed(member, checkpoint, parameters=parameters)
    made = restores.undo(member, restore.id)
    assert protection.runs[-1] == made.id
    found = operations.get(member, made.id)
    assert (found.type, found.status, found.source_operation_id,
            found.parameters, found.plan_id, found.lanes) == (
        'undo', 'queued', restore.id, parameters, checkpoint.plan_id,
        restore.lanes)
    assert found.lanes
    assert restores.undone(member, [restore]) == {
        restore.id: (made.id, 'queued')}
    with pytest.raises(exception.RestoreNotUndoable, match=made.id):
        restores.undo(member, restore.id)


def test_who_may_undo(member, stranger, checkpoint):
    restore = failed(member, checkpoint)
    with pytest.raises(exception.Forbidden, match='restore:undo'):
        restores.undo(context.RequestContext(
            user_id='r', project_id=fixtures.PROJECT, roles=['reader'],
            overwrite=False), restore.id)
    with pytest.raises(exception.RestoreNotFound):
        restores.undo(stranger, restore.id)
    with pytest.raises(exception.RestoreNotFound):
        restores.undo(member, fixtures.NOWHERE)
    assert restores.undone(member, [restore]) == {}
