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


def test_what_is_changed(member):
    made = make(member, *two(member))
    trigger_id, plan_id = two(member)
    definition = {'provider_id': fixtures.PROVIDER, 'plan_id': plan_id}
    changes = {'name': 'new', 'description': 'words', 'enabled': False,
               'overlap': 'queue', 'complete_within': 3600,
               'trigger_id': trigger_id, 'operation_definition': definition}
    changed = scheduled_operations.update(member, made.id, changes)
    assert {name: getattr(changed, name) for name in changes} == changes
    assert changed.plan_id == plan_id
    assert changed.updated_at > changed.created_at == made.created_at
    assert scheduled_operations.get(member, made.id) == changed
    # the old ones are free, the new ones are not
    triggers.delete(member, made.trigger_id)
    with pytest.raises(exception.TriggerInUse):
        triggers.delete(member, trigger_id)
    with pytest.raises(exception.PlanInUse):
        plans.delete(member, plan_id)


def other(provider=fixtures.PROVIDER, plan=fixtures.NOWHERE, **more):
    return {'operation_definition': {
        'provider_id': provider, 'plan_id': plan, **more}}


@pytest.mark.parametrize(('changes', 'error'), [
    ({'trigger_id': fixtures.NOWHERE}, exception.TriggerNotFound),
    (other(), exception.PlanNotFound),
    (other(colour='red'), exception.Invalid),
    ({'complete_within': 59}, exception.Invalid),
    ({'complete_within': 604801}, exception.Invalid)])
def test_of_a_change_that_is_refused_nothing_stays(member, changes, error):
    made = make(member, *two(member))
    with pytest.raises(error):
        scheduled_operations.update(member, made.id,
                                    {'name': 'new', **changes})
    assert scheduled_operations.get(member, made.id) == made


def test_a_change_to_a_plan_of_another_provider(member):
    made = make(member, *two(member))
    with pytest.raises(exception.InvalidPlan, match=fixtures.PROVIDER_2):
        scheduled_operations.update(member, made.id, other(
            fixtures.PROVIDER_2, made.plan_id))


def test_nothing_is_bound_to_what_others_have(member, stranger):
    """Not even by an administrator, who sees both."""
    mine, theirs = two(member), two(stranger)
    made = make(member, *mine)
    with pytest.raises(exception.NotFound):
        scheduled_operations.update(stranger, made.id, {'name': 'x'})
    stranger.is_admin, stranger.roles = True, ['admin']
    for changes in ({'trigger_id': theirs[0]}, other(plan=theirs[1])):
        with pytest.raises(exception.NotFound):
            scheduled_operations.update(stranger, made.id, changes)
    assert scheduled_operations.get(member, made.id) == made


def test_the_bounds_of_completion_are_options(member, conf):
    bound = two(member)
    conf.set_override('min_complete_within', 5, 'operationengine')
    conf.set_override('max_complete_within', 10, 'operationengine')
    assert make(member, *bound, complete_within=10).complete_within == 10
    for seconds in (4, 11):
        with pytest.raises(exception.Invalid, match='expected null or 5 to '
                           f'10 seconds, not {seconds}'):
            make(member, *bound, complete_within=seconds)


LIMITS = [{'max_backups': 3}, {'retention_duration': 30}, {'max_age': 60},
          {'keep': {'daily': 1}}]


@pytest.mark.parametrize('limits', LIMITS)
def test_limits_are_for_who_may_delete(member, manager, limits):
    """By the default policy only managers may delete checkpoints."""
    trigger_id, plan_id = two(member)
    definition = {'provider_id': fixtures.PROVIDER, 'plan_id': plan_id}

    def keeping(who, **more):
        return make(who, trigger_id, plan_id,
                    operation_type='retention_protect',
                    operation_definition={**definition, **more})

    words = 'operation_definition.*provider:checkpoint_delete'
    with pytest.raises(exception.RetentionForbidden, match=words) as caught:
        keeping(member, **limits)
    assert caught.value.code == 403
    assert scheduled_operations.list_(member, ListQuery()) == []
    # where nothing expires, nobody has to be let delete
    mine = keeping(member, max_backups=-1)
    with pytest.raises(exception.RetentionForbidden, match=words):
        scheduled_operations.update(member, mine.id, {
            'operation_definition': {**definition, **limits}})
    assert scheduled_operations.get(member, mine.id) == mine
    theirs = keeping(manager, **limits)
    scheduled_operations.update(manager, mine.id, {
        'operation_definition': {**definition, **limits}})
    # what has nothing to do with it
    scheduled_operations.update(member, theirs.id, {'enabled': False})
