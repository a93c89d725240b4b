# SPDX-License-Identifier: Apache-2.0
"""karbor-standalone."""

from karbor.api.service import ApiService
from karbor.cmd import standalone
from karbor.db import migration
from karbor.db import session
from karbor.operationengine.service import OperationEngineService
from karbor.protection.service import ProtectionService
from karbor.rpc import transport
from karbor.tests.unit.cmd import daemons


def test_all_daemons_on_a_bus_in_memory(run, host, conf, monkeypatch):
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
        # nothing is open that a fork would copy
        assert session._facade is None
    finally:
        parts[-1].stop()
    conf(['--config-file', str(host.conf)], default_config_files=[])
    session.init(conf)
    assert migration.version() == migration.head()
