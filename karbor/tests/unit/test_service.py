# SPDX-License-Identifier: Apache-2.0
"""What the daemons have in common."""

import os
import threading

from oslo_service import service as oslo_service
import pytest
import requests

from karbor import service
from karbor.db import services
from karbor.metrics import instruments
from karbor.rpc import notifications
from karbor.tests import ports

PATIENCE = 60


class Beats:
    """Stands for the table of services.

    :ivar seen: (host, binary) of each heartbeat
    :ivar now: the status that is read
    :ivar asked: how often it was read without a heartbeat
    """

    def __init__(self, fail=0):
        self.seen = []
        self.asked = 0
        self.now = 'enabled'
        self.fail = fail
        self.changed = threading.Condition()

    def heartbeat(self, context, host, binary, limits):
        with self.changed:
            self.limits = limits
            self.seen.append((host, binary))
            self.changed.notify_all()
            if len(self.seen) <= self.fail:
                raise RuntimeError('the database is away')
            return self.now

    def status(self, context, host, binary):
        self.asked += 1
        if self.asked <= self.fail:
            raise RuntimeError('the database is away')
        return self.now

    def wait_for(self, count):
        with self.changed:
            return self.changed.wait_for(lambda: len(self.seen) >= count,
                                         PATIENCE)


class Conf:
    host = 'h'
    # longer than any test: a beat that is seen is the first one
    service_heartbeat_interval = 1000


class FastConf(Conf):
    service_heartbeat_interval = 0.001


def test_a_heartbeat_comes_at_once_and_ends_at_once(monkeypatch):
    beats = Beats()
    monkeypatch.setattr(services, 'heartbeat', beats.heartbeat)
    heart = service.Heartbeat(Conf, 'karbor-x')
    heart.start()
    assert beats.wait_for(1)
    heart.stop()
    assert not heart._thread.is_alive()
    assert beats.seen == [('h', 'karbor-x')]


def test_a_heart_outlives_its_database(monkeypatch, caplog):
    beats = Beats(fail=2)
    monkeypatch.setattr(services, 'heartbeat', beats.heartbeat)
    heart = service.Heartbeat(FastConf, 'karbor-x')
    heart.start()
    assert beats.wait_for(4)
    heart.stop()
    assert caplog.text.count('heartbeat of karbor-x could not be') == 2
    assert 'the database is away' in caplog.text


@pytest.fixture
def table(monkeypatch):
    """Its daemon is disabled."""
    beats = Beats()
    beats.now = 'disabled'
    monkeypatch.setattr(services, 'heartbeat', beats.heartbeat)
    monkeypatch.setattr(services, 'status', beats.status)
    return beats


def test_a_restart_enables_nothing(table, caplog):
    """Before the first heartbeat the table is asked, once."""
    heart = service.Heartbeat(Conf, 'karbor-x')
    for _time in range(3):
        assert not heart.may_begin()
    assert table.asked == 1
    assert table.seen == []
    assert caplog.text.count('karbor-x of this host is disabled') == 1


def test_what_is_not_known_is_no_permission(table):
    table.fail = 1
    heart = service.Heartbeat(Conf, 'karbor-x')
    with pytest.raises(RuntimeError, match='the database is away'):
        heart.may_begin()
    assert not heart.may_begin()


def test_a_change_is_seen_with_a_heartbeat_and_told_once(table, caplog):
    told = threading.Semaphore(0)
    heart = service.Heartbeat(FastConf, 'karbor-x', told.release)
    heart.start()
    assert table.wait_for(2)
    assert not heart.may_begin()
    table.now = 'enabled'
    assert told.acquire(timeout=PATIENCE)
    assert heart.may_begin()
    assert table.wait_for(len(table.seen) + 2)
    heart.stop()
    assert not told.acquire(blocking=False)
    assert table.asked == 0
    assert caplog.text.count('karbor-x of this host is disabled') == 1


