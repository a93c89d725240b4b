# SPDX-License-Identifier: Apache-2.0
import pytest

from karbor.model.operation import OperationResource
from karbor.tests import fixtures

V1_1 = {'OpenStack-API-Version': 'data-protect 1.1'}


@pytest.fixture
def checkpoint_id(api):
    plan = api.post('/plans', fixtures.plan_body()).json['plan']
    made = api.post(f'/providers/{fixtures.PROVIDER}/checkpoints',
                    {'checkpoint': {'plan_id': plan['id']}})
    fixtures.work()
    return made.json['checkpoint']['id']


def body(checkpoint_id, /, **changes):
    return {'verification': {'provider_id': fixtures.PROVIDER,
                             'checkpoint_id': checkpoint_id, **changes}}


def make(api, checkpoint_id, **changes):
    return api.post('/verifications', body(checkpoint_id, **changes),
                    ).json['verification']


def test_it_has_the_fields_of_the_contract(api, checkpoint_id, protection):
    parameters = {fixtures.THING: {'deep': True}}
    made = make(api, checkpoint_id, parameters=parameters)
    assert made == {
        'id': made['id'], 'project_id': fixtures.PROJECT,
        'provider_id': fixtures.PROVIDER, 'checkpoint_id': checkpoint_id,
        'parameters': parameters, 'status': 'in_progress',
        'resources_status': {}, 'resources_reason': {}}
    assert protection.runs[-1] == made['id']
    assert api.get(f'/verifications/{made["id"]}').json == {
        'verification': made}
    assert api.get('/verifications').json == {'verifications': [made]}
    # and it is an operation like all others
    log = api.get(f'/operation_logs/{made["id"]}').json['operation_log']
    assert (log['operation_type'], log['status'], log['restore_id']) == (
        'verify', 'in_progress', None)


def test_parameters_may_be_left_out(api, checkpoint_id):
    assert make(api, checkpoint_id)['parameters'] == {}


def test_what_is_damaged_is_named_by_type_and_id(api, checkpoint_id):
    made = make(api, checkpoint_id)
    fixtures.work('error', 'T t1: damaged', [
        OperationResource(0, fixtures.THING, 't0', 'n', status='success'),
        OperationResource(1, fixtures.THING, 't1', 'n', status='error'),
        OperationResource(2, fixtures.THING, 't2', 'n', status='running'),
        OperationResource(3, fixtures.THING, 't3', 'n')])
    shown = api.get(f'/verifications/{made["id"]}').json['verification']
    assert shown['status'] == 'fail'
    assert shown['resources_status'] == {
        'Test::Thing#t0': 'available', 'Test::Thing#t1': 'error',
        'Test::Thing#t2': 'verifying', 'Test::Thing#t3': 'undefined'}
    shown = api.get(f'/verifications/{made["id"]}',
                    headers=V1_1).json['verification']
    assert shown['reason'] == 'T t1: damaged'


def test_at_1_1_it_tells_more(api, checkpoint_id):
    answer = api.post('/verifications', body(checkpoint_id), headers=V1_1,
                      expect=202)
    made = answer.json['verification']
    assert answer.location.endswith(f'/verifications/{made["id"]}')
    assert (made['reason'], made['fraction'], made['bytes_done'],
            made['bytes_total'], made['started_at'], made['ended_at']) == (
        None, 0.0, 0, 0, None, None)
    fixtures.work()
    shown, = api.get('/verifications', headers=V1_1).json['verifications']
    assert shown['status'] == 'success'
    assert shown['fraction'] == 1.0
    assert shown['created_at'] == made['created_at'] <= shown['ended_at']


def test_pages_and_filters(api, admin, checkpoint_id):
    ids = [make(api, checkpoint_id)['id'] for _more in range(3)]
    fixtures.work()

    def listed(query, who=api, **kwargs):
        return [one['id'] for one in who.get(
            f'/verifications?{query}', **kwargs).json['verifications']]

    assert listed('sort=created_at:asc') == ids
    assert listed('status=success') == [ids[0]]
    assert listed('status=in_progress&sort=created_at:asc') == ids[1:]
    assert listed('limit=2') == ids[:0:-1]
    # of these only administrators may ask at 1.0
    assert len(listed(f'id={ids[0]}')) == 3
    assert listed(f'id={ids[0]}', admin) == [ids[0]]
    assert listed(f'id={ids[0]}', headers=V1_1) == [ids[0]]


@pytest.mark.parametrize(('changes', 'word'), [
    ({'provider_id': 'x'}, 'verification.provider_id'),
    ({'checkpoint_id': 7}, 'verification.checkpoint_id'),
    ({'parameters': []}, 'verification.parameters'),
    ({'parameters': {'T': {'k': []}}}, 'verification.parameters.T.k'),
    ({'parameters': {fixtures.THING: {'deep': 1}}}, 'deep'),
    ({'restore_target': None}, 'restore_target')])
def test_bad_bodies(api, checkpoint_id, changes, word):
    answer = api.post('/verifications', body(checkpoint_id, **changes),
                      expect=400)
    assert word in answer.json['badRequest']['message']
    assert api.get('/verifications').json == {'verifications': []}


def test_a_checkpoint_that_is_not_available(api, manager, checkpoint_id):
    manager.put(f'/providers/{fixtures.PROVIDER}/checkpoints/{checkpoint_id}',
                {'os-resetState': {'state': 'error'}})
    answer = api.post('/verifications', body(checkpoint_id), expect=400)
    assert 'is error' in answer.json['badRequest']['message']


def test_what_is_not_there(api, other, checkpoint_id):
    api.get('/verifications/x', expect=400)
    api.get(f'/verifications/{fixtures.NOWHERE}', expect=404)
    api.post('/verifications', body(fixtures.NOWHERE), expect=404)
    made = make(api, checkpoint_id)
    message = other.get(f'/verifications/{made["id"]}', expect=404).json[
        'itemNotFound']['message']
    assert message == f'Verification {made["id"]} could not be found.'
    other.post('/verifications', body(checkpoint_id), expect=404)
