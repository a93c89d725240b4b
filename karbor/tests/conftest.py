# SPDX-License-Identifier: Apache-2.0
"""Fixtures that tests of several layers share."""

import pytest

from karbor import conf as karbor_conf
from karbor import policy
from karbor.api import app as api_app
from karbor.db import migration
from karbor.db import session
from karbor.rpc import protection as rpc
from karbor.tests import fixtures


@pytest.fixture
def conf(tmp_path):
    """The configuration of this process, with nothing of a file."""
    conf = karbor_conf.CONF
    conf.reset()
    karbor_conf.parse([], default_config_files=[])
    conf.set_override('state_path', str(tmp_path))
    conf.set_override('connection', f'sqlite:///{tmp_path}/karbor.db',
                      'database')
    yield conf
    conf.clear()
    for name in ('state_path', 'auth_strategy'):
        conf.clear_override(name)
    conf.clear_override('connection', 'database')


@pytest.fixture
def database(conf):
    """An empty database with its schema."""
    session.init(conf)
    migration.sync()
    yield
    session.dispose()


@pytest.fixture
def rules(conf, monkeypatch):
    """The policy as it is in the code."""
    monkeypatch.setattr(policy, '_enforcer', None)
    return policy.init(conf)


@pytest.fixture
def protection(monkeypatch):
    """What stands in for the protection service."""
    fake = fixtures.FakeProtection()
    monkeypatch.setattr(rpc, '_client', fake)
    return fake


@pytest.fixture
def app(conf, database, rules, protection, monkeypatch):
    """The whole pipeline, which believes headers about the identity."""
    monkeypatch.setattr(api_app, '_authenticated', lambda app, conf: app)
    return api_app.build(conf)


@pytest.fixture
def api(app):
    """A member of a project."""
    return fixtures.Api(app, fixtures.identity('member', 'reader'))


@pytest.fixture
def manager(app):
    """A manager of the same project."""
    return fixtures.Api(app, fixtures.identity('manager', 'member', 'reader'))


@pytest.fixture
def admin(app):
    """An administrator with a token for the same project."""
    return fixtures.Api(app, fixtures.identity('admin'))


@pytest.fixture
def other(app):
    """A manager of another project."""
    return fixtures.Api(
        app, fixtures.identity('manager', 'member', 'reader',
                               project=fixtures.OTHER),
        project=fixtures.OTHER)
