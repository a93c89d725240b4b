# SPDX-License-Identifier: Apache-2.0
import pytest

from karbor import context
from karbor.db import services
from karbor.tests import fixtures
from karbor.tests.unit.policies import world
from karbor.tests.unit.policies.world import ADMINS

# rule, who may, method, path, body; names in braces are ids of the world
TABLE = [
    ('service:get_all', ADMINS, 'GET', '/os-services', None),
    ('service:update', ADMINS, 'PUT', '/os-services/1',
     {'status': 'disabled'}),
]


@pytest.mark.parametrize('line', TABLE, ids=[line[0] for line in TABLE])
def test_who_may_what(api, app, line):
    world.check(api, app, *line)


@pytest.mark.parametrize(('method', 'path', 'body'),
                         [line[2:] for line in TABLE])
def test_who_runs_the_cloud_needs_no_project(app, method, path, body):
    services.heartbeat(context.system(), 'h', 'karbor-protection')
    who = fixtures.Api(app, {**world.SYSTEM, 'X-Roles': 'admin,member,reader'})
    who.send(method, path, body)


def test_who_reads_the_system_sees_the_daemons(app):
    services.heartbeat(context.system(), 'h', 'karbor-protection')
    who = fixtures.Api(app, {**world.SYSTEM, 'X-Roles': 'reader'})
    assert len(who.get('/os-services').json['services']) == 1
    who.put('/os-services/1', {'status': 'disabled'}, expect=403)
    # of one domain is not of the whole system
    fixtures.Api(app, {
        'X-Identity-Status': 'Confirmed', 'X-User-Id': 'u',
        'X-Domain-Id': 'd', 'X-Roles': 'reader',
    }).get('/os-services', expect=403)
