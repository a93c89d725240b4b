# SPDX-License-Identifier: Apache-2.0
"""Messages that are lost, doubled or late change nothing."""

import pytest

from karbor.protection.worker import Worker
from karbor.rpc import protection as rpc
from karbor.tests.faults import Faults
from karbor.tests.faults import FaultyClient
from karbor.tests.faults import LATER
from karbor.tests.faults import TWICE
from karbor.tests.unit.protection import lab as labs

MOMENT = 60         # much longer than anything here takes


class Client(labs.Client):
    """Tells a worker in this process."""

    worker = None

    def run(self, context, operation_id):
        super().run(context, operation_id)
        self.worker.wake()

    def cancel(self, context, operation_id):
        self.worker.cancel(operation_id)


class Watched(Worker):
    """Tells when it looks for work in vain."""

    def _claim_all(self, context):
        super()._claim_all(context)
        with self._changed:
            self.looked = not self._running
            self._changed.notify_all()

    def wait(self):
        """Until there is nothing to do, and nothing runs."""
        with self._changed:
            self.looked = False
        self.wake()
        with self._changed:
            assert self._changed.wait_for(lambda: self.looked, MOMENT)


@pytest.fixture
def bus(lab, conf, monkeypatch):
    """Makes the bus fail at a message."""
    for name in ('poll_interval', 'lease', 'progress_interval'):
        conf.set_override(name, 1000, 'protection')
    worker = Watched(lab.process(threads=2).shop)
    client = Client(lab)
    client.worker = worker
    worker.start()

    def fail(*args, **kwargs):
        faults = Faults(*args, on=['cast'], **kwargs)
        monkeypatch.setattr(rpc, '_client', FaultyClient(client, faults))
        faults.worker = worker
        return faults
    yield fail
    worker.stop(MOMENT)
    for name in ('poll_interval', 'lease', 'progress_interval'):
        conf.clear_override(name, 'protection')


@pytest.mark.parametrize(('error', 'after'), [
    (TWICE, False), (LATER, False), (OSError('no route'), False),
    (OSError('no route'), True)])
def test_what_is_asked_for_is_done_once(lab, bus, error, after):
    faults = bus(1, error, after=after)
    checkpoint_id = lab.ask_protect()
    assert faults.hit
    faults.worker.wait()        # it looks by itself now and then
    lab.check_available(checkpoint_id)
    before = list(lab.log)
    faults.deliver()
    faults.worker.wait()
    assert lab.log == before
    operation = lab.operation('protect', checkpoint_id)
    assert (operation.status, operation.attempt) == ('success', 1)


@pytest.mark.parametrize('error', [TWICE, LATER, OSError('no route')])
def test_a_wish_to_cancel_is_taken_once(lab, bus, error):
    """The database has it, and the worker asks when its lease is due."""
    faults = bus(2, error)      # the first asks for the checkpoint

    def trick(step):
        # from within, so that it runs for sure
        if not faults.hit:
            assert lab.ask_cancel(
                'protect', step.checkpoint_id) in ('running', 'cancelled')
        faults.worker._prolong(faults.worker._held())

    lab.tricks['protect', 'on_prepare_finish', 'app'] = trick
    checkpoint_id = lab.ask_protect()
    faults.worker.wait()
    assert faults.hit
    faults.deliver()
    operation = lab.operation('protect', checkpoint_id)
    assert (operation.status, operation.attempt) == ('cancelled', 1)
    assert lab.checkpoint(checkpoint_id).status == 'error'
