# SPDX-License-Identifier: Apache-2.0
"""Databases keep the contracts of the SDK, each engine on a real one."""

import contextlib
import hashlib
import os
import shutil
import sqlite3
import tempfile
import uuid

from oslo_config import cfg
import pytest

from karbor import plugin
from karbor.plugin import testing
from karbor.plugins.protectable.sqldatabase import SQLDatabaseProtectable
from karbor.plugins.protection.sqldatabase import SQLDatabaseProtection
from karbor.tests.unit.plugins.sqldump import base

ID = str(uuid.UUID(int=1))


def config(kind, directory, entries):
    """Configuration for a registry with some entries."""
    registry = os.path.join(directory, 'databases.toml')
    with open(registry, 'w') as out:
        for number, (url, project) in enumerate(entries, start=1):
            out.write(f'[[database]]\nid = "{uuid.UUID(int=number)}"\n'
                      f'name = "db{number}"\nurl = "{url}"\n'
                      f'projects = ["{project}"]\n')
    conf = cfg.ConfigOpts()
    conf.register_opts(kind.options, group=kind.option_group)
    conf([], default_config_files=[], default_config_dirs=[])
    for name, value in (('registry', registry), ('work_dir', directory),
                        ('busy_timeout', 10)):
        conf.set_override(name, value, group=kind.option_group)
    return conf


class DatabaseProtection(testing.ProtectionConformance):
    """One database, made anew for each resource."""

    __test__ = False
    # a server takes a quarter of a second for each
    most_points = 2

    fill = """
        CREATE TABLE person (id INTEGER PRIMARY KEY, name VARCHAR(99));
        INSERT INTO person VALUES (1, 'one'), (2, NULL), (3, '');
        CREATE TABLE pet (id INTEGER PRIMARY KEY, person INTEGER,
                          FOREIGN KEY (person) REFERENCES person (id));
        INSERT INTO pet VALUES (1, 1), (2, 3);
        CREATE VIEW owners AS SELECT name FROM person;
    """
    harm = """
        DELETE FROM pet;
        UPDATE person SET name = 'damaged' WHERE id = 1;
        DROP VIEW owners;
        CREATE TABLE later (x INTEGER);
        INSERT INTO later VALUES (1);
    """
    rows = """
        SELECT id, name FROM person ORDER BY id;
        SELECT id, person FROM pet ORDER BY id;
    """

    def setUp(self):
        super().setUp()
        self.directory = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.directory)

    def make_plugin(self):
        return SQLDatabaseProtection(config(
            SQLDatabaseProtection, self.directory, [(self.url(), '*')]))

    def make_resource(self):
        self.sql(self.empty + self.fill)
        return plugin.Resource('Karbor::Database', ID, 'db1')

    def damage(self, resource):
        self.sql(self.harm)

    def state(self, resource):
        return self.sql(self.objects + self.rows)

    def around(self, resource):
        return os.listdir(self.directory)


class TestSQLiteProtection(DatabaseProtection):
    empty = ''
    objects = 'SELECT type, name, sql FROM sqlite_master ORDER BY name;'

    @property
    def path(self):
        return os.path.join(self.directory, 'a.db')

    def url(self):
        return f'sqlite:///{self.path}'

    def make_resource(self):
        self.remove()
        return super().make_resource()

    def remove(self):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)

    def sql(self, text):
        with contextlib.closing(sqlite3.connect(
                self.path, isolation_level=None)) as database:
            return [database.execute(statement).fetchall()
                    for statement in text.split(';')]


@pytest.mark.thorough
class TestSQLiteProtectionLost(TestSQLiteProtection):
    """The whole file is lost."""

    def damage(self, resource):
        self.remove()

    def state(self, resource):
        if not os.path.exists(self.path):
            return None
        return super().state(resource)


@pytest.mark.thorough
class TestPostgreSQLProtection(DatabaseProtection):
    empty = """
        SET client_min_messages = warning;
        DROP SCHEMA public CASCADE;
        CREATE SCHEMA public;
    """
    objects = ("SELECT relname, relkind FROM pg_class WHERE relnamespace = "
               "'public'::regnamespace ORDER BY 1;")

    def setUp(self):
        super().setUp()
        base.need(base.psql)
        self.name = base.unique()
        base.psql(f'CREATE DATABASE {self.name};')
        self.addCleanup(base.psql, f'DROP DATABASE {self.name};')

    def url(self):
        return (f'postgresql://{base.PG_USER}@{base.HOST}:{base.PG_PORT}/'
                f'{self.name}')

    def sql(self, text):
        return base.psql(text, self.name)

    def around(self, resource):
        return [self.name]


@pytest.mark.thorough
class TestMariaDBProtection(DatabaseProtection):
    objects = ('SELECT table_name, table_type FROM information_schema.tables '
               'WHERE table_schema = DATABASE() ORDER BY 1;')

    def setUp(self):
        super().setUp()
        base.need(base.mysql)
        self.name = base.unique()
        base.mysql(f'CREATE DATABASE {self.name};')
        self.addCleanup(base.mysql, f'DROP DATABASE IF EXISTS {self.name};')

    def url(self):
        return (f'mariadb://{base.MY_USER}@{base.HOST}:{base.MY_PORT}/'
                f'{self.name}')

    def make_resource(self):
        self.empty = (f'DROP DATABASE IF EXISTS {self.name};'
                      f'CREATE DATABASE {self.name}; USE {self.name};')
        return super().make_resource()

    def sql(self, text):
        return base.mysql(f'USE {self.name};' + text)

    def around(self, resource):
        # databases of other tests come and go
        digest = hashlib.sha256(self.name.encode()).hexdigest()[:16]
        return [name for name in base.mysql('SHOW DATABASES').split()
                if self.name == name or digest in name]


class TestSQLDatabaseProtectable(testing.ProtectableConformance):
    entries = (('sqlite:////srv/a.db', 'owner'),
               ('postgresql://u:secret@h/n', 'stranger'),
               ('mariadb://u:secret@h/n', 'owner'))

    def setUp(self):
        super().setUp()
        self.directory = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.directory)

    def make_plugin(self):
        return SQLDatabaseProtectable(config(
            SQLDatabaseProtectable, self.directory, self.entries))

    def expected(self):
        return [str(uuid.UUID(int=number)) for number in (1, 3)]
