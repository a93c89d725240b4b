# SPDX-License-Identifier: Apache-2.0
import pytest

from karbor import context
from karbor import exception
from karbor import policies
from karbor.actions import checkpoints
from karbor.actions import operations
from karbor.actions import plans
from karbor.model.operation import TYPES
from karbor.model.query import ListQuery
from karbor.model.resource import Resource
from karbor.tests import fixtures


@pytest.fixture
def operation_id(member, database, rules, protection):
    plan = plans.create(member, name='p', provider_id=fixtures.PROVIDER,
                        resources=[Resource(fixtures.THING, 'a', 'n')],
                        parameters={})
    checkpoints.create(member, fixtures.PROVIDER, plan.id)
    return protection.runs[0]


def test_looking(member, operation_id):
    assert operations.get(member, operation_id).id == operation_id

    def ids(*args):
        return [one.id for one in operations.list_(member, ListQuery(),
                                                   *args)]

    assert ids() == [operation_id]
    assert ids('protecting') == [operation_id]
    assert ids('protecting', 'restore') == []
    assert ids(None, 'protect') == [operation_id]
    assert ids('nonsense') == []


def test_others_do_not_see_it(stranger, operation_id):
    with pytest.raises(exception.OperationNotFound):
        operations.get(stranger, operation_id)
    assert operations.list_(stranger, ListQuery()) == []


def test_who_asks_for_it_may_take_it_back():
    """Each type has its rule, and each rule is one that there is."""
    assert set(operations.ASKED_BY) == set(TYPES)
    known = {rule.name for rule in policies.list_rules()}
    assert set(operations.ASKED_BY.values()) <= known


def test_what_waits_is_cancelled(member, operation_id, protection):
    found = operations.cancel(member, operation_id)
    assert (found.id, found.status) == (operation_id, 'cancelled')
    assert protection.cancels == []
    with pytest.raises(exception.OperationEnded, match='is cancelled'):
        operations.cancel(member, operation_id)


def test_a_reader_cancels_nothing(operation_id):
    reader = context.RequestContext(
        user_id='r', project_id=fixtures.PROJECT, roles=['reader'],
        overwrite=False)
    with pytest.raises(exception.Forbidden, match='operation:cancel'):
        operations.cancel(reader, operation_id)
    assert operations.get(reader, operation_id).status == 'queued'


def test_others_cannot_cancel_it(stranger, member, operation_id):
    with pytest.raises(exception.OperationNotFound):
        operations.cancel(stranger, operation_id)
    assert operations.get(member, operation_id).status == 'queued'
