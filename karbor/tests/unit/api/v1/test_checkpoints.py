# SPDX-License-Identifier: Apache-2.0
import datetime
import json

import pytest

from karbor import context
from karbor import exception
from karbor.db import checkpoints
from karbor.db import session
from karbor.model.checkpoint import Checkpoint
from karbor.model.operation import OperationResource
from karbor.tests import fixtures

PATH = f'/providers/{fixtures.PROVIDER}/checkpoints'


def make_plan(api, **changes):
    return api.post('/plans', fixtures.plan_body(**changes)).json['plan']


def make(api, plan=None, extra=None):
    plan = plan or make_plan(api)
    return api.post(PATH, {'checkpoint': {
        'plan_id': plan['id'], 'extra-info': extra}}).json['checkpoint']


def test_a_checkpoint_has_the_fields_of_the_contract(api):
    plan = make_plan(api)
    made = make(api, plan, {'k': 'v'})
    today = datetime.datetime.now(datetime.UTC).strftime('%Y-%m-%d')
    assert made == {
        'id': made['id'], 'project_id': fixtures.PROJECT,
        'status': 'protecting', 'created_at': today,
        'extra_info': '{"k": "v", "created_by": "manual"}',
        'protection_plan': {
            'id': plan['id'], 'name': plan['name'],
            'provider_id': fixtures.PROVIDER,
            'resources': [{'extra_info': None, **plan['resources'][0]}]}}
    fixtures.work()
    shown = api.get(f'{PATH}/{made["id"]}').json['checkpoint']
    assert shown == {**made, 'status': 'available',
                     'resource_graph': fixtures.GRAPH}
    assert api.get(PATH).json == {'checkpoints': [shown]}


def test_who_made_it_cannot_be_forged(api):
    made = make(api, extra={'created_by': 'schedule'})
    assert json.loads(made['extra_info']) == {'created_by': 'manual'}


def test_the_work_is_recorded_before_it_is_told(api, protection):
    made = make(api)
    log, = api.get('/operation_logs').json['operation_logs']
    assert protection.runs == [log['id']]
    assert log['checkpoint_id'] == made['id']


def test_a_bus_that_is_away_fails_no_request(api, protection, monkeypatch):
    def run(context, operation_id):
        raise OSError('no bus')
    monkeypatch.setattr(protection, 'run', run)
    assert make(api)['status'] == 'protecting'
    assert fixtures.work().type == 'protect'


@pytest.mark.parametrize(('body', 'word'), [
    ({}, "'checkpoint' is a required"),
    ({'checkpoint': {}}, "'plan_id' is a required"),
    ({'checkpoint': {'plan_id': 'x'}}, 'checkpoint.plan_id'),
    ({'checkpoint': {'plan_id': fixtures.NOWHERE, 'extra_info': {}}},
     'extra_info'),
    ({'checkpoint': {'plan_id': fixtures.NOWHERE, 'extra-info': 'x'}},
     'checkpoint.extra-info'),
    ({'checkpoint': {'plan_id': fixtures.NOWHERE}, 'x': 1}, "'x'"),
])
def test_bad_bodies_are_refused(api, body, word):
    assert word in api.post(PATH, body, expect=400).text


def test_an_unknown_plan(api, other):
    body = {'checkpoint': {'plan_id': fixtures.NOWHERE}}
    api.post(PATH, body, expect=404)
    theirs = make_plan(other)
    api.post(PATH, {'checkpoint': {'plan_id': theirs['id']}}, expect=404)


def test_a_plan_of_another_provider(api):
    plan = make_plan(api, provider_id=fixtures.PROVIDER_2)
    answer = api.post(PATH, {'checkpoint': {'plan_id': plan['id']}},
                      expect=400)
    assert fixtures.PROVIDER_2 in answer.text


@pytest.mark.parametrize(('method', 'path', 'noun'), [
    ('GET', '/providers/x/checkpoints', 'provider'),
    ('POST', '/providers/x/checkpoints', 'provider'),
    ('GET', f'/providers/x/checkpoints/{fixtures.NOWHERE}', 'provider'),
    ('GET', f'{PATH}/x', 'checkpoint'), ('PUT', f'{PATH}/x', 'checkpoint'),
    ('DELETE', f'{PATH}/x', 'checkpoint')])
def test_ids_are_uuids(api, method, path, noun):
    answer = api.send(method, path, expect=400)
    assert answer.json['badRequest']['message'] == (
        f'Invalid {noun} id provided.')


def test_the_list_of_an_unknown_provider(api, protection):
    assert api.get(PATH).json == {'checkpoints': []}
    path = f'/providers/{fixtures.NOWHERE}/checkpoints'
    assert fixtures.NOWHERE in api.get(path, expect=404).text
    # nobody there to say whether there is one: the list is true all the same
    for error in (exception.NoAnswer(service='x', seconds=1),
                  exception.BusAway()):
        protection.error = error
        assert api.get(path).json == {'checkpoints': []}


