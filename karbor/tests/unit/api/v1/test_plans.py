# SPDX-License-Identifier: Apache-2.0
import pytest

from karbor.tests import fixtures
from karbor.tests.fixtures import plan_body

RESOURCE = {'id': 'thing-1', 'type': fixtures.THING, 'name': 'n1'}


def make(api, **changes):
    return api.post('/plans', plan_body(**changes)).json['plan']


def test_a_plan_has_the_fields_of_the_contract(api):
    made = make(api, description='words',
                parameters={fixtures.THING: {'speed': 2},
                            f'{fixtures.THING}#thing-1': {'speed': 3}})
    assert set(made) == {'id', 'name', 'description', 'provider_id',
                         'status', 'resources', 'parameters'}
    assert made['status'] == 'suspended'
    assert made['resources'] == [RESOURCE]
    assert api.get(f'/plans/{made["id"]}').json == {'plan': made}
    assert api.get('/plans').json == {'plans': [made]}


def test_extra_info_of_a_resource_is_shown_if_it_has_any(api):
    resource = {**RESOURCE, 'extra_info': {'availability_zone': 'a'}}
    assert make(api, resources=[resource])['resources'] == [resource]
    assert make(api, resources=[{**RESOURCE, 'extra_info': None}],
                )['resources'] == [RESOURCE]


@pytest.mark.parametrize(('changes', 'words'), [
    ({'name': ' '}, ['plan.name', 'not blank']),
    ({'name': ''}, ['plan.name']),
    ({'name': None}, ['plan.name', 'Value: null']),
    ({'name': 5}, ['plan.name', 'Value: 5']),
    ({'name': 'a' * 256}, ['plan.name', '255']),
    ({'name': 'a\x00b'}, ['plan.name', 'printable']),
    ({'name': 'a\n'}, ['plan.name', 'printable']),
    ({'name': 'a\x85'}, ['plan.name', 'printable']),
    ({'description': 'a' * 256}, ['plan.description', '255']),
    ({'description': 'a\x1b'}, ['plan.description']),
    ({'description': 5}, ['plan.description']),
    ({'provider_id': 'x'}, ['plan.provider_id', 'UUID']),
    ({'provider_id': fixtures.PROVIDER + '\n'}, ['plan.provider_id']),
    ({'provider_id': fixtures.NOWHERE}, ['provider_id', 'could not']),
    ({'resources': []}, ['plan.resources', 'at least one']),
    ({'resources': {}}, ['plan.resources']),
    ({'resources': [5]}, ['plan.resources[0]']),
    ({'resources': [RESOURCE, {'id': 'b', 'name': 'b'}]},
     ['plan.resources[1]', "'type' is a required"]),
    ({'resources': [{**RESOURCE, 'id': ''}]}, ['plan.resources[0].id']),
    ({'resources': [{**RESOURCE, 'id': '\x00'}]}, ['plan.resources[0].id']),
    ({'resources': [{**RESOURCE, 'extra_info': 'x'}]},
     ['plan.resources[0].extra_info', 'object or null']),
    ({'resources': [{**RESOURCE, 'size': 5}]}, ['plan.resources[0]', 'size']),
    ({'resources': [{**RESOURCE, 'type': 'X'}]}, ['resources[0].type', 'X']),
    ({'resources': [RESOURCE, RESOURCE]}, ['resources[1]', 'twice']),
    ({'parameters': []}, ['plan.parameters']),
    ({'parameters': {'a/b': {}}}, ['plan.parameters', 'a/b']),
    ({'parameters': {fixtures.THING: 5}}, ['plan.parameters.Test::Thing']),
    ({'parameters': {fixtures.THING: {'speed': [1]}}},
     ['plan.parameters.Test::Thing.speed', 'integer']),
    ({'parameters': {'X': {}}}, ['parameters.X']),
    ({'parameters': {fixtures.THING: {'speed': 0}}},
     ['parameters.Test::Thing.speed', 'minimum']),
    ({'parameters': {fixtures.THING: {'spede': 1}}}, ['spede']),
    ({'status': 'started'}, ['plan', 'status']),
    ({'x' * 500: 1}, ['plan', 'xxx...']),
])
def test_bad_plans_are_refused_with_the_name_of_the_field(
        api, changes, words):
    answer = api.post('/plans', plan_body(**changes), expect=400)
    message = answer.json['badRequest']['message']
    assert all(word in message for word in words), message
    assert len(message) < 600
    assert api.get('/plans').json == {'plans': []}


@pytest.mark.parametrize('key', ['name', 'provider_id', 'resources',
                                 'parameters'])
def test_what_a_plan_must_have(api, key):
    body = plan_body()
    del body['plan'][key]
    answer = api.post('/plans', body, expect=400)
    assert f"'{key}' is a required property" in answer.text


def test_a_description_may_have_lines(api):
    assert make(api, description='a\nb')['description'] == 'a\nb'


@pytest.mark.parametrize('id_', ['x', 'detail', 'new', 'edit', 'delete', '5'])
@pytest.mark.parametrize('method', ['get', 'put', 'delete'])
def test_ids_are_uuids(api, method, id_):
    answer = getattr(api, method)(f'/plans/{id_}', expect=400)
    assert answer.json['badRequest']['message'] == 'Invalid plan id provided.'


