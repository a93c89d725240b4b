# SPDX-License-Identifier: Apache-2.0
"""Pages of a list: fence, filters, order and marker."""

import itertools
import random

import pytest

from karbor import exception
from karbor.db import checkpoints
from karbor.db import models
from karbor.db import operations
from karbor.db import plans
from karbor.db import query
from karbor.db import session as db
from karbor.model.query import ListQuery
from karbor.tests.fixtures import Statements
from karbor.tests.unit.db import common

KEYS = ('id', 'status', 'created_at', 'name', 'provider_id')
# pieces that LIKE, or an escape in a string, could take for something else
AWKWARD = ['100%', '1000', 'a_b', 'axb', 'a\\b', 'a\\\\b', 'ab', "o'b", 'a/b',
           'A_B', '[ab]', 'a?b', 'stra\u00dfe', '\U0001f480']


def paged(list_, limit=2, **wanted):
    """Everything, page by page."""
    found, marker = [], None
    while True:
        items = list_(ListQuery(limit=limit, marker=marker, **wanted))
        found += items
        if len(items) < limit:
            return found
        marker = items[-1].id


@pytest.fixture
def seven(database):
    """Plans of which several share each value that is sorted by."""
    made = []
    for number in range(7):
        with db.writer(common.system()) as session:
            row = common.plan(
                name='ab'[number % 2], status=(
                    'started' if number % 3 else 'suspended'),
                provider_id=str(number // 4))
            session.add(models.Plan(
                id=row.id, project_id=row.project_id, name=row.name,
                provider_id=row.provider_id, status=row.status,
                parameters={}, created_at=common.later(number // 3)))
        made.append(row.id)
    return made


@pytest.mark.parametrize('limit', [1, 3, 7])
@pytest.mark.parametrize('keys', [
    *itertools.product(KEYS, ('asc', 'desc')), ('name', 'desc', 'status')])
def test_pages_are_the_whole_list_once(seven, keys, limit):
    sort = [keys[:2]]
    if len(keys) == 3:
        sort.append((keys[2], 'asc'))

    def list_(wanted):
        return plans.list_(common.member(), wanted)

    found = paged(list_, limit, sort=tuple(sort))
    assert sorted(plan.id for plan in found) == sorted(seven)
    for key, direction in reversed(sort):
        if key in ('name', 'created_at'):
            # these are ordered alike everywhere
            values = [getattr(plan, key) for plan in found]
            if (key, direction) == sort[0]:
                assert values == sorted(values,
                                        reverse=direction == 'desc')
    assert [plan.id for plan in found] == [
        plan.id for plan in list_(ListQuery(sort=tuple(sort)))]


def test_the_newest_come_first_and_equal_times_are_in_order(database):
    ids = sorted(common.plan().id for _number in range(6))
    shuffled = random.Random(1).sample(ids, 6)
    common.save(*[common.checkpoint(
        id=id_, created_at=common.later(ids.index(id_) // 3))
        for id_ in shuffled])
    found = paged(lambda wanted: checkpoints.list_(
        common.member(), common.PROVIDER, wanted))
    assert [one.id for one in found] == ids[::-1]


def test_items_are_left_out_after_the_marker(seven):
    every = plans.list_(common.member(), ListQuery())
    found = plans.list_(common.member(), ListQuery(
        marker=every[1].id, offset=2, limit=2))
    assert [plan.id for plan in found] == [plan.id for plan in every[4:6]]


def test_an_offset_needs_no_limit(seven):
    every = plans.list_(common.member(), ListQuery())
    found = plans.list_(common.member(), ListQuery(offset=5))
    assert [plan.id for plan in found] == [plan.id for plan in every[5:]]


def test_a_marker_of_nothing_is_said(database):
    with pytest.raises(exception.MarkerNotFound, match=common.NOWHERE):
        plans.list_(common.member(), ListQuery(marker=common.NOWHERE))


def test_a_marker_of_another_project_is_nothing(database):
    theirs = plans.create(common.member(common.OTHER),
                          common.plan(project_id=common.OTHER))
    with pytest.raises(exception.MarkerNotFound):
        plans.list_(common.member(), ListQuery(marker=theirs.id))


@pytest.mark.parametrize('wanted', AWKWARD + ['%', '_', '\\', '/', "'"])
def test_a_part_of_a_name_is_itself(database, wanted):
    """Wildcards of LIKE are letters, and letters have a case."""
    for name in AWKWARD:
        plans.create(common.member(), common.plan(name=name))
    found = plans.list_(common.member(),
                        ListQuery(filters={'name': wanted}))
    assert sorted(plan.name for plan in found) == sorted(
        name for name in AWKWARD if wanted in name)


def test_filters_are_joined(database):
    for name, description in (('a', 'x'), ('a', 'y'), ('b', 'x'),
                              ('a', None)):
        plans.create(common.member(), common.plan(name=name,
                                                  description=description))
    found = plans.list_(common.member(), ListQuery(
        filters={'name': 'a', 'description': 'x'}))
    assert [(plan.name, plan.description) for plan in found] == [('a', 'x')]
    found = plans.list_(common.member(), ListQuery(
        filters={'description': None}))
    assert [plan.description for plan in found] == [None]


def test_a_whole_value_is_no_part(seven):
    def count(**filters):
        return len(plans.list_(common.member(), ListQuery(filters=filters)))

    assert count(status='start') == 0
    assert count(status='started') == 4
    # a number in a query is text on every database
    assert count(provider_id=0) == 4


def test_an_unknown_filter_is_named(database):
    with pytest.raises(exception.Invalid, match='parameters'):
        plans.list_(common.member(), ListQuery(filters={'parameters': '1'}))


@pytest.mark.parametrize('all_projects', [True, False])
def test_the_fence(database, all_projects):
    for project in (common.PROJECT, common.OTHER):
        plans.create(common.member(project),
                     common.plan(project_id=project))

    def seen(context):
        return {plan.project_id for plan in plans.list_(
            context, ListQuery(all_projects=all_projects))}

    both = {common.PROJECT, common.OTHER}
    assert seen(common.member()) == {common.PROJECT}
    assert seen(common.admin()) == (both if all_projects
                                    else {common.PROJECT})
    assert seen(common.system()) == both


def fill(count):
    for _number in range(count):
        plans.create(common.member(), common.plan())
    common.save(*[common.checkpoint() for _number in range(count)])
    made = common.save(*[common.operation() for _number in range(count)])
    with db.writer(common.system()) as session:
        session.execute(models.OperationResource.__table__.insert(), [
            {'operation_id': operation.id, 'position': 0,
             'resource_type': 'T', 'resource_id': 'r', 'name': '',
             'status': 'undefined', 'hooks_done': [], 'memo': {}}
            for operation in (made if count > 1 else [made])])


@pytest.mark.parametrize('list_', [
    lambda: plans.list_(common.member(), ListQuery()),
    lambda: checkpoints.list_(common.member(), common.PROVIDER, ListQuery()),
    lambda: operations.list_(common.member(), ListQuery()),
], ids=['plans', 'checkpoints', 'operations'])
def test_long_lists_need_no_more_statements(database, list_):
    fill(1)
    with Statements() as few:
        assert len(list_()) == 1
    fill(49)
    with Statements() as many:
        assert len(list_()) == 50
    assert 0 < many.count == few.count


def test_the_system_has_no_fence():
    assert str(query.fence(common.system(), models.Plan)) == 'true'


def test_rows_of_a_page_are_not_objects_of_the_session(seven):
    with db.reader(common.member()) as session:
        select = query.page(session, common.member(), models.Plan,
                            ListQuery(limit=2, sort=(('name', 'asc'),)))
        found = query.rows(session, select)
        assert [row.name for row in found] == ['a', 'a']
        # columns have their types all the same
        assert found[0].parameters == {}
        assert found[0].created_at.tzinfo is not None
        assert not list(session)
