# SPDX-License-Identifier: Apache-2.0
"""karbor-api."""

from karbor.api.service import ApiService
from karbor.cmd import api
from karbor.tests.unit.cmd import daemons


def test_it_runs_its_service_in_so_many_workers(run, host, monkeypatch):
    with host.conf.open('a') as file:
        file.write('[api]\nport = 0\nworkers = 3\n')
    service, workers = daemons.start(monkeypatch, run, api.main)
    try:
        assert isinstance(service, ApiService)
        # bound before the workers are forked, so that they share it
        assert service.port > 0
        assert workers == 3
    finally:
        service.stop()
