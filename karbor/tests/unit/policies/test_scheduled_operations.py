# SPDX-License-Identifier: Apache-2.0
import pytest

from karbor.tests import fixtures
from karbor.tests.unit.policies import world
from karbor.tests.unit.policies.world import MEMBERS
from karbor.tests.unit.policies.world import READERS

ALL = '/scheduled_operations'
ONE = f'{ALL}/{{scheduled_operation}}'

# rule, who may, method, path, body, version, status; names in braces are ids
# of the world
TABLE = [
    ('scheduled_operation:create', MEMBERS, 'POST', ALL,
     fixtures.scheduled_operation_body('{trigger}', '{plan}')),
    ('scheduled_operation:update', MEMBERS, 'PUT', ONE,
     {'scheduled_operation': {'enabled': False}}, '1.2'),
    ('scheduled_operation:run', MEMBERS, 'POST', f'{ONE}/run', None, '1.2',
     201),
    ('scheduled_operation:adopt', MEMBERS, 'POST', f'{ONE}/adopt', None,
     '1.2'),
    ('scheduled_operation:delete', MEMBERS, 'DELETE', ONE, None),
    ('scheduled_operation:get', READERS, 'GET', ONE, None),
    ('scheduled_operation:list', READERS, 'GET', ALL, None),
]


@pytest.mark.parametrize('line', TABLE, ids=[line[0] for line in TABLE])
def test_who_may_what(api, app, line):
    world.check(api, app, *line)
