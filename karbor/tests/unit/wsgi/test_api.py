# SPDX-License-Identifier: Apache-2.0
import importlib
import sys

import pytest

from karbor import conf as karbor_conf
from karbor import policy
from karbor import service
from karbor.db import session
from karbor.rpc import protection
from karbor.rpc import transport
from karbor.tests import fixtures

MODULE = 'karbor.wsgi.api'


@pytest.fixture
def file(conf, database, tmp_path, monkeypatch):
    """A configuration file, and a process in which nothing is set up."""
    text = (f'[DEFAULT]\nauth_strategy = noauth\ntransport_url = fake:/\n'
            f'[database]\nconnection = {conf.database.connection}\n')
    path = tmp_path / 'karbor.conf'
    path.write_text(text)
    conf.reset()
    monkeypatch.setattr(service, '_ready_in', None)
    monkeypatch.setattr(policy, '_enforcer', None)
    monkeypatch.setattr(protection, '_client', object())
    monkeypatch.delitem(sys.modules, MODULE, raising=False)
    yield path
    sys.modules.pop(MODULE, None)
    transport.cleanup()
    session.dispose()


def test_the_application_finds_its_files(file, monkeypatch):
    monkeypatch.setenv('OS_KARBOR_CONFIG_FILE', str(file))
    application = importlib.import_module(MODULE).application
    api = fixtures.Api(application,
                       {'X-Auth-Token': f'u:{fixtures.PROJECT}'})
    assert api.get('/plans').json == {'plans': []}
    assert transport.conf() is karbor_conf.CONF
    # it was of another transport
    assert protection._client is None


def test_files_that_are_named_but_missing(file, monkeypatch):
    monkeypatch.setenv('OS_KARBOR_CONFIG_FILE', f'{file}:{file}.missing')
    with pytest.raises(SystemExit, match=r'karbor: .*missing'):
        importlib.import_module(MODULE)
