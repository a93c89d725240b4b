# SPDX-License-Identifier: Apache-2.0
"""karbor-operationengine as a service."""

import threading

import pytest

from karbor.db import services
from karbor.operationengine import engine as engine_module
from karbor.operationengine import scheduler
from karbor.operationengine import service

PATIENCE = 60


@pytest.fixture
def engine(conf, monkeypatch):
    """An engine whose process is set up; it is ended afterwards."""
    monkeypatch.setattr(service.karbor_service, 'set_up', lambda conf: None)
    conf.set_override('host', 'h')
    # longer than any test: a beat that is seen is the first one
    conf.set_override('service_heartbeat_interval', 1000)
    engine = service.OperationEngineService(conf)
    yield engine
    conf.clear_override('host')
    conf.clear_override('service_heartbeat_interval')
    if not engine._ended.is_set():
        engine.stop()


def test_it_beats_at_once(engine, monkeypatch):
    seen, beat = [], threading.Event()

    def heartbeat(context, host, binary, *more, **others):
        seen.append((context.is_system, host, binary))
        beat.set()
        return 'enabled'

    monkeypatch.setattr(services, 'heartbeat', heartbeat)
    engine.start()
    assert beat.wait(PATIENCE)
    engine.stop()
    assert seen == [(True, 'h', 'karbor-operationengine')]


@pytest.mark.parametrize(('status', 'may'), [('enabled', True),
                                             ('disabled', False)])
def test_it_fires_nothing_when_it_is_disabled(engine, monkeypatch, status,
                                              may):
    monkeypatch.setattr(services, 'heartbeat', lambda *args: status)
    monkeypatch.setattr(services, 'status', lambda *args: status)
    monkeypatch.setattr(scheduler.Scheduler, 'start', lambda self: None)
    monkeypatch.setattr(scheduler.Scheduler, 'shutdown',
                        lambda self, wait: None)
    engine.start()
    assert engine._engine._may_begin() is may


def test_its_end_waits_for_the_job_that_runs(engine, monkeypatch):
    begun, go_on, calls = threading.Event(), threading.Event(), []

    def look(self):
        begun.set()
        go_on.wait(PATIENCE)
        calls.append('job')

    monkeypatch.setattr(services, 'heartbeat', lambda *args: 'enabled')
    monkeypatch.setattr(engine_module.Engine, 'look', look)
    monkeypatch.setattr(engine_module.Engine, 'tidy', lambda self: None)
    engine.start()
    assert begun.wait(PATIENCE)

    def wait():
        engine.wait()
        calls.append('end')

    waiting = threading.Thread(target=wait)
    waiting.start()
    stopping = threading.Thread(target=engine.stop)
    stopping.start()
    go_on.set()
    for thread in (stopping, waiting):
        thread.join(PATIENCE)
    assert calls == ['job', 'end']


def test_a_reset_reads_the_files_again(engine, conf, monkeypatch):
    calls = []
    monkeypatch.setattr(type(conf), 'mutate_config_files',
                        lambda self: calls.append('read'))
    engine.reset()
    assert calls == ['read']
    monkeypatch.setattr(services, 'heartbeat', lambda *args: 'enabled')
    engine.start()


def test_sigterm_before_the_start_is_no_failure(engine):
    """Nothing has begun, and nothing begins then."""
    engine.stop()
    engine.start()
    engine.wait()
    assert engine._engine is None
