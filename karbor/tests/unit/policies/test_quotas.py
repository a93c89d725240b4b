# SPDX-License-Identifier: Apache-2.0
import pytest

from karbor.tests import fixtures
from karbor.tests.fixtures import PROJECT
from karbor.tests.unit.policies import world
from karbor.tests.unit.policies.world import ADMINS
from karbor.tests.unit.policies.world import READERS

# rule, who may, method, path, body; names in braces are ids of the world
TABLE = [
    ('quota:get', READERS, 'GET', f'/quotas/{PROJECT}', None),
    ('quota:get', READERS, 'GET', f'/quotas/{PROJECT}/detail', None),
    ('quota:get_default', READERS, 'GET', f'/quotas/{PROJECT}/defaults',
     None),
    ('quota:update', ADMINS, 'PUT', f'/quotas/{PROJECT}',
     {'quota': {'plans': 90}}),
    ('quota:delete', ADMINS, 'DELETE', f'/quotas/{PROJECT}', None),
]


@pytest.mark.parametrize('line', TABLE, ids=[line[3] for line in TABLE])
def test_who_may_what(api, app, line):
    world.check(api, app, *line)


@pytest.mark.parametrize(('rule', 'path'), [
    (line[0], line[3]) for line in TABLE if line[2] == 'GET'])
def test_the_quota_of_another_project(admin, app, other, rule, path):
    """No project is looked up, so no answer tells of one."""
    admin.get(path.replace(PROJECT, fixtures.OTHER))
    other.get(path.replace(PROJECT, fixtures.OTHER))
    for project in (PROJECT, '3' * 32):
        answer = other.get(path.replace(PROJECT, project), expect=403)
        assert rule in answer.json['forbidden']['message']


@pytest.mark.parametrize(('method', 'path', 'body'),
                         [line[2:] for line in TABLE])
def test_who_runs_the_cloud_needs_no_project(app, method, path, body):
    who = fixtures.Api(app, {**world.SYSTEM, 'X-Roles': 'admin,member,reader'})
    who.send(method, path, body)
    fixtures.Api(app, {**world.SYSTEM, 'X-Roles': 'reader'}).send(
        method, path, body, expect=403)
