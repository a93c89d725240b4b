# SPDX-License-Identifier: Apache-2.0
import pytest

from karbor import exception
from karbor.actions import plans
from karbor.model.query import ListQuery
from karbor.model.resource import Resource
from karbor.tests import fixtures

THINGS = (Resource(fixtures.THING, 'a', 'n'), Resource(fixtures.BOX, 'a'))


@pytest.fixture(autouse=True)
def house(database, rules, protection):
    """Everything that actions stand on."""


def make(who, **changes):
    return plans.create(who, **{
        'name': 'p', 'provider_id': fixtures.PROVIDER, 'resources': THINGS,
        'parameters': {}, **changes})


def test_from_beginning_to_end(member):
    made = make(member)
    assert made.status == 'suspended'
    assert plans.get(member, made.id) == made
    assert plans.list_(member, ListQuery()) == [made]
    changed = plans.update(member, made.id, {'status': 'started'})
    assert changed.status == 'started'
    plans.delete(member, made.id)
    with pytest.raises(exception.PlanNotFound):
        plans.get(member, made.id)


@pytest.mark.parametrize('changes', [
    {'provider_id': fixtures.NOWHERE}, {'resources': [Resource('X', 'a')]},
    {'resources': [*THINGS, Resource(fixtures.THING, 'a', 'other name')]},
    {'parameters': {'X': {}}}])
def test_what_is_refused_leaves_nothing(member, changes):
    with pytest.raises(exception.Invalid):
        make(member, **changes)
    assert plans.list_(member, ListQuery()) == []


def test_others_cannot_touch_it(member, stranger):
    made = make(member)
    for touch in (lambda: plans.get(stranger, made.id),
                  lambda: plans.update(stranger, made.id, {'name': 'x'}),
                  lambda: plans.delete(stranger, made.id)):
        with pytest.raises(exception.PlanNotFound):
            touch()
    assert plans.get(member, made.id) == made


def test_changes_are_held_to_the_same_rules(member):
    made = make(member)
    for changes in ({'status': 'x'}, {'resources': [Resource('X', 'a')]},
                    {'resources': [THINGS[0], THINGS[0]]}):
        with pytest.raises(exception.Invalid):
            plans.update(member, made.id, changes)
    assert plans.get(member, made.id) == made
    changed = plans.update(member, made.id, {'resources': THINGS[:1]})
    assert changed.resources == THINGS[:1]
