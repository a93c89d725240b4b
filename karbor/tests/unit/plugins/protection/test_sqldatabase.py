# SPDX-License-Identifier: Apache-2.0
import contextlib
import logging
import sqlite3
import uuid

import jsonschema
from oslo_config import cfg
import pytest

from karbor import plugin
from karbor.plugin.testing import MemoryStep
from karbor.plugins.protection import sqldatabase

A, B, C, D = (str(uuid.UUID(int=i)) for i in range(1, 5))


@pytest.fixture
def registered(tmp_path):
    file = tmp_path / 'databases.toml'
    file.write_text(f"""
[[database]]
id = "{A}"
name = "a"
url = "sqlite:///{tmp_path}/a.db"
projects = ["p1"]
restore_targets = ["{A}", "{B}"]

[[database]]
id = "{B}"
name = "b"
url = "sqlite:///{tmp_path}/b.db"
projects = ["p1"]

[[database]]
id = "{C}"
name = "c"
url = "sqlite:///{tmp_path}/c.db"
projects = ["p2"]
restore_targets = ["{A}", "{C}"]

[[database]]
id = "{D}"
name = "d"
url = "mariadb://root:hunter2@127.0.0.1:1/d"
projects = ["*"]
""")
    return file


@pytest.fixture
def protection(registered, tmp_path):
    config = cfg.ConfigOpts()
    config.register_opts(sqldatabase.SQLDatabaseProtection.options,
                         'sqldatabase')
    config([])
    config.set_override('registry', str(registered), 'sqldatabase')
    config.set_override('work_dir', str(tmp_path), 'sqldatabase')
    return sqldatabase.SQLDatabaseProtection(config)


def fill(path, value):
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.executescript('DROP TABLE IF EXISTS t; CREATE TABLE t (x);'
                         f"INSERT INTO t VALUES ('{value}')")


def value(path):
    with contextlib.closing(sqlite3.connect(path)) as db:
        return db.execute('SELECT x FROM t').fetchone()[0]


def act(protection, what, database_id, project='p1', **more):
    step = MemoryStep(
        plugin.Resource('Karbor::Database', database_id),
        context=plugin.Context(project), **more)
    protection.operations[what](protection).on_main(step)
    return step


def test_there_and_back(protection, tmp_path):
    fill(tmp_path / 'a.db', 'old')
    step = act(protection, 'protect', A)
    info = step.data.info
    assert info['engine'] == 'sqlite'
    assert info['bytes'] == len(step.data.content['content'])
    jsonschema.validate(info, protection.schemas.saved_info)
    fill(tmp_path / 'a.db', 'new')
    again = act(protection, 'restore', A, data=step.data)
    assert value(tmp_path / 'a.db') == 'old'
    assert again.new_id(again.resource) == A


def test_into_another_that_is_a_target(protection, tmp_path):
    fill(tmp_path / 'a.db', 'old')
    step = act(protection, 'protect', A)
    again = act(protection, 'restore', A, data=step.data,
                parameters={'target': B.upper()})
    assert value(tmp_path / 'b.db') == 'old'
    assert again.new_id(again.resource) == B


@pytest.mark.parametrize(('source', 'target', 'project', 'part'), [
    (B, A, 'p1', 'may not be restored into'),
    (A, D, 'p1', 'may not be restored into'),
    (A, C, 'p1', f'{C} is not registered'),
    (C, A, 'p2', f'{A} is not registered'),
    (A, str(uuid.UUID(int=9)), 'p1', 'is not registered'),
])
def test_into_no_other(protection, tmp_path, source, target, project, part):
    for name in 'abc':
        fill(tmp_path / f'{name}.db', name)
    step = act(protection, 'protect', source, project)
    with pytest.raises(plugin.PluginError, match=part):
        act(protection, 'restore', source, project, data=step.data,
            parameters={'target': target})
    assert [value(tmp_path / f'{name}.db') for name in 'abc'] == [*'abc']


def test_another_project_has_no_such_database(protection):
    with pytest.raises(plugin.PluginError, match=A):
        act(protection, 'protect', A, 'p2')


def test_one_that_is_of_another_engine_by_now(protection, registered,
                                              tmp_path):
    fill(tmp_path / 'a.db', 'old')
    step = act(protection, 'protect', A)
    step.data.save({'engine': 'mariadb'})
    with pytest.raises(plugin.PluginError, match='is of engine sqlite; what'):
        act(protection, 'restore', A, data=step.data)


def test_one_that_is_registered_no_more(protection, registered, tmp_path):
    fill(tmp_path / 'a.db', 'old')
    step = act(protection, 'protect', A)
    registered.write_text('')
    with pytest.raises(plugin.PluginError, match='not any more'):
        act(protection, 'restore', A, data=step.data)


def test_no_secret_leaves_it(protection, caplog):
    caplog.set_level(logging.DEBUG)
    with pytest.raises(plugin.PluginError) as caught:
        act(protection, 'protect', D)
    assert 'hunter2' not in str(caught.value) + caplog.text


def test_what_it_says_of_itself(protection):
    for operation in protection.operations.values():
        assert operation.hooks() == ('on_main',)
    for schema in (protection.schemas.options, protection.schemas.restore,
                   protection.schemas.saved_info):
        jsonschema.Draft202012Validator.check_schema(schema)
    for wrong in ({'target': 5}, {'owners': 'yes'}, {'where': 'x'}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, protection.schemas.restore)
    jsonschema.validate({'target': A, 'owners': False},
                        protection.schemas.restore)
