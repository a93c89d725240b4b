# SPDX-License-Identifier: Apache-2.0
import datetime

import pytest

from karbor import exception
from karbor.actions import plans
from karbor.actions import scheduled_operations
from karbor.actions import triggers
from karbor.model.query import ListQuery
from karbor.model.resource import Resource
from karbor.tests import fixtures


@pytest.fixture(autouse=True)
def house(database, rules, protection):
    """Everything that actions stand on."""


def make(who, trigger_id, plan_id, **changes):
    return scheduled_operations.create(who, **{
        'name': 'keep', 'operation_type': 'protect',
        'trigger_id': trigger_id, 'operation_definition': {
            'provider_id': fixtures.PROVIDER, 'plan_id': plan_id}, **changes})


def two(who):
    """A trigger and a plan."""
    trigger = triggers.create(who, name='t', type_='time', properties={
        'format': 'crontab', 'pattern': '@daily',
        'start_time': datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)})
    plan = plans.create(
        who, name='p', provider_id=fixtures.PROVIDER, parameters={},
        resources=(Resource(fixtures.THING, 'a', 'n'),))
    return trigger.id, plan.id


def test_from_beginning_to_end(member):
    trigger_id, plan_id = two(member)
    made = make(member, trigger_id, plan_id)
    assert (made.plan_id, made.user_id) == (plan_id, member.user_id)
    assert made.project_id == member.project_id
    assert scheduled_operations.get(member, made.id) == made
    assert scheduled_operations.list_(member, ListQuery()) == [made]
    with pytest.raises(exception.TriggerInUse):
        triggers.delete(member, trigger_id)
    with pytest.raises(exception.PlanInUse, match=made.id):
        plans.delete(member, plan_id)
    scheduled_operations.delete(member, made.id)
    with pytest.raises(exception.ScheduledOperationNotFound):
        scheduled_operations.get(member, made.id)
    triggers.delete(member, trigger_id)
    plans.delete(member, plan_id)


@pytest.mark.parametrize(('changes', 'error'), [
    ({'name': None}, exception.Invalid),
    ({'operation_type': 'dance'}, exception.Invalid),
    ({'trigger_id': fixtures.NOWHERE}, exception.TriggerNotFound),
    ({'operation_definition': {'provider_id': fixtures.PROVIDER,
                               'plan_id': fixtures.NOWHERE}},
     exception.PlanNotFound)])
def test_of_what_is_refused_nothing_stays(member, changes, error):
    bound = two(member)
    changes = {'trigger_id': bound[0], 'plan_id': bound[1], **changes}
    with pytest.raises(error):
        make(member, **changes)
    assert scheduled_operations.list_(member, ListQuery()) == []


def test_a_plan_of_another_provider(member):
    trigger_id, plan_id = two(member)
    with pytest.raises(exception.InvalidPlan, match=fixtures.PROVIDER_2):
        make(member, trigger_id, plan_id, operation_definition={
            'provider_id': fixtures.PROVIDER_2, 'plan_id': plan_id})


def test_others_cannot_touch_it(member, stranger):
    mine, theirs = two(member), two(stranger)
    made = make(member, *mine)
    for touch in (lambda: scheduled_operations.get(stranger, made.id),
                  lambda: scheduled_operations.delete(stranger, made.id),
                  lambda: make(stranger, mine[0], theirs[1]),
                  lambda: make(stranger, theirs[0], mine[1])):
        with pytest.raises(exception.NotFound):
            touch()
    assert scheduled_operations.get(member, made.id) == made
    assert scheduled_operations.list_(stranger, ListQuery()) == []
