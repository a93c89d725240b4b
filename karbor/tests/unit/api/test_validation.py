# SPDX-License-Identifier: Apache-2.0
import uuid

import pytest

from karbor import exception
from karbor.api import validation
from karbor.api.schemas import method
from karbor.api.schemas import plans
from karbor.api.schemas import types

BODY = validation.Body(types.body('thing', ['size'], {
    'size': {'type': 'integer', 'description': 'Expected an integer.'},
    'list': {'type': 'array', 'items': {
        'type': 'object', 'properties': {'a': {'type': 'null'}}}}}))


def refused(document):
    with pytest.raises(exception.Invalid) as caught:
        BODY.read(document)
    return str(caught.value)


def test_what_is_below_the_key():
    assert BODY.key == 'thing'
    assert BODY.read({'thing': {'size': 1}}) == {'size': 1}


@pytest.mark.parametrize(('text', 'right'), [
    ('1', True), ('05', True), ('9', True), ('0', False), ('10', False),
    ('', False), ('-1', False), ('1.0', False), ('+1', False),
    ('\u0661', False), ('9' * 5000, False)])
def test_a_number_in_a_url_is_a_text_of_digits(text, right):
    form = method.Form(query=method.Query(paged=False, others={
        'n': {'type': 'integer', 'minimum': 1, 'maximum': 9,
              'description': 'Expected 1 to 9.'}}))
    if right:
        validation.check_query(form, {'n': text})
    else:
        with pytest.raises(exception.Invalid, match='n: Expected 1 to 9'):
            validation.check_query(form, {'n': text})


def test_messages():
    assert refused({}) == (
        "Invalid request body: 'thing' is a required property")
    assert refused({'thing': {'size': 'x'}}) == (
        'Invalid input for field/attribute thing.size. Value: x. Expected an '
        'integer.')
    # without words of our own, those of jsonschema
    assert refused({'thing': {'size': 1, 'list': [{}, {'a': 5}]}}) == (
        "Invalid input for field/attribute thing.list[1].a. Value: 5. 5 is "
        "not of type 'null'")


def test_what_was_sent_is_not_sent_back_whole():
    assert len(refused({'thing': {'size': 'x' * 10000}})) < 300
    assert len(refused({'thing': {'size': 1, 'x' * 10000: 5}})) < 400


@pytest.mark.parametrize(('value', 'expected'), [
    (None, 'Expected an object.'),
    ({'resources': [None]}, 'Expected an object with id, type and name.'),
    ({'name': 'n', 'provider_id': str(uuid.uuid4()),
      'resources': [{'id': '1', 'type': 'T', 'name': 'n'}],
      'parameters': {'a\n': {}}}, 'by resource type')])
def test_sentences_have_no_words_of_python(value, expected):
    """A reader of JSON knows neither None nor our patterns."""
    with pytest.raises(exception.Invalid) as caught:
        validation.body_of(
            (plans.UPDATE if value is None or 'name' not in value
             else plans.CREATE).forms[0]).read({'plan': value})
    message = str(caught.value)
    assert expected in message
    assert 'None' not in message
    assert 'regex' not in message
