# SPDX-License-Identifier: Apache-2.0
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
import jsonschema
import pytest

from karbor.api.request import CONTROL
from karbor.api.schemas import types


def valid(schema, value):
    return jsonschema.Draft202012Validator(schema).is_valid(value)


@settings(max_examples=200)
@given(st.text(max_size=10))
def test_text_is_what_requests_may_hold_elsewhere(text):
    clean = not CONTROL.search(text)
    assert valid(types.TEXT_OR_EMPTY, text) == clean
    assert valid(types.TEXT, text) == (clean and bool(text))
    assert valid(types.NAME, text) == (clean and bool(text.strip()))


@pytest.mark.parametrize('schema', [
    types.NAME, types.TEXT, types.TEXT_OR_EMPTY, types.DESCRIPTION,
    types.TEXT_OR_NULL])
def test_the_longest_text(schema):
    assert valid(schema, 'ä' * types.MAX_TEXT)
    assert not valid(schema, 'ä' * (types.MAX_TEXT + 1))
    assert not valid(schema, 5)
    assert 'Expected' in schema['description']


@settings(max_examples=50)
@given(st.uuids())
def test_uuids(value):
    assert valid(types.UUID, str(value))
    assert not valid(types.UUID, value.hex)
    assert not valid(types.UUID, f'{value}\n')
    assert not valid(types.UUID, f' {value}')


@pytest.mark.parametrize(('value', 'expected'), [
    ({}, True), ({'OS::Nova::Server': {'a': 'b', 'c': 1, 'd': True}}, True),
    ({'Karbor::FileSet#home-1': {}}, True), ({'T': None}, False),
    ({'T': {'a': None}}, False), ({'T': {'a': {}}}, False), ([], False),
    ({'': {}}, False), ({'T' * 256: {}}, False), ({'T\n': {}}, False)])
def test_parameters(value, expected):
    assert valid(types.PARAMETERS, value) == expected


def test_a_body_has_one_key():
    schema = types.body('thing', ['a'], {'a': types.TEXT}, maxProperties=1)
    assert valid(schema, {'thing': {'a': 'x'}})
    assert not valid(schema, {'thing': {'a': 'x'}, 'other': 1})
    assert not valid(schema, {'thing': {'a': 'x', 'b': 1}})
    assert not valid(schema, {'thing': {}})
