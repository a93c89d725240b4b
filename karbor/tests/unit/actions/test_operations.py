# SPDX-License-Identifier: Apache-2.0
import pytest

from karbor import exception
from karbor.actions import checkpoints
from karbor.actions import operations
from karbor.actions import plans
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
