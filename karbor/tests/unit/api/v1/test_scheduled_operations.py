# SPDX-License-Identifier: Apache-2.0
import json
import urllib.parse

import pytest
import sqlalchemy as sa

from karbor import context
from karbor.db import models
from karbor.db import session
from karbor.tests import fixtures
from karbor.tests.fixtures import plan_body
from karbor.tests.fixtures import trigger_body

V1_1 = {'OpenStack-API-Version': 'data-protect 1.1'}
PATH = '/scheduled_operations'


@pytest.fixture
def bound(api):
    """What an operation is bound to: a trigger and the plan."""
    return two(api)


def two(api):
    trigger = api.post('/triggers', trigger_body()).json['trigger_info']
    plan = api.post('/plans', plan_body()).json['plan']
    return trigger['id'], plan['id']


def body(bound, definition=None, **changes):
    wanted = fixtures.scheduled_operation_body(*bound, definition)
    wanted['scheduled_operation'].update(changes)
    return wanted


def make(api, bound, definition=None, **changes):
    return api.post(PATH, body(bound, definition, **changes),
                    ).json['scheduled_operation']


def refused(answer):
    return answer.json['badRequest']['message']


def test_an_operation_has_the_fields_of_the_contract(api, bound):
    made = make(api, bound, description='words')
    assert made == {
        'id': made['id'], 'name': 'keep it', 'description': 'words',
        'operation_type': 'protect', 'trigger_id': bound[0],
        'operation_definition': {'provider_id': fixtures.PROVIDER,
                                 'plan_id': bound[1]}, 'enabled': True}
    path = f'{PATH}/{made["id"]}'
    assert api.get(path).json == {'scheduled_operation': made}
    assert api.get(PATH).json == {'operations': [made]}
    assert api.delete(path).body == b''
    assert 'Scheduled operation' in api.get(path, expect=404).text
    api.delete(path, expect=404)


def test_numbers_may_be_the_texts_of_a_shell(manager, bound):
    made = make(manager, bound, {
        'max_backups': '3', 'retention_duration': '-1'},
        operation_type='retention_protect')
    definition = made['operation_definition']
    assert definition['max_backups'] == 3
    assert definition['retention_duration'] == -1


def test_limits_are_for_who_may_delete(api, bound):
    answer = api.post(PATH, body(bound, {'max_backups': 3},
                                 operation_type='retention_protect'),
                      expect=403)
    message = answer.json['forbidden']['message']
    for word in ('operation_definition', 'provider:checkpoint_delete'):
        assert word in message
    assert api.get(PATH).json == {'operations': []}


@pytest.mark.parametrize('name', ['max_backups', 'retention_duration'])
@pytest.mark.parametrize('value', [0, -2, '0', '-2', 'many', '\u0663', 1.5,
                                   True, None, 2 ** 40, '9' * 5000])
def test_a_retention_is_a_number(api, bound, name, value):
    answer = api.post(PATH, body(bound, {name: value},
                                 operation_type='retention_protect'),
                      expect=400)
    assert f'operation_definition.{name}' in refused(answer)
    assert '-1 for all' in refused(answer)


@pytest.mark.parametrize(('changes', 'words'), [
    ({'name': ' '}, ['scheduled_operation.name']),
    ({'operation_type': 'dance'}, ['operation_type',
                                   'protect, retention_protect', 'dance']),
    ({'operation_type': 5}, ['scheduled_operation.operation_type']),
    ({'trigger_id': 'x'}, ['scheduled_operation.trigger_id', 'UUID']),
    ({'operation_definition': {}}, ["'provider_id' is a required"]),
    ({'operation_definition': []}, ['operation_definition', 'object']),
    ({'description': 'a' * 256}, ['description', '255']),
    ({'enabled': False}, ['enabled']),
])
def test_bad_operations_are_refused(api, bound, changes, words):
    message = refused(api.post(PATH, body(bound, **changes), expect=400))
    assert all(word in message for word in words), message
    assert api.get(PATH).json == {'operations': []}


