# SPDX-License-Identifier: Apache-2.0
import pytest
import requests

from karbor import policy
from karbor.api.service import ApiService
from karbor.rpc import protection
from karbor.rpc import transport


@pytest.fixture
def service(conf, database, monkeypatch):
    """The API as a daemon runs it; nothing of it is started."""
    monkeypatch.setattr(policy, '_enforcer', None)
    monkeypatch.setattr(protection, '_client', None)
    monkeypatch.setattr(transport, '_url', 'fake:/')
    conf.set_override('auth_strategy', 'noauth')
    conf.set_override('port', 0, 'api')
    made = ApiService(conf)
    yield made
    made.stop()
    made.wait()
    transport.cleanup()


def test_it_sets_itself_up_where_it_runs(service):
    # what came before the fork is of no use after it
    assert policy._enforcer is None
    service.start()
    assert policy._enforcer is not None
    base = f'http://127.0.0.1:{service.port}/v1'
    assert requests.get(base, timeout=60).status_code == 200
    answer = requests.get(f'{base}/p/plans', timeout=60,
                          headers={'X-Auth-Token': 'u:p'})
    assert answer.json() == {'plans': []}


def test_a_port_in_use_is_said_at_once(service, conf):
    conf.set_override('port', service.port, 'api')
    with pytest.raises(OSError, match='in use'):
        ApiService(conf)


def test_options_are_read_again(service, conf, monkeypatch):
    read = []
    monkeypatch.setattr(conf, 'mutate_config_files',
                        lambda: read.append(True))
    service.reset()
    assert read == [True]
