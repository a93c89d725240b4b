# SPDX-License-Identifier: Apache-2.0
import pytest

from karbor import context
from karbor.db import operations
from karbor.db import services
from karbor.model.operation import OperationResource
from karbor.tests import fixtures

CHECKPOINTS = f'/providers/{fixtures.PROVIDER}/checkpoints'


@pytest.fixture
def new(api):
    """A member who speaks 1.1."""
    return api.at('1.1')


@pytest.fixture
def plan_id(api):
    return api.post('/plans', fixtures.plan_body()).json['plan']['id']


def protect(api, plan_id):
    """The operation that makes a checkpoint."""
    made = api.post(CHECKPOINTS, {'checkpoint': {'plan_id': plan_id}})
    checkpoint_id = made.json['checkpoint']['id']
    found, = api.at('1.1').get(
        f'/operations?checkpoint_id={checkpoint_id}').json['operations']
    return found


def test_an_operation_as_it_is(new, api, plan_id):
    made = protect(api, plan_id)
    assert (made['type'], made['status'], made['plan_id']) == (
        'protect', 'queued', plan_id)
    assert (made['user_id'], made['project_id']) == ('u', fixtures.PROJECT)
    fixtures.work('error', 'the disk is full', [
        OperationResource(0, fixtures.THING, 't', 'n')])
    [listed] = new.get('/operations').json['operations']
    assert (listed['status'], listed['reason']) == (
        'error', 'the disk is full')
    assert (listed['resources_count'], listed['attempt']) == (1, 1)
    assert 'resources' not in listed
    shown = new.get(f'/operations/{made["id"]}').json['operation']
    assert shown == {**listed, 'resources': [{
        'type': fixtures.THING, 'id': 't', 'name': 'n',
        'status': 'undefined', 'fraction': 0, 'bytes_done': 0,
        'bytes_total': 0, 'reason': None, 'new_id': None}]}
    assert shown['created_at'] < shown['started_at'] < shown['ended_at']


def test_before_1_1_there_are_none(api, plan_id):
    made = protect(api, plan_id)
    for method, path in (('GET', ''), ('GET', f'/{made["id"]}'),
                         ('POST', f'/{made["id"]}/cancel')):
        api.send(method, f'/operations{path}', expect=404)


def test_filters(new, api, admin, plan_id):
    first, second = protect(api, plan_id), protect(api, plan_id)
    fixtures.work()

    def found(query, who=new):
        return {one['id'] for one in who.get(
            f'/operations?{query}').json['operations']}

    both = {first['id'], second['id']}
    assert found('') == found('type=protect') == both
    assert found('status=success') == {first['id']}
    assert found('status=queued') == {second['id']}
    assert found('type=restore') == set()
    assert found(f'plan_id={plan_id}') == both
    assert found(f'checkpoint_id={second["checkpoint_id"]}') == {
        second['id']}
    assert found(f'provider_id={fixtures.PROVIDER_2}') == set()
    assert found(f'id={first["id"]}', admin.at('1.1')) == {first['id']}


@pytest.mark.parametrize(('query', 'word'), [
    ('status=protecting', 'status'), ('type=x', 'type'),
    ('nonsense=1', 'nonsense'), ('sort=reason', 'sort'),
    (f'project_id={fixtures.PROJECT}', 'project_id')])
def test_what_is_not_known_is_refused(new, query, word):
    answer = new.get(f'/operations?{query}', expect=400)
    assert word in answer.json['badRequest']['message']


def test_sorting_and_paging(new, api, plan_id):
    ids = [protect(api, plan_id)['id'] for _number in range(3)]
    page = new.get('/operations?limit=2&sort=created_at:asc').json
    assert [one['id'] for one in page['operations']] == ids[:2]
    link, = page['operations_links']
    rest = new.raw('GET', link['href'].removeprefix('http://localhost'))
    assert [one['id'] for one in rest.json['operations']] == ids[2:]


def test_ids(new, other, api, plan_id):
    for method, path in (('GET', ''), ('POST', '/cancel')):
        answer = new.send(method, f'/operations/x{path}', expect=400)
        assert 'Invalid operation id provided.' in answer.text
        new.send(method, f'/operations/{fixtures.NOWHERE}{path}', expect=404)
        made = protect(api, plan_id)
        other.at('1.1').send(method, f'/operations/{made["id"]}{path}',
                             expect=404)
    assert other.at('1.1').get('/operations').json == {'operations': []}
    assert new.get('/operations?status=cancelled').json == {'operations': []}


