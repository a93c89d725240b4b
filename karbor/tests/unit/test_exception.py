# SPDX-License-Identifier: Apache-2.0
"""Every error that Karbor names."""

import re
import string

import pytest

from karbor import exception

ERRORS = [value for value in vars(exception).values()
          if isinstance(value, type)
          and issubclass(value, exception.KarborError)]


def facts(error):
    """Values for what the template names."""
    return {name: 7 if kind == 'd' else f'<{name}>' for name, kind
            in re.findall(r'%\((\w+)\)([dsr])', error.template)}


@pytest.mark.parametrize('error', ERRORS, ids=lambda error: error.__name__)
def test_an_error_is_a_sentence_with_its_facts(error):
    given = facts(error)
    raised = error(**given)
    for value in given.values():
        assert str(value) in str(raised)
    assert raised.facts == given
    assert '%(' not in str(raised)
    assert str(raised)[0] in string.ascii_uppercase + '<' + "'"
    assert 400 <= error.code < 600


def test_a_message_is_taken_as_it_is():
    raised = exception.PlanNotFound('100% %(id)s')
    assert str(raised) == '100% %(id)s'
    assert raised.args == ('100% %(id)s',)


def test_a_fact_that_lacks_is_a_fault():
    with pytest.raises(KeyError, match='id'):
        exception.PlanNotFound()
