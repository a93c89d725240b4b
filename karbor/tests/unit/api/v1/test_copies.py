# SPDX-License-Identifier: Apache-2.0
import pytest

from karbor.tests import fixtures
from karbor.tests.fixtures import PROVIDER
from karbor.tests.fixtures import PROVIDER_2
from karbor.tests.fixtures import THING

V1_1 = {'OpenStack-API-Version': 'data-protect 1.1'}
CHECKPOINTS = f'/providers/{PROVIDER}/checkpoints'
ACTION = f'{CHECKPOINTS}/action'


@pytest.fixture
def plan_id(api):
    return api.post('/plans', fixtures.plan_body()).json['plan']['id']


@pytest.fixture
def checkpoint_id(api, plan_id):
    made = api.post(CHECKPOINTS, {'checkpoint': {'plan_id': plan_id}})
    fixtures.work()
    return made.json['checkpoint']['id']


def listed(api):
    return [one['id'] for one in api.get(CHECKPOINTS).json['checkpoints']]


def test_it_has_the_fields_of_the_contract(
        api, plan_id, checkpoint_id, protection):
    parameters = {THING: {'speed': 3}}
    made = api.post(ACTION, {'copy': {'plan_id': plan_id,
                                      'parameters': parameters}}).json['copy']
    assert made == {
        'project_id': fixtures.PROJECT, 'provider_id': PROVIDER,
        'plan_id': plan_id, 'checkpoint_id': made['checkpoint_id'],
        'parameters': parameters}
    assert made['checkpoint_id'] != checkpoint_id
    show = f'{CHECKPOINTS}/{made["checkpoint_id"]}'
    shown = api.get(show).json['checkpoint']
    assert shown['status'] == 'wait_copying'
    assert shown['protection_plan']['id'] == plan_id
    log, _protect = api.get('/operation_logs').json['operation_logs']
    assert log['id'] == protection.runs[-1]
    assert (log['operation_type'], log['status'], log['plan_id']) == (
        'copy', 'wait_copying', plan_id)
    fixtures.work()
    assert api.get(show).json['checkpoint']['status'] == 'available'
    log, _protect = api.get('/operation_logs').json['operation_logs']
    assert log['status'] == 'available'


def test_parameters_may_be_left_out(api, plan_id, checkpoint_id):
    made = api.post(ACTION, {'copy': {'plan_id': plan_id}}).json['copy']
    assert made['parameters'] == {}


def test_at_1_1_source_and_target_may_be_named(api, plan_id, checkpoint_id):
    answer = api.post(ACTION, {'copy': {
        'checkpoint_id': checkpoint_id, 'provider_id': PROVIDER_2}},
        headers=V1_1, expect=202)
    made = answer.json['copy']
    assert (made['provider_id'], made['source_checkpoint_id']) == (
        PROVIDER_2, checkpoint_id)
    api.raw('GET', answer.location.removeprefix('http://localhost'))
    log = api.get(f'/operation_logs/{made["operation_id"]}',
                  ).json['operation_log']
    assert log['checkpoint_id'] == made['checkpoint_id']
    # which at 1.0 are not known
    for key, value in (('checkpoint_id', checkpoint_id),
                       ('provider_id', PROVIDER_2)):
        answer = api.post(ACTION, {'copy': {'plan_id': plan_id, key: value}},
                          expect=400)
        assert key in answer.json['badRequest']['message']


@pytest.mark.parametrize('headers', [{}, V1_1])
@pytest.mark.parametrize('body', [
    {}, {'copy': {}}, {'copy': None}, {'copy': {'plan_id': 'x'}},
    {'copy': {'plan_id': None}}, {'move': {'plan_id': fixtures.NOWHERE}},
    {'copy': {'plan_id': fixtures.NOWHERE}, 'more': {}},
    {'copy': {'parameters': {}}},
    {'copy': {'plan_id': fixtures.NOWHERE, 'parameters': 'x'}}])
def test_bad_bodies(api, checkpoint_id, body, headers):
    api.post(ACTION, body, expect=400, headers=headers)
    assert listed(api) == [checkpoint_id]


def test_a_plan_without_an_available_checkpoint(api, plan_id):
    answer = api.post(ACTION, {'copy': {'plan_id': plan_id}}, expect=400)
    assert answer.json['badRequest']['message'] == (
        f'Invalid input for field plan_id: plan {plan_id} has no available '
        'checkpoint to copy')


def test_what_is_not_there(api, other, plan_id, checkpoint_id):
    body = {'copy': {'plan_id': plan_id}}
    other.post(ACTION, body, expect=404)
    api.post('/providers/x/checkpoints/action', body, expect=400)
    api.post(ACTION, {'copy': {'plan_id': fixtures.NOWHERE}}, expect=404)
    api.delete(f'/plans/{plan_id}')
    api.post(ACTION, body, expect=404)
    assert listed(api) == [checkpoint_id]


def test_a_copy_that_failed_can_be_deleted_and_its_source_too(
        api, manager, plan_id, checkpoint_id):
    made = api.post(ACTION, {'copy': {'plan_id': plan_id}}).json['copy']
    for id_ in (checkpoint_id, made['checkpoint_id']):
        manager.delete(f'{CHECKPOINTS}/{id_}', expect=409)
    fixtures.work('error', 'the disk is full')
    for id_ in (checkpoint_id, made['checkpoint_id']):
        manager.delete(f'{CHECKPOINTS}/{id_}')
        fixtures.work()
    assert listed(api) == []


def test_its_state_can_be_set_when_nobody_is_at_work(
        api, manager, plan_id, checkpoint_id):
    made = api.post(ACTION, {'copy': {'plan_id': plan_id}}).json['copy']
    body = {'os-resetState': {'state': 'error'}}
    path = f'{CHECKPOINTS}/{made["checkpoint_id"]}'
    answer = manager.put(path, body, expect=400)
    assert 'operation copy is at work on it' in answer.text
    # as an operator may have done it in the database
    with fixtures.session.writer(fixtures.context.system()) as session:
        session.execute(fixtures.sa.text(
            "UPDATE operations SET status = 'error' WHERE type = 'copy'"))
    manager.put(path, body)
    assert api.get(path).json['checkpoint']['status'] == 'error'
