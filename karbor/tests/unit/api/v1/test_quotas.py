# SPDX-License-Identifier: Apache-2.0
import pytest

from karbor.tests import fixtures
from karbor.tests.fixtures import AT_1_1
from karbor.tests.fixtures import PROJECT
from karbor.tests.fixtures import Statements

PATH = f'/quotas/{PROJECT}'
DEFAULTS = {'plans': 50, 'checkpoints': -1}


def put(admin, limits, **kwargs):
    return admin.put(PATH, {'quota': limits}, **kwargs)


def make_plan(api, expect=200):
    return api.post('/plans', fixtures.plan_body(), expect=expect)


def test_as_the_contract_has_it(api, admin):
    assert api.get(PATH).json == {'quota': {**DEFAULTS, 'id': PROJECT}}
    changed = {'plans': 3, 'checkpoints': -1}
    assert put(admin, {'plans': 3}).json == {'quota': changed}
    assert api.get(PATH).json == {'quota': {**changed, 'id': PROJECT}}
    make_plan(api)
    assert api.get(f'{PATH}/detail').json == {'quota': {
        'plans': {'limit': 3, 'in_use': 1, 'reserved': 0},
        'checkpoints': {'limit': -1, 'in_use': 0, 'reserved': 0},
        'id': PROJECT}}
    assert api.get(f'{PATH}/defaults').json == {
        'quota': {**DEFAULTS, 'id': PROJECT}}
    assert admin.delete(PATH).body == b''
    assert api.get(PATH).json == {'quota': {**DEFAULTS, 'id': PROJECT}}
    admin.delete(PATH)


def test_it_holds(api, admin):
    put(admin, {'plans': 1})
    plan = make_plan(api).json['plan']
    answer = make_plan(api, expect=413)
    assert answer.json['overLimit']['message'] == (
        'Maximum number of plans allowed (1) exceeded')
    put(admin, {'checkpoints': 0})
    answer = api.post(f'/providers/{fixtures.PROVIDER}/checkpoints',
                      {'checkpoint': {'plan_id': plan['id']}}, expect=413)
    assert answer.json['overLimit']['message'] == (
        'Maximum number of checkpoints allowed (0) exceeded')
    # there is room for what is no more
    api.delete(f'/plans/{plan["id"]}')
    make_plan(api)


def test_the_defaults_are_those_of_the_class(api, admin):
    admin.put('/quota_classes/default', {'quota_class': {'plans': 7}})
    put(admin, {'plans': 3})
    assert api.get(f'{PATH}/defaults').json['quota']['plans'] == 7
    admin.delete(PATH)
    assert api.get(PATH).json['quota']['plans'] == 7


@pytest.mark.parametrize('path', ['', '/detail', '/defaults'])
def test_an_administrator_sees_every_project(admin, path):
    shown = admin.get(f'/quotas/{fixtures.OTHER}{path}').json['quota']
    assert shown['id'] == fixtures.OTHER


@pytest.mark.parametrize('limits', [
    {'plans': -1}, {'plans': 0, 'checkpoints': 0}, {'plans': 2 ** 31 - 1},
    {'plans': '7'}, {'plans': '-1'}, {'plans': 5.0}, {'checkpoints': '0010'}])
def test_what_is_a_limit(admin, limits):
    shown = put(admin, limits).json['quota']
    assert shown == {**DEFAULTS, **{key: int(value)
                                    for key, value in limits.items()}}


@pytest.mark.parametrize('wrong', [
    -2, 2 ** 31, 2 ** 62, True, None, 1.5, [], {}, '', ' 1', '-2', '1.0',
    '\u0661', '9999999999', '99999999999', 'many', '0x10', '+1'])
@pytest.mark.parametrize('resource', ['plans', 'checkpoints'])
def test_what_is_none(admin, resource, wrong):
    answer = put(admin, {resource: wrong}, expect=400)
    message = answer.json['badRequest']['message']
    assert resource in message
    assert 'xpected an integer from -1, which is no limit' in message
    assert admin.get(PATH).json['quota'] == {**DEFAULTS, 'id': PROJECT}


def test_one_mistake_and_nothing_is_changed(admin):
    put(admin, {'plans': 1, 'checkpoints': '9999999999'}, expect=400)
    assert admin.get(PATH).json['quota'] == {**DEFAULTS, 'id': PROJECT}


def test_what_is_not_counted_is_left_out(admin):
    """As the contract has it, until 1.1."""
    more = {'volumes': 3, 'x': 'y', 'z': True, 'plans': 3}
    assert put(admin, more).json == {'quota': {**DEFAULTS, 'plans': 3}}
    assert put(admin, {}).json == {'quota': {**DEFAULTS, 'plans': 3}}
    for wrong in (None, [], {}, 1.5):
        put(admin, {'x': wrong}, expect=400)


@pytest.mark.parametrize(('limits', 'word'), [
    ({'volumes': 3}, 'volumes'), ({'plans': '3'}, 'plans'),
    ({'plans': -2}, 'plans'), ({'plans': 2 ** 31}, 'plans'),
    ({}, 'checkpoints')])
def test_it_is_named_from_1_1_on(admin, limits, word):
    answer = put(admin, limits, headers=AT_1_1, expect=400)
    assert word in answer.json['badRequest']['message']


def test_codes_of_1_1(admin):
    shown = put(admin, {'plans': 3}, headers=AT_1_1).json
    assert shown == {'quota': {**DEFAULTS, 'plans': 3}}
    for path in ('', '/detail', '/defaults'):
        admin.get(PATH + path, headers=AT_1_1)
        admin.get(f'{PATH}{path}?x=1', headers=AT_1_1, expect=400)
        admin.get(f'{PATH}{path}?x=1')
    answer = admin.delete(PATH, headers=AT_1_1, expect=204)
    assert answer.body == b''


@pytest.mark.parametrize('body', [
    {}, {'quota_class': {}}, {'quota': None}, {'quota': []},
    {'quota': {'plans': 1}, 'x': 1}])
def test_bodies_that_are_none(admin, body):
    admin.put(PATH, body, expect=400)
    assert admin.get(PATH).json['quota'] == {**DEFAULTS, 'id': PROJECT}


@pytest.mark.parametrize('project', ['x', '..', 'default', '1' * 31,
                                     '1' * 255, 'p\u00e4iv\u00e4'])
def test_ids_that_are_none(admin, project):
    answer = admin.ask(f'/v1/{PROJECT}/quotas/{project}')
    assert answer.status_int == 400
    assert answer.json['badRequest']['message'] == (
        'Invalid project id provided.')
    admin.ask(f'/v1/{PROJECT}/quotas/{project}/detail')


def test_without_keystone_a_project_is_any_text(noauth):
    who = noauth('someone:demo')
    shown = who.raw('GET', '/v1/demo/quotas/demo').json['quota']
    assert shown == {**DEFAULTS, 'id': 'demo'}


@pytest.mark.parametrize('path', ['', '/detail', '/defaults'])
def test_queries_are_few_and_constant(api, admin, path):
    with Statements() as empty:
        api.get(PATH + path)
    put(admin, {'plans': 20})
    for _number in range(5):
        make_plan(api)
    with Statements() as full:
        api.get(PATH + path)
    # BEGIN, and one or two questions
    assert empty.count == full.count <= 3


def test_a_plan_costs_the_same_with_limits_of_any_kind(api, admin):
    make_plan(api)
    with Statements() as without:
        make_plan(api)
    put(admin, {'plans': 20})
    admin.put('/quota_classes/default', {'quota_class': {'plans': 7}})
    with Statements() as limited:
        make_plan(api)
    assert limited.count == without.count
