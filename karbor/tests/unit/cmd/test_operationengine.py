# SPDX-License-Identifier: Apache-2.0
"""karbor-operationengine."""

from karbor.cmd import operationengine
from karbor.operationengine.service import OperationEngineService
from karbor.tests.unit.cmd import daemons


def test_it_runs_its_service_in_so_many_workers(run, host, monkeypatch):
    with host.conf.open('a') as file:
        file.write('[operationengine]\nworkers = 3\n')
    service, workers = daemons.start(monkeypatch, run, operationengine.main)
    assert isinstance(service, OperationEngineService)
    assert workers == 3
