# SPDX-License-Identifier: Apache-2.0
import pytest

from karbor.tests import fixtures
from karbor.tests.unit.policies import world
from karbor.tests.unit.policies.world import MEMBERS
from karbor.tests.unit.policies.world import READERS

# rule, who may, method, path, body, version; names in braces are ids of the
# world
TABLE = [
    ('trigger:create', MEMBERS, 'POST', '/triggers',
     fixtures.trigger_body()),
    ('trigger:update', MEMBERS, 'PUT', '/triggers/{trigger}',
     {'trigger_info': {'name': 'new'}}),
    ('trigger:delete', MEMBERS, 'DELETE', '/triggers/{trigger}', None),
    ('trigger:get', READERS, 'GET', '/triggers/{trigger}', None),
    ('trigger:list', READERS, 'GET', '/triggers', None),
    ('trigger:create', MEMBERS, 'POST', '/triggers/preview',
     fixtures.trigger_body(), '1.2'),
    ('trigger:renew_secret', MEMBERS, 'POST', '/triggers/{webhook}/secret',
     None, '1.2'),
]


@pytest.mark.parametrize('line', TABLE, ids=[
    f'{line[0]} {line[3]}' for line in TABLE])
def test_who_may_what(api, app, conf, line):
    conf.set_override('webhook_keys', ['k' * 32], 'events')
    world.check(api, app, *line)