def test_only_what_is_given_is_changed(api):
    made = make(api, description='words')
    changed = api.put(f'/plans/{made["id"]}',
                      {'plan': {'name': 'new'}}).json['plan']
    assert changed == {**made, 'name': 'new'}
    resources = [{**RESOURCE, 'id': 'b'}]
    changed = api.put(f'/plans/{made["id"]}', {'plan': {
        'resources': resources, 'description': None}}).json['plan']
    assert changed['resources'] == resources
    assert changed['description'] is None
    assert api.get(f'/plans/{made["id"]}').json['plan'] == changed


@pytest.mark.parametrize(('changes', 'word'), [
    ({}, 'name, description, resources, status'),
    ({'provider_id': fixtures.PROVIDER}, 'provider_id'),
    ({'status': 'sleeping'}, 'suspended or started'),
    ({'status': None}, 'plan.status'),
    ({'resources': [{**RESOURCE, 'type': 'X'}]}, 'resources[0].type'),
])
def test_bad_changes_are_refused(api, changes, word):
    made = make(api)
    answer = api.put(f'/plans/{made["id"]}', {'plan': changes}, expect=400)
    assert word in answer.json['badRequest']['message']
    assert api.get(f'/plans/{made["id"]}').json['plan'] == made


def test_a_started_plan_can_only_be_suspended(api):
    path = f'/plans/{make(api)["id"]}'
    assert api.put(path, {'plan': {'status': 'started'}},
                   ).json['plan']['status'] == 'started'
    answer = api.put(path, {'plan': {'name': 'x'}}, expect=400)
    assert 'only a suspended plan' in answer.text
    api.put(path, {'plan': {'status': 'suspended'}})
    api.put(path, {'plan': {'name': 'x'}})


def test_deleting_answers_200_without_a_body(api):
    made = make(api)
    answer = api.delete(f'/plans/{made["id"]}')
    assert answer.body == b''
    answer = api.delete(f'/plans/{made["id"]}', expect=404)
    assert answer.json['itemNotFound']['message'] == (
        f'Plan {made["id"]} could not be found.')


def test_plans_of_others_do_not_exist(api, other, admin):
    made = make(api)
    path = f'/plans/{made["id"]}'
    other.get(path, expect=404)
    other.put(path, {'plan': {'name': 'x'}}, expect=404)
    other.delete(path, expect=404)
    assert other.get('/plans?all_tenants=1').json == {'plans': []}
    theirs = make(other)
    assert len(admin.get('/plans').json['plans']) == 1
    assert len(admin.get('/plans?all_tenants=1').json['plans']) == 2
    assert admin.get(f'/plans?all_tenants=1&project_id={fixtures.OTHER}',
                     ).json == {'plans': [theirs]}
    assert admin.get(f'/plans/{theirs["id"]}').json == {'plan': theirs}


def test_the_quota(api, conf):
    conf.set_override('plans', 1, 'quota')
    make(api)
    answer = api.post('/plans', plan_body(), expect=413)
    assert answer.json == {'overLimit': {
        'code': 413, 'retryAfter': '0',
        'message': 'Maximum number of plans allowed (1) exceeded'}}
    assert answer.headers['Retry-After'] == '0'
    conf.set_override('plans', -1, 'quota')
    make(api)


def test_a_list_costs_the_same_number_of_statements(api):
    make(api)
    with fixtures.Statements() as one:
        assert len(api.get('/plans').json['plans']) == 1
    for _number in range(49):
        make(api)
    with fixtures.Statements() as fifty:
        assert len(api.get('/plans').json['plans']) == 50
    assert one.count == fifty.count > 0


def test_it_is_started_and_suspended_from_1_1_on(api, other):
    made = api.post('/plans', fixtures.plan_body()).json['plan']
    new, path = api.at('1.1'), f'/plans/{made["id"]}'
    for word, status in (('start', 'started'), ('suspend', 'suspended')):
        # told twice, it is so once
        for _time in range(2):
            answer = new.post(f'{path}/{word}').json['plan']
            assert answer['status'] == status
        assert api.get(path).json['plan']['status'] == status
        api.post(f'{path}/{word}', expect=404)
        other.at('1.1').post(f'{path}/{word}', expect=404)
        assert 'Invalid plan id' in new.post(f'/plans/x/{word}',
                                             expect=400).text


def test_a_started_plan_is_not_changed_but_for_its_status(api):
    made = api.post('/plans', fixtures.plan_body()).json['plan']
    path = f'/plans/{made["id"]}'
    api.at('1.1').post(f'{path}/start')
    for changes in ({'name': 'x'}, {'name': 'x', 'status': 'suspended'}):
        for who in (api, api.at('1.1')):
            answer = who.put(path, {'plan': changes}, expect=400)
            assert 'only a suspended plan' in answer.text
    for who in (api, api.at('1.1')):
        answer = who.put(path, {'plan': {'parameters': {}}}, expect=400)
        assert 'parameters' in answer.text
    api.put(path, {'plan': {'status': 'suspended'}})
    assert api.put(path, {'plan': {'name': 'x'}}).json['plan']['name'] == 'x'
