# SPDX-License-Identifier: Apache-2.0
"""karbor-standalone."""

import stat

from karbor.api.service import ApiService
from karbor.cmd import standalone
from karbor.db import migration
from karbor.db import session
from karbor.operationengine.service import OperationEngineService
from karbor.protection.service import ProtectionService
from karbor.rpc import transport
from karbor.tests.unit.cmd import daemons


def test_all_daemons_on_a_bus_in_memory(run, host, conf, tmp_path,
                                        monkeypatch):
    monkeypatch.setattr(transport, '_url', None)
    with host.conf.open('a') as file:
        file.write('[api]\nport = 0\n'
                   '[DEFAULT]\ntransport_url = rabbit://nowhere/\n')
    service, workers = daemons.start(monkeypatch, run, standalone.main)
    parts = [make() for make in service._make]
    try:
        assert [type(part) for part in parts] == [
            ProtectionService, OperationEngineService, ApiService]
        # the bus is in memory, so everybody is in one process
        assert workers == 1
        assert transport._url == 'local://'
        assert list(tmp_path.rglob(standalone.KEY))
        # nothing is open that a fork would copy
        assert session._facade is None
    finally:
        parts[-1].stop()
    conf(['--config-file', str(host.conf)], default_config_files=[])
    session.init(conf)
    assert migration.version() == migration.head()


def test_the_key_of_webhooks_is_made_once(conf, tmp_path):
    conf.set_override('state_path', str(tmp_path / 'new' / 'state'))
    key = standalone.webhook_key(conf)
    assert len(key) == 64
    assert standalone.webhook_key(conf) == key
    [file] = (tmp_path / 'new' / 'state').iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_text() == f'{key}\n'
    conf.set_override('state_path', str(tmp_path / 'other'))
    assert standalone.webhook_key(conf) != key


def test_a_key_that_is_configured_is_used(run, host, tmp_path, monkeypatch):
    monkeypatch.setattr(transport, '_url', None)
    with host.conf.open('a') as file:
        file.write(f'[api]\nport = 0\n[events]\nwebhook_keys = {"k" * 32}\n')
    service, _workers = daemons.start(monkeypatch, run, standalone.main)
    service._make[-1]().stop()
    assert not list(tmp_path.rglob(standalone.KEY))
