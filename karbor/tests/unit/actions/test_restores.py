# SPDX-License-Identifier: Apache-2.0
import pytest

from karbor import exception
from karbor.actions import checkpoints
from karbor.actions import plans
from karbor.actions import restores
from karbor.db import operations
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
    monkeypatch.setattr(restores.checkpoints, 'lock', lambda *args: None)
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