def test_an_enabled_daemon_is_told_nothing(table):
    table.now = 'enabled'
    told = []
    heart = service.Heartbeat(FastConf, 'karbor-x', lambda: told.append(1))
    assert heart.may_begin()
    heart.start()
    assert table.wait_for(3)
    assert heart.may_begin()
    heart.stop()
    assert told == []


def test_what_was_known_holds_while_the_database_is_away(table):
    heart = service.Heartbeat(FastConf, 'karbor-x')
    assert not heart.may_begin()
    table.fail, table.now = 10 ** 9, 'enabled'
    heart.start()
    assert table.wait_for(3)
    assert not heart.may_begin()
    table.fail = 0
    # the one that was under way may still have failed
    assert table.wait_for(len(table.seen) + 3)
    assert heart.may_begin()
    heart.stop()


@pytest.fixture
def connected(monkeypatch):
    """What `set_up` connects, in order."""
    seen = []
    monkeypatch.setattr(service, '_ready_in', None)
    for module, name in (('session', 'init'), ('policy', 'init'),
                         ('transport', 'init'), ('rpc_protection', 'reset')):
        monkeypatch.setattr(
            getattr(service, module), name,
            lambda *args, module=module: seen.append(module))
    return seen


def test_a_process_is_set_up_once(connected, monkeypatch):
    every = ['session', 'policy', 'transport', 'rpc_protection']
    service.set_up(None)
    service.set_up(None)
    assert connected == every
    # connections do not survive a fork
    monkeypatch.setattr(os, 'getpid', lambda: -1)
    service.set_up(None)
    assert connected == every * 2


class Part:
    def __init__(self, name, calls):
        self.name, self.calls = name, calls
        calls.append(f'made {name}')

    def __getattr__(self, act):
        return lambda *args: self.calls.append(f'{act} {self.name}')


def test_parts_begin_in_order_and_end_in_reverse():
    calls = []
    whole = service.Composite([lambda name=name: Part(name, calls)
                               for name in 'ab'])
    # made where they are to run: after the fork
    assert calls == []
    whole.start()
    assert calls == ['made a', 'start a', 'made b', 'start b']
    calls.clear()
    whole.reset()
    whole.stop()
    whole.wait()
    assert calls == ['reset a', 'reset b', 'stop b', 'stop a', 'wait a',
                     'wait b']


def test_what_began_is_ended_when_the_next_cannot_begin():
    """So that the process does not hang on the threads of the first."""
    calls = []

    def broken():
        raise OSError('port in use')

    whole = service.Composite([lambda: Part('a', calls), broken])
    with pytest.raises(OSError, match='port in use'):
        whole.start()
    whole.stop()
    assert calls == ['made a', 'start a', 'stop a']


def test_what_is_stopped_before_its_start_does_not_begin():
    """SIGTERM may come first."""
    calls = []
    whole = service.Composite([lambda: Part('a', calls)])
    whole.stop()
    whole.start()
    whole.wait()
    assert calls == []


class Launcher:
    """Stands for the launcher; ends with a status."""

    ended = None

    def __init__(self, conf, restart_method):
        self.seen = [restart_method]
        Launcher.last = self

    def launch_service(self, instance, workers):
        self.seen += [instance, workers]

    def wait(self):
        return self.ended


@pytest.fixture
def named(monkeypatch):
    """What this process is called is forgotten after the test."""
    for name in ('_binary', '_listeners', '_worker'):
        monkeypatch.setattr(service, name, getattr(service, name))
    yield
    for listener in service._listeners:
        listener.close()
    notifications.publish_as('karbor')


@pytest.mark.parametrize(('ended', 'status'), [(None, 0), (0, 0), (1, 1)])
def test_the_status_of_a_daemon(conf, named, monkeypatch, ended, status):
    monkeypatch.setattr(service, 'Launcher', Launcher)
    monkeypatch.setattr(Launcher, 'ended', ended)
    assert service.launch(conf, 'karbor-api', 'instance', 2) == status
    # options are read again on SIGHUP, and no worker ends for it
    assert Launcher.last.seen == ['mutate', 'instance', 2]