@pytest.mark.parametrize('key', ['operation_type', 'trigger_id',
                                 'operation_definition'])
def test_what_an_operation_must_have(api, bound, key):
    wanted = body(bound)
    del wanted['scheduled_operation'][key]
    assert f"'{key}' is a required" in refused(
        api.post(PATH, wanted, expect=400))


def test_an_operation_must_have_a_name(api, bound):
    wanted = body(bound)
    del wanted['scheduled_operation']['name']
    assert refused(api.post(PATH, wanted, expect=400)) == (
        'Operation name or type or definition is not provided.')


def test_it_is_bound_to_what_is_there(api, bound):
    answer = api.post(PATH, body((fixtures.NOWHERE, bound[1])), expect=404)
    assert 'Trigger' in answer.text
    answer = api.post(PATH, body((bound[0], fixtures.NOWHERE)), expect=404)
    assert 'Plan' in answer.text
    answer = api.post(PATH, body(
        bound, {'provider_id': fixtures.PROVIDER_2}), expect=400)
    assert 'uses provider' in refused(answer)


def test_it_is_bound_to_what_is_the_projects(api, other, admin, bound):
    """An administrator sees what others have, and does not mix it up."""
    theirs = two(other)
    for who in (api, admin):
        who.post(PATH, body((theirs[0], bound[1])), expect=404)
        who.post(PATH, body((bound[0], theirs[1])), expect=404)
    make(admin, bound)


def test_a_trigger_in_use_stays(api, bound):
    made = make(api, bound)
    answer = api.delete(f'/triggers/{bound[0]}', expect=424)
    assert answer.json == {'computeFault': {
        'code': 424,
        'message': 'Trigger is being used by one or more operations'}}
    api.get(f'/triggers/{bound[0]}')
    api.delete(f'{PATH}/{made["id"]}')
    api.delete(f'/triggers/{bound[0]}')


def test_a_plan_in_use_stays_from_1_1_on(api, bound):
    made = make(api, bound)
    path = f'/plans/{bound[1]}'
    answer = api.delete(path, headers=V1_1, expect=409)
    assert made['id'] in answer.json['conflictingRequest']['message']
    assert api.get(path).json['plan']['resources']
    # at 1.0 it goes all the same, and the operation stays
    api.delete(path)
    assert api.get(f'{PATH}/{made["id"]}').json == {
        'scheduled_operation': made}


def test_operations_of_others_do_not_exist(api, other, admin, bound):
    path = f'{PATH}/{make(api, bound)["id"]}'
    other.get(path, expect=404)
    other.delete(path, expect=404)
    assert other.get(f'{PATH}?all_tenants=1').json == {'operations': []}
    assert len(admin.get(f'{PATH}?project_id={fixtures.PROJECT}').json[
        'operations']) == 1
    admin.get(path)


@pytest.mark.parametrize('method', ['get', 'delete'])
def test_ids_are_uuids(api, method):
    answer = getattr(api, method)(f'{PATH}/new', expect=400)
    assert refused(answer) == 'Invalid operation id provided.'


def test_filters_and_links(api, manager, bound):
    first = make(api, bound, name='a')
    make(manager, bound, {'max_backups': 2}, name='b',
         operation_type='retention_protect')

    def found(**query):
        return api.get(f'{PATH}?{urllib.parse.urlencode(query)}').json

    def names(**query):
        return [one['name'] for one in found(**query)['operations']]

    assert names(name='a') == ['a']
    assert names(operation_type='retention_protect') == ['b']
    assert names(trigger_id=bound[0], sort='name:asc') == ['a', 'b']
    assert names(trigger_id=fixtures.NOWHERE) == []
    assert names(operation_definition=json.dumps(
        first['operation_definition'])) == ['a']
    assert names(operation_definition='{}') == []
    [link] = found(limit=1)['operations_links']
    assert f'{PATH}?limit=1&marker=' in link['href']


