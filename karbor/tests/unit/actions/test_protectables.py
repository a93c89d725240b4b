# SPDX-License-Identifier: Apache-2.0
import pytest

from karbor import context
from karbor import exception
from karbor.actions import protectables
from karbor.tests import fixtures
from karbor.tests.fixtures import THING


def test_types(member, rules, protection):
    assert protectables.types(member) == [fixtures.BOX, THING]
    assert protectables.get(member, THING)['dependent_types'] == [
        fixtures.BOX]
    assert len(protectables.instances(member, THING, {})) == 5
    assert protectables.instance(member, THING, 'thing-1', {'a': 1},
                                 )['id'] == 'thing-1'
    assert protection.asked[-1][1:] == (fixtures.PROJECT, THING, 'thing-1',
                                        {'a': 1})


QUESTIONS = [
    lambda who: protectables.get(who, 'X'),
    lambda who: protectables.instances(who, 'X', {}),
    lambda who: protectables.instance(who, 'X', 'i', {})]


@pytest.mark.parametrize('question', QUESTIONS)
def test_a_type_that_is_not_there_reaches_no_plugin(
        member, rules, protection, question):
    with pytest.raises(exception.ProtectableTypeNotFound):
        question(member)
    assert protection.asked == [('protectable_types',)]


@pytest.mark.parametrize('question', [protectables.types, *QUESTIONS])
def test_nobody_without_a_role_is_answered(rules, protection, question):
    nobody = context.RequestContext(project_id='p', overwrite=False)
    with pytest.raises(exception.Forbidden):
        question(nobody)
    assert not protection.asked
