# SPDX-License-Identifier: Apache-2.0
"""karbor-protection."""

from karbor.cmd import protection
from karbor.protection.service import ProtectionService
from karbor.tests.unit.cmd import daemons


def test_it_runs_its_service_in_so_many_workers(run, host, monkeypatch):
    with host.conf.open('a') as file:
        file.write('workers = 3\n')
    service, workers = daemons.start(monkeypatch, run, protection.main)
    assert isinstance(service, ProtectionService)
    assert workers == 3