def test_a_reload_happens_in_the_worker(monkeypatch, named):
    hooks = {}

    class Manager:
        def register_hooks(self, **given):
            hooks.update(given)

    class Wrapper:
        class service_instance:  # noqa: N801 - an attribute of the library
            reset = 'reset of the service'

    monkeypatch.setattr(oslo_service.ServiceLauncher, 'launch_service',
                        lambda self, instance, workers: None)
    launcher = object.__new__(service.Launcher)
    launcher._manager = Manager()
    launcher.launch_service(None)
    wrapper = Wrapper()
    hooks['on_new_worker'](None, 1, wrapper)
    assert wrapper.reload == 'reset of the service'
    assert service._worker == 1


@pytest.fixture
def launched(conf, named, monkeypatch):
    """Launches a daemon of two processes that shows metrics; the port."""
    monkeypatch.setattr(service, 'Launcher', Launcher)
    port = ports.free(2)
    conf.set_override('protection_port', port, 'metrics')
    conf.set_override('operationengine_port', port, 'metrics')

    def launch(binary='karbor-protection'):
        assert service.launch(conf, binary, 'instance', 2) == 0
        return port
    return launch


def shown(port, path='/metrics'):
    return requests.get(f'http://127.0.0.1:{port}{path}', timeout=PATIENCE)


@pytest.mark.parametrize('worker', [0, 1])
def test_each_process_shows_its_metrics_on_its_port(
        launched, connected, monkeypatch, conf, worker):
    port = launched()
    monkeypatch.setattr(service, '_worker', worker)
    service.set_up(conf)
    text = shown(port + worker).text
    assert 'binary="karbor-protection"' in text
    assert 'karbor_database_up' not in text
    # that of the other process is not its business
    with pytest.raises(requests.ConnectionError):
        shown(port + 1 - worker)


@pytest.mark.parametrize('worker', [0, 1])
def test_one_process_of_the_engine_shows_what_the_database_knows(
        launched, monkeypatch, conf, database, worker):
    for module, name in (('policy', 'init'), ('transport', 'init')):
        monkeypatch.setattr(getattr(service, module), name, lambda *_a: None)
    monkeypatch.setattr(service, '_ready_in', None)
    registered = []
    monkeypatch.setattr(instruments.REGISTRY, 'register', registered.append)
    port = launched('karbor-operationengine')
    monkeypatch.setattr(service, '_worker', worker)
    service.set_up(conf)
    assert shown(port + worker).ok
    assert len(registered) == (1 if worker == 0 else 0)
    for collector in registered:
        up = next(iter(collector.collect()))
        assert (up.name, up.samples[0].value) == ('karbor_database_up', 1)


def test_without_a_port_there_are_no_metrics(conf, named, monkeypatch):
    monkeypatch.setattr(service, 'Launcher', Launcher)
    service.launch(conf, 'karbor-protection', 'instance', 2)
    assert service._listeners == []


def test_a_port_in_use_is_said_before_anything_begins(launched):
    port = launched()
    Launcher.last = None
    with pytest.raises(SystemExit) as caught:
        launched('karbor-operationengine')
    assert str(caught.value) == (
        f'karbor-operationengine: [metrics] operationengine_port = {port}: '
        f'cannot listen on port {port} of 127.0.0.1: Address already in use')
    assert Launcher.last is None


def test_a_heartbeat_tells_the_limits_of_now(monkeypatch):
    beats = Beats()
    monkeypatch.setattr(service, 'services', beats)
    numbers = iter(range(1000))
    heart = service.Heartbeat(FastConf, 'karbor-x',
                              limits=lambda: {'project': next(numbers)})
    heart.start()
    assert beats.wait_for(3)
    heart.stop()
    assert beats.limits['project'] >= 2
