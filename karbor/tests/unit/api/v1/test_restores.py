# SPDX-License-Identifier: Apache-2.0
import pytest

from karbor.model.operation import OperationResource
from karbor.tests import fixtures
from karbor.tests.fixtures import Statements


@pytest.fixture
def checkpoint_id(api):
    plan = api.post('/plans', fixtures.plan_body()).json['plan']
    made = api.post(f'/providers/{fixtures.PROVIDER}/checkpoints',
                    {'checkpoint': {'plan_id': plan['id']}})
    fixtures.work()
    return made.json['checkpoint']['id']


def body(checkpoint_id, /, **changes):
    return {'restore': {'provider_id': fixtures.PROVIDER,
                        'checkpoint_id': checkpoint_id, 'parameters': {},
                        **changes}}


def make(api, checkpoint_id, **changes):
    return api.post('/restores', body(checkpoint_id, **changes),
                    ).json['restore']


def test_a_restore_has_the_fields_of_the_contract(
        api, checkpoint_id, protection):
    parameters = {fixtures.THING: {'restore_name': 'x'}}
    made = make(api, checkpoint_id, parameters=parameters,
                restore_target=None, restore_auth=None)
    assert made == {
        'id': made['id'], 'project_id': fixtures.PROJECT,
        'provider_id': fixtures.PROVIDER, 'checkpoint_id': checkpoint_id,
        'restore_target': None, 'parameters': parameters,
        'status': 'in_progress', 'resources_status': {},
        'resources_reason': {}}
    assert protection.runs[-1] == made['id']
    assert api.get(f'/restores/{made["id"]}').json == {'restore': made}
    assert api.get('/restores').json == {'restores': [made]}


def test_resources_are_shown_by_type_and_id(api, checkpoint_id):
    made = make(api, checkpoint_id)
    states = ['undefined', 'running', 'success', 'error']
    fixtures.work('error', 'no room', [
        OperationResource(number, fixtures.THING, f't{number}', 'n',
                          status=status)
        for number, status in enumerate(states)])
    shown = api.get(f'/restores/{made["id"]}').json['restore']
    assert shown['status'] == 'fail'
    assert shown['resources_status'] == {
        'Test::Thing#t0': 'undefined', 'Test::Thing#t1': 'restoring',
        'Test::Thing#t2': 'available', 'Test::Thing#t3': 'error'}
    assert shown['resources_reason'] == {}


@pytest.mark.parametrize(('changes', 'word'), [
    ({'provider_id': 'x'}, 'restore.provider_id'),
    ({'checkpoint_id': 'x'}, 'restore.checkpoint_id'),
    ({'parameters': 'x'}, 'restore.parameters'),
    ({'parameters': {'X': {}}}, 'parameters.X'),
    ({'parameters': {fixtures.THING: {'restore_name': 5}}},
     'parameters.Test::Thing.restore_name'),
    ({'restore_target': 5}, 'restore.restore_target'),
    ({'restore_auth': 'secret'}, 'restore.restore_auth'),
    ({'restore_auth': ['secret']}, 'Expected an object or null'),
    ({'restore_target': 'http://127.0.0.1/'}, 'restore_target'),
    ({'restore_auth': {'type': 'password', 'password': 'secret'}},
     'restore_auth'),
    ({'restore_auth': {'password': 'secret'}, 'parameters': 'x'},
     'restore.parameters'),
    ({'restore_auth': {'password': 'secret'}, 'other': 1}, 'other'),
])
def test_bad_restores_are_refused(api, checkpoint_id, changes, word):
    answer = api.post('/restores', body(checkpoint_id, **changes), expect=400)
    assert word in answer.json['badRequest']['message']
    assert 'secret' not in answer.text
    assert api.get('/restores').json == {'restores': []}


@pytest.mark.parametrize('key', ['provider_id', 'checkpoint_id',
                                 'parameters'])
def test_what_a_restore_must_have(api, key):
    wanted = body(fixtures.NOWHERE, restore_auth={'password': 'secret'})
    del wanted['restore'][key]
    text = api.post('/restores', wanted, expect=400).text
    assert f"'{key}' is a required" in text
    assert 'secret' not in text


def test_unknown_checkpoints(api, other, checkpoint_id):
    api.post('/restores', body(fixtures.NOWHERE), expect=404)
    other.post('/restores', body(checkpoint_id), expect=404)
    api.post('/restores', body(checkpoint_id,
                               provider_id=fixtures.PROVIDER_2), expect=404)


def test_only_an_available_checkpoint_is_restored(manager, checkpoint_id):
    path = f'/providers/{fixtures.PROVIDER}/checkpoints/{checkpoint_id}'
    manager.put(path, {'os-resetState': {'state': 'error'}})
    answer = manager.post('/restores', body(checkpoint_id), expect=400)
    assert 'only an available checkpoint' in answer.text


def test_ids(api, checkpoint_id):
    answer = api.get('/restores/x', expect=400)
    assert 'Invalid restore id provided.' in answer.text
    api.get(f'/restores/{fixtures.NOWHERE}', expect=404)
    # the operation that made the checkpoint is no restore
    protect, = api.get('/operation_logs').json['operation_logs']
    answer = api.get(f'/restores/{protect["id"]}', expect=404)
    assert answer.json['itemNotFound']['message'].startswith('Restore ')