def test_checkpoints_of_others_do_not_exist(api, other, admin, manager):
    made = make(api)
    path = f'{PATH}/{made["id"]}'
    other.get(path, expect=404)
    other.delete(path, expect=404)
    other.put(path, {'os-resetState': {'state': 'error'}}, expect=404)
    assert other.get(f'{PATH}?project_id={fixtures.PROJECT}&all_tenants=1',
                     ).json == {'checkpoints': []}
    make(other)
    assert len(admin.get(PATH).json['checkpoints']) == 1
    assert len(admin.get(f'{PATH}?all_tenants=true').json['checkpoints']) == 2


def test_another_provider_has_it_not(api):
    made = make(api)
    api.get(f'/providers/{fixtures.PROVIDER_2}/checkpoints/{made["id"]}',
            expect=404)


def test_filters(api):
    plan = make_plan(api)
    first, second = make(api, plan), make(api)
    fixtures.work()

    def ids(query):
        return {one['id'] for one
                in api.get(f'{PATH}?{query}').json['checkpoints']}

    assert ids(f'plan_id={plan["id"]}') == {first['id']}
    assert ids('status=available') == {first['id']}
    assert ids('unknown=5') == {first['id'], second['id']}
    day = datetime.datetime.now(datetime.UTC).date()
    before, after = (str(day + datetime.timedelta(days=n)) for n in (-1, 1))
    assert ids(f'start_date={day}&end_date={day}') == {first['id'],
                                                       second['id']}
    assert ids(f'end_date={before}') == set()
    assert ids(f'start_date={after}') == set()
    assert len(ids(f'start_date={before}&end_date={after}')) == 2
    assert len(ids('end_date=9999-12-31')) == 2


@pytest.mark.parametrize('text', ['x', '2026-13-01', '', '2026-11-22T00:00'])
def test_days_that_are_none(api, text):
    answer = api.get(f'{PATH}?end_date={text}', expect=400)
    assert 'end_date' in answer.text


def test_reset_state(manager):
    made = make(manager)
    path = f'{PATH}/{made["id"]}'
    answer = manager.put(path, {'os-resetState': {'state': 'error'}},
                         expect=400)
    assert 'protecting' in answer.text
    fixtures.work()
    assert manager.put(path, {'os-resetState': {'state': 'error'}},
                       ).json == {}
    assert manager.get(path).json['checkpoint']['status'] == 'error'
    manager.put(path, {'os-resetState': {'state': 'available'}})
    manager.put(path, {'os-resetState': {'state': 'available'}})
    assert manager.get(path).json['checkpoint']['status'] == 'available'


def test_what_was_never_complete_does_not_become_available(manager):
    path = f'{PATH}/{make(manager)["id"]}'
    fixtures.work('error', 'broken')
    answer = manager.put(path, {'os-resetState': {'state': 'available'}},
                         expect=400)
    assert 'never completed' in answer.text


@pytest.mark.parametrize('body', [
    {}, {'os-resetState': {}}, {'os-resetState': {'state': 'deleted'}},
    {'os-resetState': {'state': 'error', 'x': 1}}, {'state': 'error'}])
def test_bad_resets_are_refused(manager, body):
    made = make(manager)
    manager.put(f'{PATH}/{made["id"]}', body, expect=400)


def test_delete(manager):
    path = f'{PATH}/{make(manager)["id"]}'
    answer = manager.delete(path, expect=409)
    assert 'protecting' in answer.json['conflictingRequest']['message']
    fixtures.work()
    assert manager.delete(path).json == {}
    assert manager.get(path).json['checkpoint']['status'] == 'deleting'
    fixtures.work()
    manager.get(path, expect=404)


def test_what_is_being_restored_is_not_deleted(manager):
    made = make(manager)
    fixtures.work()
    manager.post('/restores', {'restore': {
        'provider_id': fixtures.PROVIDER, 'checkpoint_id': made['id'],
        'parameters': {}}})
    answer = manager.delete(f'{PATH}/{made["id"]}', expect=409)
    assert 'restore' in answer.text
    assert manager.get(f'{PATH}/{made["id"]}',
                       ).json['checkpoint']['status'] == 'available'


def test_the_quota(api, conf):
    conf.set_override('checkpoints', 1, 'quota')
    plan = make_plan(api)
    make(api, plan)
    answer = api.post(PATH, {'checkpoint': {'plan_id': plan['id']}},
                      expect=413)
    assert 'Maximum number of checkpoints allowed (1)' in answer.text
    # neither a row nor work is left of what was refused
    assert len(api.get(PATH).json['checkpoints']) == 1
    assert len(api.get('/operation_logs').json['operation_logs']) == 1


def test_a_list_costs_the_same_number_of_statements(api):
    plan = make_plan(api)
    make(api, plan)
    with fixtures.Statements() as one:
        assert len(api.get(PATH).json['checkpoints']) == 1
    for _number in range(49):
        make(api, plan)
    with fixtures.Statements() as fifty:
        assert len(api.get(PATH).json['checkpoints']) == 50
    assert one.count == fifty.count > 0