def test_at_1_0_a_definition_may_hold_anything(api, bound):
    made = make(api, bound, {'colour': {'deep': [1, None]}})
    assert made['operation_definition']['colour'] == {'deep': [1, None]}
    answer = api.post(PATH, body(bound, {'big': 'x' * 70_000}), expect=400)
    assert '65536' in refused(answer)


def test_from_1_1_on(api, bound):
    answer = api.post(PATH, body(bound, {'max_backup': 1},
                                 operation_type='retention_protect'),
                      headers=V1_1, expect=400)
    assert 'max_backups, retention_duration' in refused(answer)
    answer = api.post(PATH, body(bound), headers=V1_1, expect=201)
    made = answer.json['scheduled_operation']
    assert answer.headers['Location'].endswith(f'{PATH}/{made["id"]}')
    assert (made['project_id'], made['user_id'], made['updated_at']) == (
        fixtures.PROJECT, 'u', None)
    path = f'{PATH}/{made["id"]}'
    assert api.get(path, headers=V1_1).json['scheduled_operation'] == made
    api.get(f'{PATH}?enabled=1', headers=V1_1, expect=400)
    api.delete(path, headers=V1_1, expect=204)


@pytest.mark.parametrize('headers', [{}, V1_1])
def test_what_came_later_is_refused(api, bound, headers):
    """Stored for a version that does not know it, it would mean something."""
    def message(type_, **members):
        return refused(api.post(PATH, body(bound, members,
                                           operation_type=type_),
                                headers=headers, expect=400))
    assert 'one of protect, retention_protect, not verify' in message('verify')
    for name, value in (('max_age', 60), ('keep', {'daily': 1}),
                        ('timezone', 'UTC')):
        assert f'operation_definition.{name}: ' in message(
            'retention_protect', **{name: value})
    assert api.get(PATH).json == {'operations': []}


def test_what_another_release_has_made_is_shown(api, bound):
    made = make(api, bound)
    with session.writer(context.system()) as writer:
        writer.execute(sa.update(models.ScheduledOperation).values(
            operation_type='teleport', operation_definition={'to': 'Mars'}))
    shown = {**made, 'operation_type': 'teleport',
             'operation_definition': {'to': 'Mars'}}
    assert api.get(PATH).json == {'operations': [shown]}
    assert api.get(f'{PATH}?operation_type=teleport').json == {
        'operations': [shown]}
    assert api.get(f'{PATH}/{made["id"]}').json == {
        'scheduled_operation': shown}
    api.delete(f'{PATH}/{made["id"]}')


def test_from_1_2_on_it_says_how_it_runs(api, bound):
    new = api.at('1.2')
    made = new.post(PATH, body(bound), expect=201).json['scheduled_operation']
    assert (made['overlap'], made['complete_within'], made['enabled']) == (
        'skip', None, True)
    path = f'{PATH}/{made["id"]}'
    changes = {'name': 'new', 'description': 'words', 'enabled': False,
               'overlap': 'queue', 'complete_within': 7200}
    changed = new.put(path, {'scheduled_operation': changes},
                      ).json['scheduled_operation']
    assert changed == {**made, **changes,
                       'updated_at': changed['updated_at']}
    assert changed['updated_at'] > made['created_at']
    assert new.get(path).json['scheduled_operation'] == changed
    assert new.get(PATH).json['operations'] == [changed]
    for name in changes:
        one = new.put(path, {'scheduled_operation': {name: made[name]}})
        assert one.json['scheduled_operation'][name] == made[name]
    # older versions neither show it nor take it
    for old in (api, api.at('1.1')):
        assert not {'overlap', 'complete_within'} & set(
            old.get(path).json['scheduled_operation'])
        old.put(path, {'scheduled_operation': changes}, expect=404)
        old.post(PATH, body(bound, overlap='queue'), expect=400)
        old.post(f'{path}/run', expect=404)
        old.get(f'{path}/runs', expect=404)