def test_filters_by_the_words_of_the_contract(api, admin, checkpoint_id):
    first, second = make(api, checkpoint_id), make(api, checkpoint_id)
    fixtures.work()

    def ids(who, query):
        return [one['id'] for one in who.get(f'/restores?{query}',
                                             ).json['restores']]

    assert ids(api, 'status=success') == [first['id']]
    assert ids(api, 'status=in_progress') == [second['id']]
    assert ids(api, 'status=nonsense') == []
    assert ids(api, 'status=None') == []
    # not one of everybody's filters
    assert len(ids(api, f'checkpoint_id={fixtures.NOWHERE}')) == 2
    assert ids(admin, f'checkpoint_id={fixtures.NOWHERE}') == []


def test_restores_of_others_do_not_exist(api, other, checkpoint_id):
    made = make(api, checkpoint_id)
    other.get(f'/restores/{made["id"]}', expect=404)
    assert other.get('/restores').json == {'restores': []}


def test_nothing_but_making_and_looking(api):
    api.delete(f'/restores/{fixtures.NOWHERE}', expect=404)
    api.put(f'/restores/{fixtures.NOWHERE}', {}, expect=404)


def test_from_1_1_on_it_tells_more(api, checkpoint_id):
    new = api.at('1.1')
    answer = new.post('/restores', body(checkpoint_id), expect=202)
    made = answer.json['restore']
    assert answer.headers['Location'].endswith(f'/restores/{made["id"]}')
    assert (made['status'], made['started_at']) == ('in_progress', None)
    fixtures.work('error', 'the disk is full', [
        OperationResource(0, fixtures.THING, 't', 'n', status='error',
                          reason='no room')])
    [listed] = new.get('/restores').json['restores']
    assert (listed['status'], listed['reason']) == (
        'fail', 'the disk is full')
    assert listed['created_at'] < listed['started_at'] < listed['ended_at']
    shown = new.get(f'/restores/{made["id"]}').json['restore']
    [resource] = shown.pop('resources')
    assert shown == {**listed, 'resources_count': 1}
    assert (resource['id'], resource['new_id']) == ('t', None)
    assert 'status' in new.get('/restores?status=x', expect=400).text


def test_one_that_was_cancelled_has_failed(api, checkpoint_id):
    made = api.post('/restores', body(checkpoint_id)).json['restore']
    api.at('1.1').post(f'/operations/{made["id"]}/cancel', expect=202)
    shown = api.get(f'/restores/{made["id"]}').json['restore']
    assert shown['status'] == 'fail'
    new = api.at('1.1').get(f'/restores/{made["id"]}').json['restore']
    assert (new['status'], new['reason']) == ('fail', 'Cancelled by u.')


def failed(api, checkpoint_id):
    made = make(api, checkpoint_id)
    fixtures.work('error')
    return made['id']


def undo(api, restore_id, expect=202):
    return api.at('1.2').post(f'/restores/{restore_id}/undo', expect=expect)


def test_one_that_failed_is_undone(api, checkpoint_id, protection):
    new = api.at('1.2')
    id_ = failed(api, checkpoint_id)
    path = f'/restores/{id_}'
    assert new.get(path).json['restore']['undo'] is None
    answer = undo(api, id_)
    made = answer.json['operation']
    assert (made['type'], made['status'], made['source_operation_id']) == (
        'undo', 'queued', id_)
    assert protection.runs[-1] == made['id']
    location = f'/operations/{made["id"]}'
    assert answer.headers['Location'].endswith(location)
    told = {'operation_id': made['id'], 'status': 'queued'}
    assert new.get(path).json['restore']['undo'] == told
    again = undo(api, id_, expect=409)
    assert f'operation {made["id"]} is undoing it' in again.text
    fixtures.work('error')
    assert undo(api, id_).json['operation']['id'] != made['id']
    fixtures.work()
    told = new.get(path).json['restore']['undo']
    assert told['status'] == 'success'
    assert 'has undone it' in undo(api, id_, expect=409).text
    [listed] = new.get('/restores').json['restores']
    assert listed['undo'] == told
    # older versions are as they were
    for older in (api, api.at('1.1')):
        assert 'undo' not in older.get(path).json['restore']
        older.post(f'{path}/undo', expect=404)
    found = new.get('/operations?type=undo').json['operations']
    assert {one['source_operation_id'] for one in found} == {id_}
    assert 'source_operation_id' not in api.at('1.1').get(
        location).json['operation']
    api.at('1.1').get('/operations?type=undo', expect=400)


def test_one_that_waits_or_was_successful_is_not(api, checkpoint_id):
    made = make(api, checkpoint_id)
    assert 'cancel operation' in undo(api, made['id'], expect=409).text
    fixtures.work()
    assert 'was successful' in undo(api, made['id'], expect=409).text


def test_only_restores_are_undone_and_only_ones_own(
        api, other, checkpoint_id):
    id_ = failed(api, checkpoint_id)
    protect, = api.get('/operation_logs?operation_type=protect',
                       ).json['operation_logs'][-1:]
    undo(api, fixtures.NOWHERE, expect=404)
    undo(api, protect['id'], expect=404)
    undo(api, 'x', expect=400)
    undo(other, id_, expect=404)


def test_a_list_asks_for_all_undos_at_once(api, checkpoint_id):
    def statements():
        with Statements() as counted:
            new.get('/restores')
        return counted.count

    new = api.at('1.2')
    undo(api, failed(api, checkpoint_id))
    fixtures.work()
    one = statements()
    for _more in range(3):
        undo(api, failed(api, checkpoint_id))
        fixtures.work()
    assert len(new.get('/restores').json['restores']) == 4
    assert statements() == one
