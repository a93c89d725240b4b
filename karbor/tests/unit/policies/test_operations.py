# SPDX-License-Identifier: Apache-2.0
import pytest

from karbor.tests import fixtures
from karbor.tests.unit.policies import world
from karbor.tests.unit.policies.world import READERS

# rule, who may, method, path, body; names in braces are ids of the world
TABLE = [
    ('operation_log:get', READERS, 'GET', '/operation_logs/{restore}', None),
    ('operation_log:list', READERS, 'GET', '/operation_logs', None),
]
# asked at 1.1, below
NEWER = {'operation:get', 'operation:list', 'operation:cancel',
         'restore:undo'}


@pytest.mark.parametrize('line', TABLE, ids=[line[0] for line in TABLE])
def test_who_may_what(api, app, line):
    world.check(api, app, *line)


def test_who_may_look_at_them_from_1_1_on(api, app):
    for role, ids in world.for_each_role(api):
        who = fixtures.Api(app, fixtures.identity(role)).at('1.1')
        for path in ('', f'/{ids["restore"]}'):
            answer = who.get(f'/operations{path}',
                             expect=200 if role in READERS else 403)
            if role not in READERS:
                rule = 'operation:get' if path else 'operation:list'
                assert rule in answer.text


@pytest.mark.parametrize(('type_', 'allowed'), [
    ('protect', world.MEMBERS), ('restore', world.MEMBERS),
    ('delete', world.MANAGERS)])
def test_who_may_cancel(api, app, admin, type_, allowed):
    for role, ids in world.for_each_role(api):
        if type_ == 'protect':
            api.post(world.CHECKPOINTS,
                     {'checkpoint': {'plan_id': ids['plan']}})
        elif type_ == 'restore':
            api.post('/restores', {'restore': {
                **world.RESTORE, 'checkpoint_id': ids['checkpoint']}})
        else:
            admin.delete(f'{world.CHECKPOINTS}/{ids["checkpoint"]}')
        [waiting] = api.at('1.1').get('/operations?status=queued').json[
            'operations']
        assert waiting['type'] == type_
        path = f'/operations/{waiting["id"]}'
        fixtures.Api(app, fixtures.identity(role)).at('1.1').post(
            f'{path}/cancel', expect=202 if role in allowed else 403)
        if role not in allowed:
            assert api.at('1.1').get(path).json['operation'] == {
                **waiting, 'resources': []}


def test_who_may_undo(api, app):
    for role, ids in world.for_each_role(api):
        who = fixtures.Api(app, fixtures.identity(role)).at('1.2')
        answer = who.post(f'/restores/{ids["restore"]}/undo', {},
                          # who may is told that there is nothing to undo
                          expect=409 if role in world.MEMBERS else 403)
        if role not in world.MEMBERS:
            assert 'restore:undo' in answer.text
