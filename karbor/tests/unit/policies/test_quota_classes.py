# SPDX-License-Identifier: Apache-2.0
import pytest

from karbor.tests import fixtures
from karbor.tests.unit.policies import world
from karbor.tests.unit.policies.world import ADMINS

# rule, who may, method, path, body; names in braces are ids of the world
TABLE = [
    ('quota_class:get', ADMINS, 'GET', '/quota_classes/default', None),
    ('quota_class:update', ADMINS, 'PUT', '/quota_classes/default',
     {'quota_class': {'plans': 90}}),
]


@pytest.mark.parametrize('line', TABLE, ids=[line[0] for line in TABLE])
def test_who_may_what(api, app, line):
    world.check(api, app, *line)


@pytest.mark.parametrize(('method', 'path', 'body'),
                         [line[2:] for line in TABLE])
def test_who_runs_the_cloud_needs_no_project(app, method, path, body):
    who = fixtures.Api(app, {**world.SYSTEM, 'X-Roles': 'admin,member,reader'})
    who.send(method, path, body)
