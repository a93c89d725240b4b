# SPDX-License-Identifier: Apache-2.0
"""The whole service in this process, over the bus in memory."""

import threading

from oslo_service import _options
import pytest

from karbor import context as karbor_context
from karbor import exception
from karbor import service as karbor_service
from karbor.actions import checkpoints
from karbor.actions import plans
from karbor.actions import providers
from karbor.db import checkpoints as db
from karbor.db import services
from karbor.plugin import Resource
from karbor.protection import service
from karbor.protection import worker
from karbor.rpc import protection as rpc
from karbor.rpc import transport
from karbor.tests.unit.protection import lab as labs
from karbor.tests.unit.protection.test_worker import MOMENT
from karbor.tests.unit.protection.test_worker import Watched

FILE = """[provider]
name = {name}
id = {id}
bank = karbor-fs-bank-plugin
plugin = karbor-noop-protection-plugin
operations = 8
[file_system_bank_plugin]
file_system_bank_path = {path}
"""
OTHER = 'b766f37c-d011-4026-8228-28730d734a3f'


@pytest.fixture
def add_provider(conf, tmp_path):
    directory = tmp_path / 'providers.d'
    directory.mkdir()
    conf.set_override('provider_config_dir', str(directory), 'protection')

    def add(name, id_):
        (directory / f'{name}.conf').write_text(FILE.format(
            name=name, id=id_, path=tmp_path / name))

    yield add
    conf.clear_override('provider_config_dir', 'protection')


@pytest.fixture
def running(conf, database, add_provider, monkeypatch):
    """The service, and the user's side of the bus."""
    conf.register_opts(_options.service_opts)
    # the first heartbeat is the only one
    conf.set_override('service_heartbeat_interval', 1000)
    options = {'project_operations': 3, 'type_threads': {'Karbor::Noop': 1}}
    for name, value in options.items():
        conf.set_override(name, value, 'protection')
    monkeypatch.setattr(karbor_service, '_ready_in', None)
    monkeypatch.setattr(transport, '_url', 'local:///service-test')
    monkeypatch.setattr(worker, 'Worker', Watched)
    monkeypatch.setattr(rpc, '_client', None)
    add_provider('first', labs.PROVIDER)
    running = service.ProtectionService(conf)
    running.beaten = threading.Event()
    heartbeat = services.heartbeat

    def beat(*args):
        status = heartbeat(*args)
        running.beaten.set()
        return status

    monkeypatch.setattr(services, 'heartbeat', beat)
    running.start()
    yield running
    if not running._ended.is_set():
        running.stop()
    for name in options:
        conf.clear_override(name, 'protection')
    transport.cleanup()


def test_it_answers_and_works(running):
    context = labs.user()
    [provider] = providers.list_(context)
    assert provider['id'] == labs.PROVIDER
    plan = plans.create(
        context, name='p', provider_id=labs.PROVIDER, parameters={},
        resources=[Resource('Karbor::Noop', 'a')])
    checkpoint = checkpoints.create(context, labs.PROVIDER, plan.id)
    # the message is enough: the worker looks by itself only now and then
    running._worker.wait_for()
    assert db.get(context, labs.PROVIDER,
                  checkpoint.id).status == 'available'
    with pytest.raises(exception.ProtectableTypeNotFound):
        rpc.client().instances(context, 'X', {})


def test_it_is_in_the_list_of_services(running):
    assert running.beaten.wait(MOMENT)
    [row] = services.list_(karbor_context.system(), 60)
    assert row.binary == 'karbor-protection'
    assert row.limits == {'project': 3, 'providers': {labs.PROVIDER: 8}}


def test_a_type_has_threads_of_its_own(running):
    assert running._shop.own.keys() == {'Karbor::Noop'}
    assert running._shop.own['Karbor::Noop'] is not running._shop.executor


def test_who_was_disabled_works_when_he_is_enabled(running, monkeypatch):
    """The heartbeat is asked before a claim, and wakes the worker."""
    asked = threading.Semaphore(0)
    real = running._worker._may_begin

    def may_begin():
        answer = real()
        asked.release()
        return answer

    monkeypatch.setattr(running._worker, '_may_begin', may_begin)
    assert running.beaten.wait(MOMENT)
    running._heartbeat._learn('disabled')
    running._worker.wake()
    # whatever it was about to do, it asks once more
    assert asked.acquire(timeout=MOMENT)
    context = labs.user()
    plan = plans.create(
        context, name='p', provider_id=labs.PROVIDER, parameters={},
        resources=[Resource('Karbor::Noop', 'a')])
    checkpoint = checkpoints.create(context, labs.PROVIDER, plan.id)
    # the message has come
    assert asked.acquire(timeout=MOMENT)
    assert db.get(context, labs.PROVIDER,
                  checkpoint.id).status == 'protecting'
    running._heartbeat._learn('enabled')
    running._worker.wait_for()
    assert db.get(context, labs.PROVIDER,
                  checkpoint.id).status == 'available'


def test_a_reload_brings_new_providers(running, add_provider):
    before = running._shop
    add_provider('second', OTHER)
    running.reset()
    assert {p['id'] for p in providers.list_(labs.user())} == {
        labs.PROVIDER, OTHER}
    assert running._shop is not before
    assert running._worker._shop is running._shop


def test_stop_ends_what_start_began(running):
    waiting = threading.Thread(target=running.wait, daemon=True)
    waiting.start()
    running.stop()
    waiting.join(MOMENT)
    assert not waiting.is_alive()
    assert not running._heartbeat._thread.is_alive()
    assert not running._worker._threads[0].is_alive()


def test_sigterm_before_the_start_is_no_failure(conf, monkeypatch):
    """Nothing has begun, and nothing begins then."""
    begun = []
    monkeypatch.setattr(karbor_service, 'set_up', begun.append)
    early = service.ProtectionService(conf)
    early.stop()
    early.start()
    early.wait()
    assert begun == []


def test_work_is_given_up_before_the_bus_is_left(running, monkeypatch):
    """A bus that is away may never let go."""
    order = []
    for name, part in (('work', running._worker), ('bus', running._server)):
        def stop(*args, name=name, real=part.stop):
            order.append(name)
            real(*args)
        monkeypatch.setattr(part, 'stop', stop)
    running.stop()
    assert order == ['work', 'bus']