def test_what_waits_is_cancelled_at_once(new, api, protection, plan_id):
    made = protect(api, plan_id)
    answer = new.post(f'/operations/{made["id"]}/cancel', expect=202)
    cancelled = answer.json['operation']
    assert (cancelled['status'], cancelled['reason']) == (
        'cancelled', 'Cancelled by u.')
    assert cancelled['ended_at'] == cancelled['cancel_requested_at']
    assert protection.cancels == []
    path = f'{CHECKPOINTS}/{made["checkpoint_id"]}'
    checkpoint = new.get(path).json['checkpoint']
    assert (checkpoint['status'], checkpoint['status_reason']) == (
        'error', 'Cancelled by u.')
    # in the words of the contract
    assert api.get(path).json['checkpoint']['status'] == 'error'
    log = api.get(f'/operation_logs/{made["id"]}').json['operation_log']
    assert (log['status'], log['error_info']) == ('error', 'Cancelled by u.')
    answer = new.post(f'/operations/{made["id"]}/cancel', expect=409)
    assert answer.json['conflictingRequest']['message'] == (
        f'Operation {made["id"]} is cancelled; only one that is queued or '
        'running can be cancelled.')


def test_what_runs_is_asked_to_end(new, api, protection, plan_id):
    made = protect(api, plan_id)
    held = fixtures.work(None)
    for _time in range(2):
        answer = new.post(f'/operations/{made["id"]}/cancel', expect=202)
        assert answer.json['operation']['status'] == 'running'
    assert protection.cancels == [made['id']] * 2
    system = context.system()
    assert operations.heartbeat(system, held.owner, [held.id], 9) == {
        held.id: 'u'}


def test_a_bus_that_is_away_fails_no_wish(new, api, protection, plan_id,
                                          monkeypatch):
    def cancel(context, operation_id):
        raise OSError('no bus')

    monkeypatch.setattr(protection, 'cancel', cancel)
    made = protect(api, plan_id)
    fixtures.work(None)
    new.post(f'/operations/{made["id"]}/cancel', expect=202)


def test_the_deletion_is_a_managers_to_cancel(new, api, manager, plan_id):
    """Who may not ask for it may not take it back."""
    made = protect(api, plan_id)
    fixtures.work()
    manager.delete(f'{CHECKPOINTS}/{made["checkpoint_id"]}')
    [deletion] = new.get('/operations?type=delete').json['operations']
    path = f'/operations/{deletion["id"]}/cancel'
    answer = new.post(path, expect=403)
    assert 'provider:checkpoint_delete' in answer.text
    manager.at('1.1').post(path, expect=202)
    checkpoint = new.get(f'{CHECKPOINTS}/{made["checkpoint_id"]}').json
    # nobody had begun, so nothing is lost
    assert checkpoint['checkpoint']['status'] == 'available'


def test_each_call_costs_the_same_number_of_statements(new, api, plan_id):
    made = protect(api, plan_id)
    fixtures.work(None, resources=[OperationResource(0, 'T', 'i', 'n')])
    calls = [lambda: new.get('/operations'),
             lambda: new.get(f'/operations/{made["id"]}'),
             lambda: new.post(f'/operations/{made["id"]}/cancel',
                              expect=202)]
    # the first wish is written, and the others are not
    calls[-1]()
    before = [_count(call) for call in calls]
    operations.begin(
        context.system(), operations.get(context.system(), made['id']),
        [OperationResource(number, 'T', str(number), 'n')
         for number in range(1, 300)])
    for _number in range(20):
        protect(api, plan_id)
    assert [_count(call) for call in calls] == before
    shown = new.get(f'/operations/{made["id"]}').json['operation']
    assert len(shown['resources']) == shown['resources_count'] == 300
    assert len(new.get('/operations').json['operations']) == 21


def _count(call):
    with fixtures.Statements() as statements:
        call()
    assert statements.count > 0
    return statements.count


def test_what_waits_says_so_from_1_2_on(new, api, plan_id):
    newer = api.at('1.2')
    first, second = protect(api, plan_id), protect(api, plan_id)
    assert 'waiting' not in first
    path = f'/operations/{second["id"]}'
    assert newer.get(path).json['operation']['waiting'] == {
        'position': 2,
        'reason': 'waiting for a worker: no karbor-protection is up'}
    fixtures.work(None)
    services.heartbeat(context.system(), 'h', 'karbor-protection')
    told = {one['id']: one['waiting'] for one
            in newer.get('/operations').json['operations']}
    assert told == {first['id']: None, second['id']: {
        'position': 1,
        'reason': f'waiting until operation {first["id"]} (protect) ends'}}
    answer = newer.post(f'{path}/cancel', expect=202)
    assert answer.json['operation']['waiting'] is None
