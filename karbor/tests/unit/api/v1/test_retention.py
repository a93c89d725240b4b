# SPDX-License-Identifier: Apache-2.0
import pytest

from karbor.tests import fixtures
from karbor.tests.fixtures import NOWHERE
from karbor.tests.fixtures import PROVIDER
from karbor.tests.fixtures import PROVIDER_2

CHECKPOINTS = f'/providers/{PROVIDER}/checkpoints'


@pytest.fixture
def new(api):
    """A member who speaks 1.2."""
    return api.at('1.2')


@pytest.fixture
def plan_id(api):
    return api.post('/plans', fixtures.plan_body()).json['plan']['id']


@pytest.fixture
def bind(manager, plan_id):
    new = manager.at('1.2')

    def make(**members):
        trigger = new.post('/triggers', fixtures.trigger_body(
            {'start_time': '2026-11-22T18:20:00Z'}), expect=201).json[
                'trigger_info']['id']
        body = fixtures.scheduled_operation_body(trigger, plan_id, members)
        body['scheduled_operation']['operation_type'] = 'retention_protect'
        return new.post('/scheduled_operations', body, expect=201).json[
            'scheduled_operation']['id']
    return make


@pytest.fixture
def three(api, plan_id):
    """Ids of three checkpoints, oldest first."""
    ids = []
    for _number in range(3):
        ids.append(api.post(CHECKPOINTS, {'checkpoint': {
            'plan_id': plan_id}}).json['checkpoint']['id'])
        fixtures.work()
    return ids


def actions(answer):
    return [(one['id'], one['action'])
            for one in answer.json['retention']['checkpoints']]


def test_what_an_operation_keeps(new, bind, plan_id, three):
    operation = bind(max_backups=2)
    answer = new.get(f'/scheduled_operations/{operation}/retention')
    assert actions(answer) == [(three[2], 'keep'), (three[1], 'keep'),
                               (three[0], 'delete')]
    shown = answer.json['retention']
    assert shown['checkpoints'][2]['reason'] == (
        'It expires: it is number 3 and 2 are kept.')
    assert (shown['plan_id'], shown['provider_id']) == (plan_id, PROVIDER)
    assert shown['reason'] == ('Plan my plan is suspended; nothing expires '
                               'until it is started.')
    new.post(f'/plans/{plan_id}/start')
    again = new.get(f'/scheduled_operations/{operation}/retention')
    assert again.json['retention'] == {**shown, 'reason': None}
    assert shown['next_sweep_at'] is not None


def test_one_that_is_no_retention_keeps_all(new, api, plan_id, three):
    trigger = api.post('/triggers', fixtures.trigger_body()).json[
        'trigger_info']['id']
    operation = api.post(
        '/scheduled_operations', fixtures.scheduled_operation_body(
            trigger, plan_id)).json['scheduled_operation']['id']
    answer = new.get(f'/scheduled_operations/{operation}/retention')
    assert actions(answer) == [(id_, 'keep') for id_ in three[::-1]]
    assert answer.json['retention']['next_sweep_at'] is None


def test_a_rule_is_tried_out(new, bind, plan_id, three):
    path = f'/plans/{plan_id}/retention'
    answer = new.post(path, {'retention': {'max_backups': 1}})
    assert actions(answer) == [(three[2], 'keep'), (three[1], 'delete'),
                               (three[0], 'delete')]
    assert answer.json['retention']['provider_id'] == PROVIDER
    operation = bind(max_backups=2)
    beside = new.post(path, {'retention': {'max_backups': 1}})
    assert actions(beside)[1] == (three[1], 'keep')
    assert operation in beside.json['retention']['checkpoints'][1]['reason']
    instead = new.post(path, {'retention': {
        'max_backups': 1, 'instead_of': operation}})
    assert actions(instead) == actions(answer)
    assert actions(new.post(path, {'retention': {
        'keep': {'yearly': 2}, 'provider_id': PROVIDER_2,
        'timezone': 'Asia/Tokyo'}})) == []
    assert actions(new.post(path, {'retention': {}})) == [
        (id_, 'keep') for id_ in three[::-1]]


@pytest.mark.parametrize(('members', 'said'), [
    ({'max_backups': 0}, 'retention.max_backups'),
    ({'max_backups': '2'}, 'retention.max_backups'),
    ({'retention_duration': -2}, 'how many days'),
    ({'retention_duration': 10 ** 9}, 'retention.retention_duration'),
    ({'max_age': 0}, 'how many seconds'),
    ({'max_age': 1, 'retention_duration': 1}, 'retention.max_age'),
    ({'keep': {}}, 'retention.keep'), ({'keep': {'dayly': 1}}, 'dayly'),
    ({'keep': {'daily': 0}}, 'daily'),
    ({'keep': {'daily': 1}, 'max_backups': -1}, 'retention.max_backups'),
    ({'timezone': 'Mars/Olympus'}, 'retention.timezone'),
    ({'timezone': 1}, 'retention.timezone'),
    ({'provider_id': 'x'}, 'retention.provider_id'),
    ({'instead_of': NOWHERE}, 'retention.instead_of'),
    ({'plan_id': NOWHERE}, 'plan_id')])
def test_a_rule_that_is_none(new, plan_id, members, said):
    answer = new.post(f'/plans/{plan_id}/retention', {'retention': members},
                      expect=400)
    assert said in answer.json['badRequest']['message']


def test_what_is_not_there(new, other, bind, plan_id):
    operation = bind(max_backups=2)
    stranger = other.at('1.2')
    for who, id_ in ((new, NOWHERE), (stranger, operation)):
        who.get(f'/scheduled_operations/{id_}/retention', expect=404)
    for who, id_ in ((new, NOWHERE), (stranger, plan_id)):
        who.post(f'/plans/{id_}/retention', {'retention': {}}, expect=404)
    new.get('/scheduled_operations/x/retention', expect=400)
    new.post('/plans/x/retention', {'retention': {}}, expect=400)


def test_before_1_2_there_is_none(api, bind, plan_id):
    operation = bind(max_backups=2)
    for version in ('1.0', '1.1'):
        old = api.at(version)
        old.get(f'/scheduled_operations/{operation}/retention', expect=404)
        old.post(f'/plans/{plan_id}/retention', {'retention': {}},
                 expect=404)


def test_nothing_is_changed(new, bind, plan_id, three):
    operation = bind(max_backups=1)
    before = new.get(CHECKPOINTS).json, new.get('/operations').json
    new.get(f'/scheduled_operations/{operation}/retention')
    new.post(f'/plans/{plan_id}/retention', {'retention': {
        'max_backups': 1}})
    assert (new.get(CHECKPOINTS).json, new.get('/operations').json) == before
