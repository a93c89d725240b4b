# SPDX-License-Identifier: Apache-2.0
"""Yes or no to a body, as jsonschema would have it."""

import copy

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
import jsonschema
import pytest

from karbor.api import predicate
from karbor.api.schemas import checkpoints
from karbor.api.schemas import plans
from karbor.api.schemas import restores

UUID = '7b0c1f0e-4f70-4d0f-9a5e-0d1f6f3a1c11'
RESOURCE = {'id': 'a', 'type': 'T', 'name': 'n', 'extra_info': {'k': [1]}}
BODIES = [
    (plans.CREATE.forms[0].body, {'plan': {
        'name': 'n', 'description': None, 'provider_id': UUID,
        'resources': [RESOURCE, {**RESOURCE, 'id': 'b'}],
        'parameters': {'T': {'a': 1, 'b': True}, 'T#a': {'c': 'x'}}}}),
    (plans.UPDATE.forms[0].body, {'plan': {
        'name': 'n', 'description': 'd', 'status': 'started',
        'resources': [RESOURCE]}}),
    (checkpoints.CREATE.forms[0].body, {'checkpoint': {
        'plan_id': UUID, 'extra-info': {'a': 'b'}}}),
    (checkpoints.UPDATE.forms[0].body, {'os-resetState': {'state': 'error'}}),
    (restores.CREATE.forms[0].body, {'restore': {
        'provider_id': UUID, 'checkpoint_id': UUID, 'restore_target': None,
        'restore_auth': None, 'parameters': {'T': {'a': 1}}}}),
]
KEYS = st.sampled_from(['', 'a', 'id', 'name', 'x y', '\n', 'T', '\u65e5'])
VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 2),
    st.sampled_from([1.0, 1.5, '', ' ', 'a', 'a\n', '\x00', 'x' * 256, UUID,
                     UUID + '\n', 'available', [], {}, [None], [RESOURCE],
                     {'a': {}}, {'a': {'b': 1.5}}]))


def places(value):
    """All dicts and lists in it."""
    found = []
    if isinstance(value, dict | list):
        found.append(value)
        for inner in (value.values() if isinstance(value, dict) else value):
            found += places(inner)
    return found


@settings(max_examples=300, deadline=None)
@given(which=st.sampled_from(BODIES), data=st.data())
def test_it_says_what_jsonschema_says(which, data):
    """Right bodies, changed in up to three places, or not at all."""
    schema, body = which[0], copy.deepcopy(which[1])
    for _number in range(data.draw(st.integers(0, 3))):
        place = data.draw(st.sampled_from(places(body)))
        value = copy.deepcopy(data.draw(VALUES))
        if isinstance(place, list):
            place.append(value)
        elif data.draw(st.booleans()) and place:
            key = data.draw(st.sampled_from(sorted(place)))
            if data.draw(st.booleans()):
                del place[key]
            else:
                place[key] = value
        else:
            place[data.draw(KEYS)] = value
    expected = jsonschema.Draft202012Validator(schema).is_valid(body)
    assert predicate.build(schema)(body) is expected


@pytest.mark.parametrize(('schema', 'value'), [
    ({'enum': [1, None]}, True), ({'enum': [1, None]}, None),
    ({'enum': ['a']}, ['a']), ({'enum': ['a']}, 'a'),
    ({'maxLength': 1}, 12), ({'maxLength': 1}, 'ab'),
    ({'minimum': 1}, 0), ({'minimum': 1}, 1), ({'maximum': 1}, 1.5),
    ({'minimum': 1}, True), ({'minimum': 1}, False), ({'minimum': 1}, 'x'),
    ({'minItems': 1}, []), ({'minItems': 1}, {}),
    ({'items': {'type': 'null'}}, [None, 1]), ({}, object()),
    ({'properties': {'a': {'type': 'null'}},
      'patternProperties': {'a': {'type': 'integer'}}}, {'a': None}),
    ({'properties': {'a': {'type': 'null'}},
      'patternProperties': {'b': {'type': 'integer'}},
      'additionalProperties': False}, {'a': None, 'b': 1}),
    ({'additionalProperties': {'type': 'null'}}, {'a': 1})])
def test_corners(schema, value):
    """What the bodies of today do not have."""
    expected = jsonschema.Draft202012Validator(schema).is_valid(value)
    assert predicate.build(schema)(value) is expected


def test_a_keyword_that_it_does_not_know():
    """It would else say yes to everything."""
    with pytest.raises(ValueError, match='format'):
        predicate.build({'type': 'object', 'properties': {
            'a': {'format': 'uuid'}}})
