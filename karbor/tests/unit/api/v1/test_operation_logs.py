# SPDX-License-Identifier: Apache-2.0
import datetime
import json

import pytest

from karbor import context
from karbor.api.views import operations as views
from karbor.db import operations
from karbor.model.operation import OperationResource
from karbor.tests import fixtures

FIELDS = {'id', 'operation_type', 'checkpoint_id', 'plan_id', 'provider_id',
          'restore_id', 'scheduled_operation_id', 'status', 'started_at',
          'ended_at', 'error_info', 'extra_info'}


@pytest.fixture
def plan_id(api):
    return api.post('/plans', fixtures.plan_body()).json['plan']['id']


def protect(api, plan_id):
    return api.post(f'/providers/{fixtures.PROVIDER}/checkpoints',
                    {'checkpoint': {'plan_id': plan_id}},
                    ).json['checkpoint']['id']


def logs(api, query=''):
    return api.get(f'/operation_logs{query}').json['operation_logs']


def test_a_log_has_the_fields_of_the_contract(api, plan_id):
    checkpoint_id = protect(api, plan_id)
    log, = logs(api)
    assert set(log) == FIELDS
    assert log['operation_type'] == 'protect'
    assert log['checkpoint_id'] == checkpoint_id
    assert log['plan_id'] == plan_id
    assert log['provider_id'] == fixtures.PROVIDER
    assert log['status'] == 'protecting'
    assert {log[key] for key in ('restore_id', 'scheduled_operation_id',
                                 'started_at', 'ended_at', 'error_info')
            } == {None}
    assert api.get(f'/operation_logs/{log["id"]}').json == {
        'operation_log': log}


def test_times_and_reasons(api, plan_id):
    protect(api, plan_id)
    fixtures.work('error', 'the disk is full')
    log, = logs(api)
    assert log['status'] == 'error'
    assert log['error_info'] == 'the disk is full'
    for key in ('started_at', 'ended_at'):
        datetime.datetime.strptime(log[key], '%Y-%m-%dT%H:%M:%S.%f')


def test_progress(api, plan_id):
    protect(api, plan_id)
    operation = fixtures.work(None, resources=[
        OperationResource(0, fixtures.THING, 't', 'n', bytes_total=10)])
    operations.journal(context.system(), operation, [
        {'position': 0, 'status': 'running', 'fraction': 0.5,
         'bytes_done': 5, 'reason': 'slow'}],
        {'fraction': 0.25, 'bytes_done': 5, 'bytes_total': 10})
    log, = logs(api)
    assert json.loads(log['extra_info']) == {
        'progress': 0.25, 'bytes_done': 5, 'bytes_total': 10,
        'resources_count': 1,
        'resources': [{
            'type': fixtures.THING, 'id': 't', 'name': 'n',
            'status': 'protecting', 'progress': 0.5, 'bytes_done': 5,
            'bytes_total': 10, 'reason': 'slow'}]}


def test_a_list_shows_so_many_resources_and_says_how_many_there_are(
        api, plan_id):
    protect(api, plan_id)
    fixtures.work(resources=[
        OperationResource(number, fixtures.THING, str(number), 'n')
        for number in range(views.LISTED + 1)])
    log, = logs(api)
    info = json.loads(log['extra_info'])
    assert len(info['resources']) == views.LISTED
    assert info['resources_count'] == views.LISTED + 1
    shown = api.get(f'/operation_logs/{log["id"]}').json['operation_log']
    assert len(json.loads(shown['extra_info'])['resources']) == (
        views.LISTED + 1)


def test_filters(api, admin, plan_id):
    first, second = protect(api, plan_id), protect(api, plan_id)
    fixtures.work()
    fixtures.work('error')
    restore = api.post('/restores', {'restore': {
        'provider_id': fixtures.PROVIDER, 'checkpoint_id': first,
        'parameters': {}}}).json['restore']['id']

    def found(who, query):
        return {(log['operation_type'], log['checkpoint_id'])
                for log in logs(who, query)}

    p1, p2, r = (('protect', first), ('protect', second), ('restore', first))
    assert found(api, '') == {p1, p2, r}
    assert found(api, f'?checkpoint_id={first}') == {p1, r}
    assert found(api, f'?plan_id={plan_id}') == {p1, p2, r}
    assert found(api, '?plan_id=None') == set()
    assert found(api, f'?restore_id={restore}') == {r}
    assert found(api, f'?restore_id={first}') == set()
    assert found(api, '?status=available') == {p1}
    assert found(api, '?status=error') == {p2}
    assert found(api, '?status=in_progress') == {r}
    assert found(api, '?status=no_word') == set()
    assert found(api, '?status=None') == set()
    assert found(api, '?operation_type=restore') == {p1, p2, r}
    assert found(admin, '?operation_type=restore') == {r}
    assert found(admin, f'?operation_type=protect&restore_id={restore}',
                 ) == set()
    assert found(admin, '?nonsense=5') == {p1, p2, r}


def test_ids(api, other, plan_id):
    answer = api.get('/operation_logs/x', expect=400)
    assert 'Invalid operation_log id provided.' in answer.text
    api.get(f'/operation_logs/{fixtures.NOWHERE}', expect=404)
    protect(api, plan_id)
    log, = logs(api)
    other.get(f'/operation_logs/{log["id"]}', expect=404)
    assert logs(other) == []


def test_a_list_costs_the_same_number_of_statements(api, plan_id):
    protect(api, plan_id)
    with fixtures.Statements() as one:
        assert len(logs(api)) == 1
    for _number in range(49):
        protect(api, plan_id)
    with fixtures.Statements() as fifty:
        assert len(logs(api)) == 50
    assert one.count == fifty.count > 0


def test_from_1_1_on_it_needs_no_text_of_json(api, plan_id):
    protect(api, plan_id)
    fixtures.work('error', 'the disk is full', [
        OperationResource(0, fixtures.THING, 't', 'n')])
    new = api.at('1.1')
    [listed] = new.get('/operation_logs').json['operation_logs']
    assert (listed['status'], listed['reason']) == (
        'error', 'the disk is full')
    assert listed['resources_count'] == 1
    assert not {'resources', 'extra_info', 'error_info'} & set(listed)
    assert listed['ended_at'].endswith('Z')
    shown = new.get(f'/operation_logs/{listed["id"]}').json['operation_log']
    assert [one['id'] for one in shown.pop('resources')] == ['t']
    assert shown == listed
    answer = new.get('/operation_logs?status=no_word', expect=400)
    assert 'in_progress' in answer.text
