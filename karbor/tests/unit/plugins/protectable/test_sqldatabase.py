# SPDX-License-Identifier: Apache-2.0
import json

from oslo_config import cfg
import pytest

from karbor import plugin
from karbor.plugins.protectable import sqldatabase

A = '11111111-2222-4333-8444-555555555555'
B = '11111111-2222-4333-8444-666666666666'

FILE = f"""
[[database]]
id = "{A}"
name = "Shop"
url = "postgresql://admin:hunter2@db.example.org:5433/shop"
projects = ["p1"]

[[database]]
id = "{B}"
name = "Blog"
url = "sqlite:////srv/blog.db"
projects = ["*"]
"""


@pytest.fixture
def protectable(tmp_path):
    file = tmp_path / 'databases.toml'
    file.write_text(FILE)
    config = cfg.ConfigOpts()
    config.register_opts(sqldatabase.SQLDatabaseProtectable.options,
                         'sqldatabase')
    config([])
    config.set_override('registry', str(file), 'sqldatabase')
    return sqldatabase.SQLDatabaseProtectable(config)


def test_a_project_sees_its_databases_and_no_more_than_it_needs(protectable):
    found = protectable.list(plugin.Context('p1'), {})
    assert [r.to_dict() for r in found] == [
        {'type': 'Karbor::Database', 'id': A, 'name': 'Shop',
         'extra_info': {'engine': 'postgresql'}},
        {'type': 'Karbor::Database', 'id': B, 'name': 'Blog',
         'extra_info': {'engine': 'sqlite'}}]
    told = json.dumps([r.to_dict() for r in found])
    for hidden in ('admin', 'hunter2', 'example', '5433', '/srv'):
        assert hidden not in told


def test_what_another_project_owns_does_not_exist(protectable):
    other = plugin.Context('p2')
    assert [r.id for r in protectable.list(other, {})] == [B]
    assert protectable.show(other, B, {}).name == 'Blog'
    assert protectable.show(plugin.Context('p1'), A, {}).name == 'Shop'
    with pytest.raises(plugin.InstanceNotFound, match=A):
        protectable.show(other, A, {})


def test_it_depends_on_nothing(protectable):
    assert protectable.parent_types == frozenset()
    assert protectable.dependents(plugin.Context('p1'), []) == {}
