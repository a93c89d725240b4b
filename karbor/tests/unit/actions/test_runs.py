# SPDX-License-Identifier: Apache-2.0
import datetime

import pytest

from karbor import exception
from karbor.actions import runs
from karbor.actions import scheduled_operations
from karbor.model.query import ListQuery
from karbor.tests import fixtures
from karbor.tests.unit.actions.test_scheduled_operations import make
from karbor.tests.unit.actions.test_scheduled_operations import two

PAGE = ListQuery(by='expected_at')


@pytest.fixture(autouse=True)
def house(database, rules, protection):
    """Everything that actions stand on."""


def test_a_run_that_is_wanted_now(member):
    operation = make(member, *two(member), complete_within=3600)
    run = runs.create(member, operation.id)
    assert (run.origin, run.status, run.late) == ('manual', 'queued', False)
    assert (run.trigger_id, run.plan_id, run.project_id) == (
        operation.trigger_id, operation.plan_id, operation.project_id)
    assert run.cause == {'user_id': member.user_id}
    assert run.expected_at >= operation.created_at
    assert run.start_by - run.expected_at == datetime.timedelta(seconds=900)
    assert run.complete_by - run.expected_at == datetime.timedelta(hours=1)
    assert runs.get(member, operation.id, run.id) == run
    assert runs.list_(member, operation.id, PAGE) == [run]


def test_what_is_disabled_does_not_run(member):
    operation = make(member, *two(member))
    scheduled_operations.update(member, operation.id, {'enabled': False})
    with pytest.raises(exception.ScheduledOperationDisabled,
                       match=operation.id):
        runs.create(member, operation.id)
    assert runs.list_(member, operation.id, PAGE) == []
    scheduled_operations.update(member, operation.id, {'enabled': True})
    runs.create(member, operation.id)


def test_others_cannot_touch_them(member, stranger):
    operation = make(member, *two(member))
    run = runs.create(member, operation.id)
    for touch in (lambda: runs.create(stranger, operation.id),
                  lambda: runs.get(stranger, operation.id, run.id),
                  lambda: runs.list_(stranger, operation.id, PAGE)):
        with pytest.raises(exception.NotFound):
            touch()
    assert runs.list_(member, operation.id, PAGE) == [run]


def test_an_administrator_sees_those_of_all_projects(member, stranger):
    operation = make(member, *two(member))
    run = runs.create(member, operation.id)
    stranger.is_admin, stranger.roles = True, ['admin']
    assert runs.list_(stranger, operation.id, PAGE) == [run]
    assert runs.get(stranger, operation.id, run.id) == run


def test_a_run_is_one_of_its_operation(member):
    bound = two(member)
    one, another = make(member, *bound), make(member, *bound)
    run = runs.create(member, one.id)
    with pytest.raises(exception.RunNotFound, match=run.id):
        runs.get(member, another.id, run.id)
    assert runs.list_(member, another.id, PAGE) == []


@pytest.mark.parametrize(('rule', 'act'), [
    ('scheduled_operation:run', lambda who, id_: runs.create(who, id_)),
    ('scheduled_run:get_all', lambda who, id_: runs.list_(who, id_, PAGE)),
    ('scheduled_operation:update',
     lambda who, id_: scheduled_operations.update(who, id_, {'name': 'x'})),
])
def test_the_policy_decides(member, rule, act):
    operation = make(member, *two(member))
    member.roles = []
    with pytest.raises(exception.Forbidden, match=rule):
        act(member, operation.id)


def test_nothing_is_not_run(member):
    with pytest.raises(exception.ScheduledOperationNotFound):
        runs.create(member, fixtures.NOWHERE)
