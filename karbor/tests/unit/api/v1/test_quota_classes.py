# SPDX-License-Identifier: Apache-2.0
import pytest

from karbor.tests import fixtures
from karbor.tests.fixtures import AT_1_1

PATH = '/quota_classes/default'
DEFAULTS = {'plans': 50, 'checkpoints': -1}


def put(admin, limits, **kwargs):
    return admin.put(PATH, {'quota_class': limits}, **kwargs)


def test_as_the_contract_has_it(admin):
    assert admin.get(PATH).json == {
        'quota_class': {**DEFAULTS, 'id': 'default'}}
    changed = {'plans': 3, 'checkpoints': -1}
    assert put(admin, {'plans': '3', 'volumes': 1}).json == {
        'quota_class': changed}
    assert admin.get(PATH).json == {
        'quota_class': {**changed, 'id': 'default'}}


def test_it_holds_for_projects_without_limits_of_their_own(
        admin, api, other):
    put(admin, {'plans': 0})
    admin.put(f'/quotas/{fixtures.PROJECT}', {'quota': {'plans': 1}})
    api.post('/plans', fixtures.plan_body())
    answer = other.post('/plans', fixtures.plan_body(), expect=413)
    assert 'plans' in answer.json['overLimit']['message']


@pytest.mark.parametrize('wrong', [-2, True, None, 'many', 2 ** 31])
@pytest.mark.parametrize('version', [{}, AT_1_1])
def test_what_is_no_limit(admin, wrong, version):
    answer = put(admin, {'plans': wrong}, headers=version, expect=400)
    assert 'plans' in answer.json['badRequest']['message']
    assert admin.get(PATH).json['quota_class'] == {**DEFAULTS,
                                                   'id': 'default'}


def test_what_is_not_counted_is_named_from_1_1_on(admin):
    assert put(admin, {'plans': 3}, headers=AT_1_1).json == {
        'quota_class': {**DEFAULTS, 'plans': 3}}
    answer = put(admin, {'volumes': 3}, headers=AT_1_1, expect=400)
    assert 'volumes' in answer.json['badRequest']['message']


@pytest.mark.parametrize('name', ['gold', 'p\u00e4iv\u00e4', 'a b', "o'b",
                                  '%', '\U0001f480', 'x' * 255])
def test_a_class_may_have_any_name(admin, name):
    path = f'/v1/{fixtures.PROJECT}/quota_classes/{name}'
    shown = admin.ask(path).json['quota_class']
    assert shown == {**DEFAULTS, 'id': name}
    admin.send('PUT', f'/quota_classes/{name}' if name.isalnum()
               and name.isascii() else PATH, {'quota_class': {'plans': 9}})


def test_a_name_that_is_too_long(admin):
    for method, body in (('GET', None), ('PUT', {'quota_class': {}})):
        answer = admin.send(method, f'/quota_classes/{"x" * 256}', body,
                            expect=400)
        assert 'Malformed request url' in answer.json['badRequest']['message']
