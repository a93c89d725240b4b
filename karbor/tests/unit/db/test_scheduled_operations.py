# SPDX-License-Identifier: Apache-2.0
"""Scheduled operations in the database, and what they hold fast."""

import json

import pytest

from karbor import exception
from karbor.db import plans
from karbor.db import scheduled_operations
from karbor.db import triggers
from karbor.model.query import ListQuery
from karbor.tests import fixtures
from karbor.tests.unit.db import common


@pytest.fixture
def bound(database):
    """What an operation needs."""
    return {
        'trigger_id': triggers.create(common.member(), common.trigger(),
                                      common.never).id,
        'plan_id': plans.create(common.member(), common.plan()).id}


def make(bound, **changes):
    return scheduled_operations.create(
        common.member(), common.scheduled_operation(**bound, **changes))


def test_an_operation_is_read_as_it_was_written(bound):
    made = make(bound, description='words', enabled=False)
    assert made == common.scheduled_operation(
        id=made.id, created_at=made.created_at, description='words',
        enabled=False, **bound)
    assert scheduled_operations.get(common.member(), made.id) == made
    assert scheduled_operations.list_(common.member(),
                                      ListQuery()) == [made]


def test_an_operation_is_deleted_and_its_trigger_is_free(bound):
    made = make(bound)
    with pytest.raises(exception.TriggerInUse):
        triggers.delete(common.member(), bound['trigger_id'])
    scheduled_operations.delete(common.member(), made.id)
    with pytest.raises(exception.ScheduledOperationNotFound, match=made.id):
        scheduled_operations.delete(common.member(), made.id)
    triggers.delete(common.member(), bound['trigger_id'])


@pytest.mark.parametrize(('key', 'error'), [
    ('trigger_id', exception.TriggerNotFound),
    ('plan_id', exception.PlanNotFound)])
def test_nothing_is_bound_to_nothing(bound, key, error):
    with pytest.raises(error, match=common.NOWHERE):
        make({**bound, key: common.NOWHERE})
    assert scheduled_operations.list_(common.member(), ListQuery()) == []


CALLS = [lambda context, id_: scheduled_operations.get(context, id_),
         lambda context, id_: scheduled_operations.delete(context, id_)]


@pytest.mark.parametrize('call', CALLS, ids=['get', 'delete'])
def test_the_fence(bound, call):
    made = make(bound)
    with pytest.raises(exception.ScheduledOperationNotFound):
        call(common.member(common.OTHER), made.id)
    assert scheduled_operations.get(common.member(), made.id) == made
    assert scheduled_operations.list_(common.member(common.OTHER),
                                      ListQuery()) == []
    call(common.admin(common.OTHER), made.id)


def test_filters(bound):
    first = make(bound, name='a')
    make(bound, name='b', operation_type='retention_protect',
         operation_definition={})

    def names(**filters):
        return sorted(one.name for one in scheduled_operations.list_(
            common.member(), ListQuery(filters=filters)))

    assert names(name='a') == ['a']
    assert names(operation_type='retention_protect') == ['b']
    assert names(trigger_id=bound['trigger_id']) == ['a', 'b']
    assert names(plan_id=common.NOWHERE) == []
    assert names(operation_definition=json.dumps(
        first.operation_definition)) == ['a']


@pytest.mark.parametrize('round_', range(5))
def test_a_trigger_and_its_first_operation_race(bound, round_):
    """Either the trigger is gone or it has the operation: never half."""
    deleted, made = common.side_by_side(
        lambda: triggers.delete(common.member(), bound['trigger_id']),
        lambda: make(bound))
    there = scheduled_operations.list_(common.member(), ListQuery())
    if isinstance(made, exception.TriggerNotFound):
        assert deleted is None
        assert there == []
    else:
        assert isinstance(deleted, exception.TriggerInUse), deleted
        assert there == [made]
        triggers.get(common.member(), bound['trigger_id'])


@pytest.mark.parametrize('round_', range(5))
def test_a_plan_and_its_first_operation_race(bound, round_):
    deleted, made = common.side_by_side(
        lambda: plans.delete(common.member(), bound['plan_id']),
        lambda: make(bound))
    if isinstance(made, exception.PlanNotFound):
        assert deleted is None
    else:
        assert isinstance(deleted, exception.PlanInUse), deleted
        assert made.id in str(deleted)
        assert plans.get(common.member(), bound['plan_id']).resources


def test_a_plan_goes_if_it_must(bound):
    made = make(bound)
    with pytest.raises(exception.PlanInUse, match=made.id):
        plans.delete(common.member(), bound['plan_id'])
    plans.delete(common.member(), bound['plan_id'], used=True)
    assert scheduled_operations.get(common.member(), made.id) == made


def test_long_lists_need_no_more_statements(bound):
    make(bound)
    with fixtures.Statements() as one:
        scheduled_operations.list_(common.member(), ListQuery())
    for _number in range(9):
        make(bound)
    with fixtures.Statements() as ten:
        assert len(scheduled_operations.list_(common.member(),
                                              ListQuery())) == 10
    assert one.count == ten.count > 0
