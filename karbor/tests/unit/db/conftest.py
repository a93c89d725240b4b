# SPDX-License-Identifier: Apache-2.0
"""Every test here that asks for a database runs on three of them."""

import pytest

from karbor.db import migration
from karbor.db import models
from karbor.db import session
from karbor.tests.unit.db import servers


@pytest.fixture(scope='session', params=servers.KINDS)
def server(request, tmp_path_factory):
    """One database for all tests of a kind."""
    server = servers.running(request.param,
                             tmp_path_factory.mktemp('database'))
    yield server
    server.drop()


@pytest.fixture
def connected(conf, server):
    """The repositories point at the database, whatever it holds."""
    conf.set_override('connection', server.url, 'database')
    session.init(conf)
    yield server
    session.dispose()


@pytest.fixture
def database(connected):
    """An empty database with its schema."""
    if connected.fresh:
        migration.sync()
        connected.fresh = False
    with session.engine().begin() as connection:
        for table in reversed(models.Base.metadata.sorted_tables):
            connection.execute(table.delete())
    return connected
