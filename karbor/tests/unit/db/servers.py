# SPDX-License-Identifier: Apache-2.0
"""The databases that the tests of this package run on."""

import os
import uuid

import pytest
import sqlalchemy as sa

KINDS = ('sqlite', 'postgresql', 'mariadb')
_URLS = {'postgresql': 'postgresql+psycopg://postgres@127.0.0.1:5432/{}',
         'mariadb': 'mysql+pymysql://root@127.0.0.1:3306/{}'}
_OWN = {'postgresql': 'postgres', 'mariadb': 'mysql'}


class Server:
    """One database of a name that no other run has.

    :ivar url: of the database
    :ivar fresh: it has no schema yet
    """

    def __init__(self, kind, directory):
        self.kind = kind
        self.fresh = True
        self.name = f'karbor_test_{uuid.uuid4().hex[:12]}'
        if kind == 'sqlite':
            self.url = f'sqlite:///{directory}/{self.name}.db'
        else:
            self.url = _URLS[kind].format(self.name)

    def make(self):
        self._say(f'CREATE DATABASE {self.name}')

    def drop(self):
        self._say(f'DROP DATABASE {self.name}')

    def _say(self, statement):
        if self.kind == 'sqlite':
            return
        engine = sa.create_engine(
            _URLS[self.kind].format(_OWN[self.kind]),
            isolation_level='AUTOCOMMIT', poolclass=sa.pool.NullPool,
            connect_args={'connect_timeout': 5})
        with engine.connect() as connection:
            connection.exec_driver_sql(statement)


def running(kind, directory):
    """A server with a database; a test that cannot have one says so."""
    server = Server(kind, directory)
    try:
        server.make()
    except sa.exc.OperationalError as error:
        reason = f'{kind} does not answer on loopback: {error.orig}'
        if os.environ.get('CI') == 'true':
            pytest.fail(reason)
        pytest.skip(reason)
    return server
