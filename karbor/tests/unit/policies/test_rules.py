# SPDX-License-Identifier: Apache-2.0
"""Who may do what: each rule with each role, asked over the API."""

import pytest

from karbor import context
from karbor.db import operations
from karbor.model.query import ListQuery
from karbor.tests import fixtures
from karbor.tests.fixtures import NOWHERE
from karbor.tests.fixtures import PROVIDER
from karbor.tests.fixtures import THING

READERS = {'reader', 'member', 'manager', 'admin', 'service'}
MEMBERS = {'member', 'manager', 'admin'}
MANAGERS = {'manager', 'admin'}
ROLES = (*sorted(READERS), 'stranger', '')

CHECKPOINTS = f'/providers/{PROVIDER}/checkpoints'
INSTANCES = f'/protectables/{THING}/instances'
RESTORE = {'provider_id': PROVIDER, 'parameters': {}}

# rule, who may, method, path, body; names in braces are ids of the world
TABLE = [
    ('plan:create', MEMBERS, 'POST', '/plans', fixtures.plan_body()),
    ('plan:update', MEMBERS, 'PUT', '/plans/{plan}',
     {'plan': {'name': 'new'}}),
    ('plan:delete', MEMBERS, 'DELETE', '/plans/{plan}', None),
    ('plan:get', READERS, 'GET', '/plans/{plan}', None),
    ('plan:get_all', READERS, 'GET', '/plans', None),
    ('provider:get', READERS, 'GET', f'/providers/{PROVIDER}', None),
    ('provider:get_all', READERS, 'GET', '/providers', None),
    ('provider:checkpoint_get', READERS, 'GET',
     CHECKPOINTS + '/{checkpoint}', None),
    ('provider:checkpoint_get_all', READERS, 'GET', CHECKPOINTS, None),
    ('provider:checkpoint_create', MEMBERS, 'POST', CHECKPOINTS,
     {'checkpoint': {'plan_id': '{plan}'}}),
    ('provider:checkpoint_delete', MANAGERS, 'DELETE',
     CHECKPOINTS + '/{checkpoint}', None),
    ('provider:checkpoint_update', MANAGERS, 'PUT',
     CHECKPOINTS + '/{checkpoint}', {'os-resetState': {'state': 'error'}}),
    ('protectable:get', READERS, 'GET', f'/protectables/{THING}', None),
    ('protectable:get_all', READERS, 'GET', '/protectables', None),
    ('protectable:instance_get', READERS, 'GET', f'{INSTANCES}/thing-1',
     None),
    ('protectable:instance_get_all', READERS, 'GET', INSTANCES, None),
    ('restore:create', MEMBERS, 'POST', '/restores',
     {'restore': {**RESTORE, 'checkpoint_id': '{checkpoint}'}}),
    ('restore:get', READERS, 'GET', '/restores/{restore}', None),
    ('restore:get_all', READERS, 'GET', '/restores', None),
    ('operation_log:get', READERS, 'GET', '/operation_logs/{restore}', None),
    ('operation_log:list', READERS, 'GET', '/operation_logs', None),
]


def make_world(api):
    """One of everything, by name."""
    plan = api.post('/plans', fixtures.plan_body()).json['plan']['id']
    checkpoint = api.post(CHECKPOINTS, {'checkpoint': {'plan_id': plan}},
                          ).json['checkpoint']['id']
    fixtures.work()
    restore = api.post('/restores', {
        'restore': {**RESTORE, 'checkpoint_id': checkpoint}},
    ).json['restore']['id']
    # so that the checkpoint can be deleted
    fixtures.work()
    return {'plan': plan, 'checkpoint': checkpoint, 'restore': restore}


@pytest.fixture
def world(api):
    return make_world(api)


def fill(value, world):
    if isinstance(value, dict):
        return {key: fill(inner, world) for key, inner in value.items()}
    if isinstance(value, str):
        for name, id_ in world.items():
            value = value.replace('{%s}' % name, id_)
    return value


@pytest.mark.parametrize(('rule', 'allowed', 'method', 'path', 'body'), TABLE,
                         ids=[line[0] for line in TABLE])
def test_who_may_what(api, app, rule, allowed, method, path, body):
    for role in ROLES:
        world = make_world(api)
        who = fixtures.Api(app, fixtures.identity(role))
        before = operation_ids()
        answer = who.send(method, fill(path, world), fill(body, world),
                          expect=200 if role in allowed else 403)
        if role not in allowed:
            assert answer.json == {'forbidden': {
                'code': 403, 'message':
                f"Policy doesn't allow {rule} to be performed."}}
            # and nothing happened
            assert operation_ids() == before
        elif method in ('POST', 'DELETE'):
            # whatever work it made must not be in the way of the next
            for _new in operation_ids() - before:
                fixtures.work()


def operation_ids():
    return {operation.id for operation
            in operations.list_(context.system(), ListQuery())}


@pytest.mark.parametrize(('rule', 'method', 'path', 'body'), [
    (line[0], *line[2:]) for line in TABLE if '{' in line[3]
    or '{' in str(line[4]) and 'plan:create' != line[0]])
def test_things_of_another_project_do_not_exist(
        other, admin, world, rule, method, path, body):
    answer = other.send(method, fill(path, world), fill(body, world),
                        expect=404)
    assert 'could not be found' in answer.json['itemNotFound']['message']
    # as if there were none at all
    nothing = dict.fromkeys(world, NOWHERE)
    answer_2 = other.send(method, fill(path, nothing), fill(body, nothing),
                          expect=404)
    known = (*world.values(), NOWHERE)
    assert without(answer.text, known) == without(answer_2.text, known)


def without(text, ids):
    for id_ in ids:
        text = text.replace(id_, '')
    return text


def test_the_table_is_whole(rules):
    names = {name for name in rules.registered_rules if ':' in name}
    assert names == {line[0] for line in TABLE}
