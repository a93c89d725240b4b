# SPDX-License-Identifier: Apache-2.0
"""What cannot be found out completely is an error, and never waited for."""

import threading

import pytest

from karbor import plugin
from karbor.tests.faults import Crash
from karbor.tests.faults import Faults
from karbor.tests.unit.protection import lab as labs
from karbor.tests.unit.protection.lab import APP
from karbor.tests.unit.protection.lab import DISK


@pytest.fixture
def blocked():
    """Something that answers when the test is over."""
    event = threading.Event()
    yield event
    event.set()


def ended(lab, monkeypatch, method, answer):
    """A protect operation in which a method of all plugins is another one."""
    checkpoint_id = lab.ask_protect()
    with monkeypatch.context() as patch:
        patch.setattr(labs.Things, method, answer)
        assert lab.process().work() is None
    return lab.operation('protect', checkpoint_id)


def check_failed(lab, operation):
    assert operation.status == 'error'
    row = lab.checkpoint(operation.checkpoint_id)
    assert (row.status, row.sealed, row.status_reason) == (
        'error', False, operation.reason)
    assert operation.resources == ()
    assert lab.log == []
    manifest = lab.store.read_manifest(operation.checkpoint_id)
    assert (manifest.status, manifest.reason) == ('error', operation.reason)
    lab.delete(operation.checkpoint_id)


def fail(self, context, *asked):
    raise plugin.PluginError(reason='the cloud is away')


def fail_badly(self, context, *asked):
    raise ConnectionResetError('by peer')


@pytest.mark.parametrize('method', ['show', 'dependents'])
@pytest.mark.parametrize(('way', 'said'), [
    (fail, 'the cloud is away'),
    (fail_badly, 'cannot be looked up: ConnectionResetError: by peer')])
def test_a_plugin_that_fails(lab, quiet, monkeypatch, method, way, said):
    operation = ended(lab, monkeypatch, method, way)
    assert said in operation.reason
    check_failed(lab, operation)


@pytest.mark.parametrize('method', ['show', 'dependents'])
def test_a_plugin_that_hangs(lab, conf, monkeypatch, blocked, method):
    conf.set_override('discovery_timeout', 1, 'protection')

    def hang(self, context, *asked):
        blocked.wait()
        raise plugin.PluginError(reason='nobody hears it')

    operation = ended(lab, monkeypatch, method, hang)
    assert 'not known after 1 seconds' in operation.reason
    check_failed(lab, operation)


def test_half_an_answer_about_what_is_named(lab, monkeypatch):
    """The second page was lost."""
    lab.world[APP, 'other'] = b'another app'
    plan = lab.plan(plugin.Resource(APP, 'app'), plugin.Resource(APP, 'other'))
    monkeypatch.setattr(lab, '_usual_plan', plan, raising=False)

    def half(self, context, ids):
        return {id_: self._make(id_) for id_ in list(ids)[:1]}

    monkeypatch.setattr(labs.Things, 'find', half)
    checkpoint_id = lab.ask_protect()
    assert lab.process().work() is None
    operation = lab.operation('protect', checkpoint_id)
    assert f'{APP} other does not exist' in operation.reason
    check_failed(lab, operation)


def test_half_an_answer_about_what_they_depend_on(lab, quiet, monkeypatch):
    operation = ended(lab, monkeypatch, 'dependents',
                      lambda self, context, parents: {})
    assert operation.reason == (
        f'{DISK} cannot be looked up: ValueError: there is no answer for '
        f'{APP} app')
    check_failed(lab, operation)


def test_a_user_need_not_wait_for_it(lab, monkeypatch, blocked):
    process = lab.process()
    checkpoint_id = lab.ask_protect()

    def hang(self, context, ids):
        process.runs[0].cancel('u')
        blocked.wait()

    monkeypatch.setattr(labs.Things, 'find', hang)
    assert process.work() is None
    operation = lab.operation('protect', checkpoint_id)
    assert (operation.status, operation.reason) == (
        'cancelled', 'Cancelled by u.')
    lab.delete(checkpoint_id)


def test_a_death_in_it_is_one_of_the_process(lab, monkeypatch):
    faults = Faults(1, Crash(), on=['ask'])
    real = labs.Things.show

    def ask(self, *args):
        with faults.call('ask'):
            return real(self, *args)

    checkpoint_id = lab.ask_protect()
    with monkeypatch.context() as patch:
        patch.setattr(labs.Things, 'show', ask)
        with pytest.raises(Crash):
            lab.process(faults).work()
    lab.expire()
    assert lab.process().work() is None
    lab.check_available(checkpoint_id)