def test_from_1_1_on_it_is_exact(api):
    plan, new = make_plan(api), api.at('1.1')
    answer = new.post(PATH, {'checkpoint': {
        'plan_id': plan['id'], 'extra_info': {'k': 'v'}}}, expect=202)
    made = answer.json['checkpoint']
    assert answer.headers['Location'].endswith(f'{PATH}/{made["id"]}')
    assert made['extra_info'] == {'k': 'v', 'created_by': 'manual'}
    assert (made['origin'], made['size'], made['resource_graph']) == (
        'manual', None, None)
    assert (made['plan_id'], made['provider_id']) == (
        plan['id'], fixtures.PROVIDER)
    fixtures.work(resources=[OperationResource(0, fixtures.THING, 't', 'n')])
    [listed] = new.get(PATH).json['checkpoints']
    assert listed['resource_graph'] == [
        {'0x0': [fixtures.THING, 'thing-1', 'n1', None]}, []]
    assert listed['created_at'] == made['created_at'] < listed['updated_at']
    shown = new.get(f'{PATH}/{made["id"]}').json['checkpoint']
    [resource] = shown.pop('resources')
    assert shown == listed
    assert (resource['id'], resource['status']) == ('t', 'undefined')


def test_extra_info_is_spelled_in_one_way(api):
    body = {'plan_id': make_plan(api)['id'], 'extra-info': {'k': 'v'}}
    new = api.at('1.1')
    made = new.post(PATH, {'checkpoint': body}, expect=202)
    assert made.json['checkpoint']['extra_info']['k'] == 'v'
    answer = new.post(PATH, {'checkpoint': {**body, 'extra_info': {}}},
                      expect=400)
    assert 'not both' in answer.text


def test_what_was_imported_has_no_resources_to_show(api):
    plan = make_plan(api)
    with session.writer(context.system()) as writer:
        checkpoints.insert(writer, Checkpoint(
            id=fixtures.NOWHERE, project_id=fixtures.PROJECT,
            provider_id=fixtures.PROVIDER, plan_id=plan['id'], plan={},
            status='available', origin='manual',
            created_at=datetime.datetime.now(datetime.UTC)))
    shown = api.at('1.1').get(f'{PATH}/{fixtures.NOWHERE}').json
    assert shown['checkpoint']['resources'] is None


def test_codes_from_1_1_on(manager):
    made = make(manager)
    fixtures.work()
    path, new = f'{PATH}/{made["id"]}', manager.at('1.1')
    for state in ('error', 'available'):
        answer = new.put(path, {'os-resetState': {'state': state}},
                         expect=204)
        assert answer.body == b''
    assert new.delete(path, expect=202).body == b''
    answer = new.get(f'{PATH}?nonsense=1', expect=400)
    assert 'nonsense' in answer.text
    assert 'status' in new.get(f'{PATH}?status=x', expect=400).text


def test_showing_it_costs_the_same_number_of_statements(api):
    made, new = make(api), api.at('1.1')
    path = f'{PATH}/{made["id"]}'
    with fixtures.Statements() as none:
        new.get(path)
    fixtures.work(resources=[
        OperationResource(number, fixtures.THING, str(number), 'n')
        for number in range(200)])
    with fixtures.Statements() as many:
        shown = new.get(path).json['checkpoint']
    assert len(shown['resources']) == 200
    assert many.count == none.count > 0


def test_v1_may_sort_by_a_name_that_checkpoints_have_not(api):
    plan = make_plan(api)
    ids = [make(api, plan)['id'] for _number in range(3)]
    for query in ('sort=name:asc', 'sort_key=name&sort_dir=asc',
                  'sort=name:asc,created_at:desc'):
        assert [one['id'] for one
                in api.get(f'{PATH}?{query}').json['checkpoints']] == ids
    body = api.get(f'{PATH}?sort=name:asc&limit=2').json
    link, = body['checkpoints_links']
    rest = api.raw('GET', link['href'].removeprefix('http://localhost')).json
    assert [one['id'] for one in rest['checkpoints']] == ids[2:]
    api.get(f'{PATH}?sort=name', expect=400, headers={
        'OpenStack-API-Version': 'data-protect 1.1'})


def test_what_is_being_made_is_cancelled_and_deleted_from_1_2_on(manager):
    path = f'{PATH}/{make(manager)["id"]}'
    assert fixtures.work(None).type == 'protect'
    manager.at('1.1').delete(path, expect=409)
    answer = manager.at('1.2').delete(path, expect=202)
    assert answer.body == b''
    assert manager.get(path).json['checkpoint']['status'] == 'deleting'
    told = {one['type']: one for one in manager.at('1.2').get(
        '/operations').json['operations']}
    assert told['protect']['cancel_requested_at'] is not None
    assert told['delete']['waiting']['position'] == 1
