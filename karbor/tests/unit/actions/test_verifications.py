# SPDX-License-Identifier: Apache-2.0
import pytest

from karbor import exception
from karbor.actions import checkpoints
from karbor.actions import plans
from karbor.actions import restores
from karbor.actions import verifications
from karbor.model.query import ListQuery
from karbor.model.resource import Resource
from karbor.tests import fixtures
from karbor.tests.fixtures import PROVIDER
from karbor.tests.fixtures import THING


@pytest.fixture
def checkpoint(member, database, rules, protection):
    """One that is available."""
    plan = plans.create(member, name='p', provider_id=PROVIDER,
                        resources=[Resource(THING, 'a', 'n')],
                        parameters={})
    made = checkpoints.create(member, PROVIDER, plan.id)
    fixtures.work()
    return made


def make(who, checkpoint, **changes):
    return verifications.create(who, **{
        'provider_id': PROVIDER, 'checkpoint_id': checkpoint.id,
        'parameters': {}, **changes})


def test_from_beginning_to_end(member, checkpoint, protection):
    made = make(member, checkpoint, parameters={THING: {'deep': True}})
    assert protection.runs[-1] == made.id
    assert made.request['parameters'] == {THING: {'deep': True}}
    assert verifications.get(member, made.id).plan_id == checkpoint.plan_id
    words = ('in_progress', 'success', 'fail')

    def by_status():
        return [len(verifications.list_(member, ListQuery(), word))
                for word in words]

    assert by_status() == [1, 0, 0]
    fixtures.work()
    assert by_status() == [0, 1, 0]
    make(member, checkpoint)
    fixtures.work('error')
    assert by_status() == [0, 1, 1]
    assert len(verifications.list_(member, ListQuery())) == 2
    assert verifications.list_(member, ListQuery(), 'nonsense') == []
    # the checkpoint is what it was
    assert checkpoints.get(member, PROVIDER, checkpoint.id).status == (
        'available')


def test_its_questions_do_not_grow(member, checkpoint):
    make(member, checkpoint)
    counts = []
    for _more in range(3):
        with fixtures.Statements() as statements:
            make(member, checkpoint)
        counts.append(statements.count)
    assert len(set(counts)) == 1


@pytest.mark.parametrize(('parameters', 'word'), [
    ({THING: {'deep': 'yes'}}, r'parameters\.Test::Thing\.deep'),
    ({THING: {'speed': 1}}, r'parameters\.Test::Thing'),
    ({'Test::Other': {}}, r'parameters\.Test::Other')])
def test_parameters_are_those_of_the_plugin(
        member, checkpoint, parameters, word):
    with pytest.raises(exception.Invalid, match=word):
        make(member, checkpoint, parameters=parameters)
    assert verifications.list_(member, ListQuery()) == []


def test_there_must_be_something_to_verify(member, checkpoint, protection):
    fresh = checkpoints.create(member, PROVIDER, checkpoint.plan_id)
    with pytest.raises(exception.CheckpointNotAvailable, match='protecting'):
        make(member, fresh)
    assert verifications.list_(member, ListQuery()) == []


def test_others_do_not_see_it(member, stranger, checkpoint):
    with pytest.raises(exception.CheckpointNotFound):
        make(stranger, checkpoint)
    made = make(member, checkpoint)
    with pytest.raises(exception.VerificationNotFound):
        verifications.get(stranger, made.id)
    assert verifications.list_(stranger, ListQuery()) == []


def test_a_restore_is_no_verification(member, checkpoint):
    restore = restores.create(member, provider_id=PROVIDER,
                              checkpoint_id=checkpoint.id, parameters={})
    with pytest.raises(exception.VerificationNotFound):
        verifications.get(member, restore.id)
    with pytest.raises(exception.RestoreNotFound):
        restores.get(member, make(member, checkpoint).id)