def test_it_is_made_as_it_is_to_be(api, bound):
    wanted = {'enabled': False, 'overlap': 'queue', 'complete_within': 600}
    made = api.at('1.2').post(PATH, body(bound, **wanted), expect=201,
                              ).json['scheduled_operation']
    assert {name: made[name] for name in wanted} == wanted


def test_a_change_to_another_trigger_and_plan(api, bound):
    made, (trigger, plan) = make(api, bound), two(api)
    definition = {'provider_id': fixtures.PROVIDER, 'plan_id': plan}
    changed = api.at('1.2').put(f'{PATH}/{made["id"]}', {
        'scheduled_operation': {'trigger_id': trigger,
                                'operation_definition': definition}},
    ).json['scheduled_operation']
    assert (changed['trigger_id'], changed['operation_definition']) == (
        trigger, definition)
    new = api.at('1.2')
    new.delete(f'/triggers/{bound[0]}', expect=204)
    new.delete(f'/plans/{bound[1]}', expect=204)
    new.delete(f'/plans/{plan}', expect=409)
    assert api.get(f'{PATH}?trigger_id={trigger}').json['operations']


@pytest.mark.parametrize(('changes', 'words'), [
    ({}, ['at least one of name, description', 'overlap']),
    ({'operation_type': 'protect'}, ['operation_type']),
    ({'name': None}, ['scheduled_operation.name']),
    ({'name': ' '}, ['scheduled_operation.name', 'not blank']),
    ({'enabled': 'yes'}, ['enabled', 'boolean']),
    ({'overlap': 'both'}, ['overlap', 'skip, queue']),
    ({'complete_within': '60'}, ['complete_within', 'seconds']),
    ({'complete_within': 59}, ['complete_within', '60 to 604800', '59']),
    ({'trigger_id': 'x'}, ['trigger_id', 'UUID']),
    ({'operation_definition': {'plan_id': fixtures.NOWHERE}},
     ["'provider_id' is a required"]),
    ({'user_id': 'me'}, ['user_id']),
    ({'retention_at': None}, ['retention_at'])])
def test_bad_changes_are_refused(api, bound, changes, words):
    new = api.at('1.2')
    path = f'{PATH}/{make(api, bound)["id"]}'
    before = new.get(path).json
    message = refused(new.put(path, {'scheduled_operation': changes},
                              expect=400))
    assert all(word in message for word in words), message
    assert new.get(path).json == before


def test_a_changed_definition_is_checked(manager, bound):
    made = make(manager, bound, {'max_backups': 3},
                operation_type='retention_protect')
    path, new = f'{PATH}/{made["id"]}', manager.at('1.2')

    def change(expect=200, **members):
        return new.put(path, {'scheduled_operation': {
            'operation_definition': {
                'provider_id': fixtures.PROVIDER, 'plan_id': bound[1],
                **members}}}, expect=expect)

    assert change(max_backups='5').json['scheduled_operation'][
        'operation_definition']['max_backups'] == 5
    assert 'max_backups' in refused(change(400, max_backups=0))
    assert 'colour' in refused(change(400, colour='red'))
    answer = change(400, provider_id=fixtures.PROVIDER_2)
    assert 'uses provider' in refused(answer)
    change(404, plan_id=fixtures.NOWHERE)


def test_others_do_not_change_it(api, other, admin, bound):
    path = f'{PATH}/{make(api, bound)["id"]}'
    wanted = {'scheduled_operation': {'name': 'x'}}
    other.at('1.2').put(path, wanted, expect=404)
    theirs = two(other)
    admin.at('1.2').put(path, {'scheduled_operation': {
        'trigger_id': theirs[0]}}, expect=404)
    admin.at('1.2').put(path, wanted)


def test_without_keystone(noauth):
    api = noauth()
    make(api, two(api))
