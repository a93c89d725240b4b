# SPDX-License-Identifier: Apache-2.0
import pytest

from karbor.tests import fixtures
from karbor.tests.unit.policies import world
from karbor.tests.unit.policies.world import MEMBERS
from karbor.tests.unit.policies.world import READERS

# rule, who may, method, path, body; names in braces are ids of the world
TABLE = [
    ('plan:create', MEMBERS, 'POST', '/plans', fixtures.plan_body()),
    ('plan:update', MEMBERS, 'PUT', '/plans/{plan}',
     {'plan': {'name': 'new'}}),
    ('plan:delete', MEMBERS, 'DELETE', '/plans/{plan}', None),
    ('plan:get', READERS, 'GET', '/plans/{plan}', None),
    ('plan:get_all', READERS, 'GET', '/plans', None),
]


@pytest.mark.parametrize('line', TABLE, ids=[line[0] for line in TABLE])
def test_who_may_what(api, app, line):
    world.check(api, app, *line)
