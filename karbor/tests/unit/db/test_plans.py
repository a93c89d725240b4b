# SPDX-License-Identifier: Apache-2.0
"""Plans in the database."""

import pytest

from karbor import exception
from karbor.db import plans
from karbor.model.query import ListQuery
from karbor.model.resource import Resource
from karbor.tests.unit.db import common


@pytest.fixture
def shop(database):
    return plans.create(common.member(), common.plan(description='d'))


def full(plan):
    """Everything of a plan, as plain data: resources are equal by id."""
    return {**common.plain(plan), 'resources': [
        resource.to_dict() for resource in plan.resources]}


def test_a_plan_is_read_as_it_was_written(shop):
    wanted = common.plan(id=shop.id, description='d',
                         created_at=shop.created_at)
    found = plans.get(common.member(), shop.id)
    assert full(found) == full(wanted) == full(shop)
    assert found.created_at.tzinfo is not None
    assert [full(plan) for plan in plans.list_(
        common.member(), ListQuery())] == [full(wanted)]


def test_a_plan_is_changed(shop):
    resources = (Resource('T', '9', 'nine', {'x': 1}), Resource('T', '0'))
    changed = plans.update(common.member(), shop.id, {
        'name': 'new', 'description': None, 'resources': resources})
    found = plans.get(common.member(), shop.id)
    assert full(found) == full(changed)
    assert (found.name, found.description) == ('new', None)
    assert [r.to_dict() for r in found.resources] == [
        r.to_dict() for r in resources]
    assert found.created_at == shop.created_at <= found.updated_at


def test_a_started_plan_changes_only_its_status(shop):
    plans.update(common.member(), shop.id, {'status': 'started'})
    for changes in ({'name': 'x'}, {'name': 'x', 'status': 'suspended'}):
        with pytest.raises(exception.InvalidPlan, match='started'):
            plans.update(common.member(), shop.id, changes)
    plans.update(common.member(), shop.id, {'status': 'suspended'})
    assert plans.update(common.member(), shop.id,
                        {'name': 'x', 'status': 'started'}).name == 'x'


def test_a_status_that_is_none_is_refused(shop):
    with pytest.raises(exception.IllegalTransition, match='gone'):
        plans.update(common.member(), shop.id, {'status': 'gone'})
    assert plans.get(common.member(), shop.id).status == 'suspended'


def test_of_a_change_that_fails_nothing_stays(shop):
    with pytest.raises(exception.IllegalTransition):
        plans.update(common.member(), shop.id, {
            'name': 'new', 'resources': (), 'status': 'gone'})
    assert full(plans.get(common.member(), shop.id)) == full(shop)


def test_a_start_and_a_change_do_not_cross(shop):
    """One comes first: a plan that is started does not change any more."""
    for round_ in range(5):
        answers = common.side_by_side(
            lambda: plans.update(common.member(), shop.id,
                                 {'status': 'started'}),
            lambda name=f'n{round_}': plans.update(
                common.member(), shop.id, {'name': name}))
        refused = isinstance(answers[1], exception.InvalidPlan)
        found = plans.get(common.member(), shop.id)
        assert found.status == 'started', answers
        # either the change was told no, or it was there before the start
        assert (found.name == f'n{round_}') is not refused, answers
        if not refused:
            assert answers[0].name == f'n{round_}'
        plans.update(common.member(), shop.id, {'status': 'suspended'})


def test_a_plan_is_deleted_with_its_resources(shop):
    plans.delete(common.member(), shop.id)
    with pytest.raises(exception.PlanNotFound, match=shop.id):
        plans.get(common.member(), shop.id)
    with pytest.raises(exception.PlanNotFound):
        plans.delete(common.member(), shop.id)
    # nothing of it is in the way of its like
    plans.create(common.member(), common.plan(id=shop.id))


CALLS = [lambda context, id_: plans.get(context, id_),
         lambda context, id_: plans.update(context, id_, {'name': 'x'}),
         lambda context, id_: plans.delete(context, id_)]


@pytest.mark.parametrize('call', CALLS, ids=['get', 'update', 'delete'])
def test_a_plan_of_another_project_does_not_exist(shop, call):
    with pytest.raises(exception.PlanNotFound):
        call(common.member(common.OTHER), shop.id)
    assert full(plans.get(common.member(), shop.id)) == full(shop)


@pytest.mark.parametrize('call', CALLS, ids=['get', 'update', 'delete'])
def test_an_administrator_crosses_projects(shop, call):
    call(common.admin(common.OTHER), shop.id)


@pytest.mark.parametrize('call', CALLS, ids=['get', 'update', 'delete'])
def test_nothing_is_said_to_be_nothing(database, call):
    with pytest.raises(exception.PlanNotFound, match=common.NOWHERE):
        call(common.admin(), common.NOWHERE)
