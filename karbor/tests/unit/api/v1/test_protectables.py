# SPDX-License-Identifier: Apache-2.0
import urllib.parse

import pytest

from karbor.tests import fixtures

PATH = f'/protectables/{fixtures.THING}'
INSTANCES = f'{PATH}/instances'


def test_types(api):
    assert api.get('/protectables').json == {
        'protectable_type': [fixtures.BOX, fixtures.THING]}
    assert api.get(PATH).json == {'protectable_type': {
        'name': fixtures.THING, 'dependent_types': [fixtures.BOX]}}


@pytest.mark.parametrize('path', [
    '/protectables/X', '/protectables/X/instances',
    '/protectables/X/instances/y'])
def test_unknown_types(api, path):
    answer = api.get(path, expect=404)
    assert answer.json['itemNotFound']['message'] == (
        'Protectable type X could not be found.')


def test_instances(api):
    answer = api.get(f'{INSTANCES}?limit=2&type={fixtures.THING}').json
    assert answer['instances'] == [fixtures.instance(0),
                                   fixtures.instance(1)]
    link, = answer['instances_links']
    assert f'/v1/{fixtures.PROJECT}/protectables/' in link['href']
    rest = api.raw('GET', link['href'].removeprefix('http://localhost')).json
    assert [one['id'] for one in rest['instances']] == ['thing-2', 'thing-3']
    api.get(f'{INSTANCES}?marker=nothing', expect=404)


def test_one_instance(api):
    assert api.get(f'{INSTANCES}/thing-1').json == {
        'instance': fixtures.instance(1)}
    answer = api.get(f'{INSTANCES}/nothing', expect=404)
    assert answer.json['itemNotFound']['message'] == (
        f'{fixtures.THING} nothing could not be found.')


@pytest.mark.parametrize('id_', ['new', 'edit', 'delete', 'a.json', 'ä b'])
def test_an_id_is_any_text(api, protection, id_):
    protection.all_instances = [{**fixtures.instance(0), 'id': id_}]
    path = f'{INSTANCES}/{urllib.parse.quote(id_)}'
    assert api.get(path).json['instance']['id'] == id_


@pytest.mark.parametrize(('text', 'expected'), [
    ("{'region_name': 'R2'}", {'region_name': 'R2'}),
    ('{"region_name": "R2"}', {'region_name': 'R2'}),
    ("{'a': None, 'b': True, 'c': 5}", {'a': None, 'b': True, 'c': 5}),
    ('', {}), ('{}', {})])
@pytest.mark.parametrize('path', [INSTANCES, f'{INSTANCES}/thing-1'])
def test_parameters_reach_the_plugin(api, protection, path, text, expected):
    api.get(f'{path}?parameters={urllib.parse.quote(text)}')
    assert protection.asked[-1][-1] == expected


@pytest.mark.parametrize('text', [
    'x', '5', '[]', "{'a': []}", "{'a': b'x'}", '{5: 5}', "{'a': 1e999}",
    "{'a': __import__('os')}", "{'a': 1.5}", '[' * 200, '(' * 4000,
    "{'a': '" + 'a' * 4096 + "'}", '-' * 4000 + '1', '{{}: 1}',
    '1' * 4000, '[' * 4000, r'{"a": "\ud800"}', r"{'a': '\x00'}",
    r'{"\u0000": 1}', '{"a": 9223372036854775808}'])
def test_parameters_that_are_none(api, protection, text):
    answer = api.get(f'{INSTANCES}?parameters={urllib.parse.quote(text)}',
                     expect=400)
    assert 'parameters' in answer.json['badRequest']['message']
