# SPDX-License-Identifier: Apache-2.0
"""Names in all scripts, and how long and how much is too much."""

import json
import unicodedata
import urllib.parse

import pytest

from karbor.tests import fixtures

# Each is one that a person could choose; lengths are counted in characters.
NAMES = {
    'four bytes': '\U0001f355 \U00020000\U0001d11e',
    'combining': 'e\u0301\u0302 n\u0303 \u0e01\u0e33',
    'composed': '\u00e9\u1ec7',
    'right to left': '\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627',
    'both directions': 'a \u202e\u05d0\u202c b',
    'joined': '\U0001f468\u200d\U0001f469\u200d\U0001f467',
    'no width': 'a\u200bb\ufeffc',
    'wide': '\uff46\uff55\uff4c\uff4c \u6570\u636e\u5e93',
    'of markup': '<script>alert(1)</script> &amp; %s {0} \\ " \' `',
    'of SQL': "'; DROP TABLE plans; --",
    'of numbers': '1e5', 'of nothing': 'null',
    'private': '\ue000\U0010fffd', 'no character': '\ufffe\U0001ffff'}


def make(api, **changes):
    return api.post('/plans', fixtures.plan_body(**changes)).json['plan']


@pytest.mark.parametrize('name', NAMES.values(), ids=NAMES)
def test_names_of_all_scripts(api, name):
    resource = {'id': name, 'type': fixtures.THING, 'name': name,
                'extra_info': {name: [name]}}
    made = make(api, name=name, description=name, resources=[resource])
    shown = api.get(f'/plans/{made["id"]}').json['plan']
    assert shown == made
    assert (shown['name'], shown['description']) == (name, name)
    assert shown['resources'] == [resource]
    query = urllib.parse.urlencode({'name': name})
    assert api.get(f'/plans?{query}').json == {'plans': [made]}


def test_composed_and_combining_are_two_names(api):
    """Names are kept as they are: what was sent is what is shown."""
    for form in ('NFC', 'NFD'):
        make(api, name=unicodedata.normalize(form, 'é'))
    names = [plan['name'] for plan in api.get('/plans').json['plans']]
    assert sorted(map(len, names)) == [1, 2]


@pytest.mark.parametrize('character', ['a', 'ä', '\U0001f355', '\u0301'])
@pytest.mark.parametrize('field', ['name', 'description'])
def test_255_characters_and_not_one_more(api, field, character):
    made = make(api, **{field: character * 255})
    assert made[field] == character * 255
    for text in (character * 256, character * 100_000):
        answer = api.post('/plans', fixtures.plan_body(**{field: text}),
                          expect=400)
        message = answer.json['badRequest']['message']
        assert f'plan.{field}' in message
        assert '255' in message
        assert len(message) < 400
    assert len(api.get('/plans').json['plans']) == 1


@pytest.mark.parametrize('field', ['id', 'name'])
def test_255_characters_of_a_resource(api, field):
    resource = {'id': 'i', 'type': fixtures.THING, 'name': 'n'}
    text = '\U0001f355' * 255
    made = make(api, resources=[{**resource, field: text}])
    assert made['resources'][0][field] == text
    answer = api.post('/plans', fixtures.plan_body(
        resources=[{**resource, field: text + 'a'}]), expect=400)
    assert f'plan.resources[0].{field}' in answer.text


def test_a_plan_of_1000_resources(api):
    resources = [{'id': f'id-{number}', 'type': fixtures.THING,
                  'name': f'{number}'} for number in range(1000)]
    with fixtures.Statements() as few:
        make(api)
    with fixtures.Statements() as many:
        made = make(api, resources=resources)
    assert made['resources'] == resources
    assert api.get(f'/plans/{made["id"]}').json['plan'] == made
    assert few.count == many.count > 0


def test_the_last_of_1000_resources_is_named_twice(api):
    resources = [{'id': f'id-{number % 999}', 'type': fixtures.THING,
                  'name': 'n'} for number in range(1000)]
    answer = api.post('/plans', fixtures.plan_body(resources=resources),
                      expect=400)
    assert 'resources[999]' in answer.json['badRequest']['message']
    assert api.get('/plans').json == {'plans': []}


def test_the_same_id_twice_of_two_types(api):
    resources = [{'id': 'one', 'type': type_, 'name': 'n'}
                 for type_ in (fixtures.THING, fixtures.BOX)]
    assert make(api, resources=resources)['resources'] == resources


@pytest.mark.parametrize('limit', [2 ** 20, None])
def test_a_body_as_long_as_it_may_be(api, conf, limit):
    if limit:
        conf.set_override('max_request_body_size', limit, 'oslo_middleware')
    limit = conf.oslo_middleware.max_request_body_size
    assert limit >= 2 ** 20
    body = json.dumps(fixtures.plan_body()).encode()
    for more, status in ((-1, 200), (0, 200), (1, 413)):
        answer = api.post('/plans', body=body.ljust(limit + more),
                          expect=status)
    assert answer.json == {'overLimit': {
        'code': 413, 'retryAfter': '0',
        'message': f'The request body is larger than {limit} bytes.'}}
    assert answer.headers['Retry-After'] == '0'


@pytest.mark.parametrize('number', [
    2 ** 63 - 1, -2 ** 63 + 1, 0, -0.0, 5e-324, 1.7e308])
def test_numbers_that_are_kept(api, number):
    resource = {'id': 'i', 'type': fixtures.THING, 'name': 'n',
                'extra_info': {'number': number}}
    made = make(api, resources=[resource])
    assert api.get(f'/plans/{made["id"]}').json['plan'][
        'resources'] == [resource]


@pytest.mark.parametrize('text', [
    '9223372036854775808', '-9223372036854775809', '1e400', '-1e400', 'NaN',
    'Infinity', '-Infinity', '1' * 5000])
def test_numbers_that_are_refused(api, text):
    body = json.dumps(fixtures.plan_body(resources=[{
        'id': 'i', 'type': fixtures.THING, 'name': 'n',
        'extra_info': {'number': 'NUMBER'}}])).replace('"NUMBER"', text)
    answer = api.post('/plans', body=body.encode(), expect=400)
    assert answer.json['badRequest']['message'].startswith(
        'Malformed request body: ')


@pytest.mark.parametrize(('deep', 'status'), [(27, 200), (28, 400)])
def test_how_deep_a_body_may_be(api, deep, status):
    """32 levels, of which a plan's own are five."""
    value = {}
    for _level in range(deep):
        value = {'a': value}
    api.post('/plans', fixtures.plan_body(resources=[{
        'id': 'i', 'type': fixtures.THING, 'name': 'n',
        'extra_info': value}]), expect=status)
