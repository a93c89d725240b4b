# SPDX-License-Identifier: Apache-2.0
from karbor.plugins.protectable.project import ProjectProtectable
from karbor.tests.unit.plugins.cloud import worlds


def test_a_project_has_itself(cloud):
    [found] = worlds.make(ProjectProtectable).list(worlds.context(cloud), {})
    assert found.to_dict() == {
        'type': 'OS::Keystone::Project', 'id': 'mine',
        'name': 'project mine',
        'extra_info': {'status': 'enabled', 'domain_id': 'default'}}


def test_a_project_that_is_gone(cloud):
    cloud.things['projects'] = []
    assert list(worlds.make(ProjectProtectable).list(
        worlds.context(cloud), {})) == []
