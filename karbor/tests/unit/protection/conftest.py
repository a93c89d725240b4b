# SPDX-License-Identifier: Apache-2.0
"""A configuration, a database and a laboratory for each test."""

import logging
import os
import shutil

import pytest
import sqlalchemy as sa

from karbor import conf as karbor_conf
from karbor import context as karbor_context
from karbor import policy
from karbor.db import migration
from karbor.db import session
from karbor.protection.flows import engine
from karbor.tests.unit.protection import lab as labs


def _configure(path):
    conf = karbor_conf.CONF
    conf.reset()
    karbor_conf.parse([], default_config_files=[])
    conf.set_override('state_path', str(path))
    conf.set_override('connection', f'sqlite:///{path}/karbor.db', 'database')
    return conf


@pytest.fixture
def conf(tmp_path):
    """The configuration of this process, with nothing of a file."""
    conf = _configure(tmp_path)
    yield conf
    conf.clear()
    conf.clear_override('state_path')
    conf.clear_override('connection', 'database')


@pytest.fixture(scope='module')
def schema(tmp_path_factory):
    """A database file with the schema, to be copied."""
    path = tmp_path_factory.mktemp('schema')
    conf = _configure(path)
    session.init(conf)
    migration.sync()
    session.dispose()
    conf.clear()
    return path / 'karbor.db'


@pytest.fixture
def database(schema, conf, tmp_path):
    """An empty database with its schema."""
    shutil.copy(schema, tmp_path / 'karbor.db')
    session.init(conf)
    # Processes die here, but machines do not.
    with session.writer(karbor_context.system()):
        pass
    sa.event.listen(session.engine(), 'connect', _hasten)
    session.engine().dispose()
    yield
    session.dispose()


def _hasten(connection, record):
    connection.execute('PRAGMA synchronous = OFF')


@pytest.fixture(scope='session')
def executors():
    """An executor by its number of threads; they take long to end."""
    made = {threads: engine.Threads(threads)
            for threads in (1, 2)}
    yield made
    for executor in made.values():
        executor.shutdown()


@pytest.fixture
def quiet():
    """Failures by the hundred are not written down."""
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture
def lab(conf, database, executors, tmp_path, monkeypatch):
    """Everything from the actions to the bank, without daemons."""
    monkeypatch.setattr(policy, '_enforcer', None)
    policy.init(conf)
    # the same holds for disks
    monkeypatch.setattr(os, 'fsync', lambda fd: None)
    return labs.Lab(conf, tmp_path / 'bank', executors, monkeypatch)
