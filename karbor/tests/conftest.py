# SPDX-License-Identifier: Apache-2.0
"""Fixtures that tests of several layers share."""

import shutil

from oslo_config import cfg
import pytest

from karbor import conf as karbor_conf
from karbor import context
from karbor import policy
from karbor.api import app as api_app
from karbor.db import migration
from karbor.db import session
from karbor.rpc import protection as rpc
from karbor.tests import fixtures


@pytest.fixture
def conf(tmp_path):
    """The configuration of this process, with nothing of this machine."""
    conf = karbor_conf.CONF
    conf.reset()
    karbor_conf.parse([], default_config_files=[])
    conf.set_override('state_path', str(tmp_path))
    conf.set_override('connection', f'sqlite:///{tmp_path}/karbor.db',
                      'database')
    # every answer that a test gets is held against its schema
    conf.set_override('response_validation', 'error', 'api')
    # nobody has to be trusted
    conf.set_override('auth_strategy', 'noauth')
    yield conf
    conf.reset()


@pytest.fixture(scope='session')
def empty_database(tmp_path_factory):
    """A file with the schema; made once, because that takes its time."""
    path = tmp_path_factory.mktemp('database') / 'karbor.db'
    own = cfg.ConfigOpts()
    karbor_conf.register_opts(own)
    own([], default_config_files=[])
    own.set_override('connection', f'sqlite:///{path}', 'database')
    session.init(own)
    migration.sync()
    session.dispose()
    return path


@pytest.fixture
def database(conf, empty_database, tmp_path):
    """An empty database with its schema."""
    shutil.copyfile(empty_database, tmp_path / 'karbor.db')
    session.init(conf)
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
def member():
    """The context of a member of the project."""
    return context.RequestContext(
        user_id='u', project_id=fixtures.PROJECT,
        roles=['member', 'reader'], overwrite=False)


@pytest.fixture
def stranger():
    """The context of a manager of another project."""
    return context.RequestContext(
        user_id='s', project_id=fixtures.OTHER,
        roles=['manager', 'member', 'reader'], overwrite=False)


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


@pytest.fixture
def parts(conf, database, rules, protection):
    """What an application stands on; it is the configuration."""
    return conf


@pytest.fixture
def noauth(parts):
    """Makes somebody with a token, for whom there is no Keystone."""
    def make(token=f'someone:{fixtures.PROJECT}'):
        parts.set_override('auth_strategy', 'noauth')
        headers = {'X-Auth-Token': token} if token else {}
        return fixtures.Api(api_app.build(parts), headers)
    return make
