# SPDX-License-Identifier: Apache-2.0
"""The threads of a process: claims, heartbeats, giving up."""

import threading
import time

import pytest

from karbor import context as karbor_context
from karbor import exception
from karbor.db import operations
from karbor.plugin import Cancelled
from karbor.protection import run as runs
from karbor.protection import work
from karbor.protection.worker import Worker

MOMENT = 60         # much longer than anything here takes


class Watched(Worker):
    """Tells when an operation has been left, however it ended."""

    def __init__(self, shop, *args):
        super().__init__(shop, *args)
        self.left = threading.Semaphore(0)

    def _carry_out(self, operation, asked_at):
        try:
            super()._carry_out(operation, asked_at)
        finally:
            self.left.release()

    def wait_for(self, count=1):
        for _operation in range(count):
            assert self.left.acquire(timeout=MOMENT)


class Ticks:
    """An event for which somebody waits so many times in vain."""

    def __init__(self, count):
        self.left = count

    def wait(self, timeout=None):
        self.left -= 1
        return self.left < 0

    def set(self):
        self.left = 0


class Gate:
    """Holds a hook up until the test lets it go on."""

    def __init__(self):
        self.reached = threading.Event()
        self.opened = threading.Event()

    def __call__(self, step):
        self.reached.set()
        assert self.opened.wait(MOMENT)


@pytest.fixture
def settings(conf):
    """No thread looks for anything by itself."""
    for name, value in (('poll_interval', 1000), ('lease', 1000),
                        ('progress_interval', 1000), ('operations', 2)):
        conf.set_override(name, value, 'protection')
    yield conf
    for name in ('poll_interval', 'lease', 'progress_interval',
                 'operations'):
        conf.clear_override(name, 'protection')


@pytest.fixture
def start(lab, settings):
    started = []

    def start(process=None):
        worker = Watched((process or lab.process(threads=2)).shop)
        worker.start()
        started.append(worker)
        return worker

    yield start
    for worker in started:
        worker.stop(MOMENT)


@pytest.fixture
def waiting(lab, start):
    """A checkpoint that is being made, whose hook waits to be told."""
    reached = threading.Event()

    def trick(step):
        reached.set()
        step.sleep(MOMENT)

    lab.tricks['protect', 'on_main', 'disk'] = trick
    checkpoint_id = lab.ask_protect()
    worker = start()
    assert reached.wait(MOMENT)
    return worker, checkpoint_id


def test_a_wish_to_cancel_is_told_over_the_bus(lab, waiting):
    worker, checkpoint_id = waiting
    lab.client.workers.append(worker)
    assert lab.ask_cancel('protect', checkpoint_id) == 'running'
    worker.wait_for()
    assert lab.operation('protect', checkpoint_id).status == 'cancelled'
    assert lab.checkpoint(checkpoint_id).status == 'error'


def test_a_wish_to_cancel_is_found_with_the_heartbeat(lab, waiting):
    """Nobody is told over the bus."""
    worker, checkpoint_id = waiting
    assert lab.ask_cancel('protect', checkpoint_id) == 'running'
    worker._prolong(worker._held())
    worker.wait_for()
    assert lab.operation('protect', checkpoint_id).status == 'cancelled'


def test_a_word_without_a_wish_cancels_nothing(lab, waiting):
    """The database says what is to end, not the bus."""
    worker, checkpoint_id = waiting
    for operation_id in ('another', lab.operation('protect',
                                                  checkpoint_id).id):
        worker.cancel(operation_id)
    [run] = worker._held()
    assert run.halted is None
    lab.tricks.clear()
    worker.stop(MOMENT)
    start = lab.process()
    assert start.work() is None
    lab.check_available(checkpoint_id)


def test_a_worker_that_is_to_end_leaves_the_wish_to_the_next(lab, waiting):
    worker, checkpoint_id = waiting
    assert lab.ask_cancel('protect', checkpoint_id) == 'running'
    worker.stop(MOMENT)
    assert lab.operation('protect', checkpoint_id).status == 'queued'
    lab.tricks.clear()
    assert lab.process().work() is None
    assert lab.operation('protect', checkpoint_id).status == 'cancelled'
    assert ('protect', 'on_main', 'disk') not in lab.log


def test_what_is_being_cancelled_ends_so_though_the_worker_ends(lab, start):
    gate = lab.tricks['protect', 'on_main', 'disk'] = Gate()
    checkpoint_id = lab.ask_protect()
    worker = start()
    assert gate.reached.wait(MOMENT)
    lab.ask_cancel('protect', checkpoint_id)
    [run] = worker._held()
    worker.cancel(run.operation.id)
    assert run.halted == runs.CANCELLED
    worker.stop(0.01)
    gate.opened.set()
    worker.wait_for()
    assert lab.operation('protect', checkpoint_id).status == 'cancelled'


def test_what_waits_is_found_and_what_comes_is_told(lab, start):
    first = lab.ask_protect()
    worker = start()
    worker.wait_for()
    lab.check_available(first)
    second = lab.ask_protect()
    worker.wake()
    worker.wait_for()
    lab.check_available(second)
    operation = lab.operation('protect', first)
    assert operation.owner == worker.owner
    assert operation.owner.startswith(f'{lab.conf.host}:')


def test_who_may_begin_nothing_claims_nothing(lab, settings):
    """What it has goes on; what is new waits until it may, or for others."""
    gate = lab.tricks['protect', 'on_main', 'disk'] = Gate()
    running = lab.ask_protect()
    asked = threading.Semaphore(0)
    may = True

    def may_begin():
        asked.release()
        return may

    worker = Watched(lab.process(threads=2).shop, may_begin)
    worker.start()
    try:
        assert gate.reached.wait(MOMENT)
        # it has claimed the first and is looking for a second one
        for _time in range(2):
            assert asked.acquire(timeout=MOMENT)
        may = False
        worker.wake()
        assert asked.acquire(timeout=MOMENT)
        # what it knew before it was forbidden is used up
        waiting = lab.ask_protect(beside=True)
        worker.wake()
        assert asked.acquire(timeout=MOMENT)
        gate.opened.set()
        worker.wait_for()
        lab.check_available(running)
        # the end of the first has woken it once more, in vain
        assert asked.acquire(timeout=MOMENT)
        assert lab.operation('protect', waiting).status == 'queued'
        may = True
        worker.wake()
        worker.wait_for()
        lab.check_available(waiting)
    finally:
        worker.stop(MOMENT)


def test_without_an_answer_nothing_is_claimed(lab, settings, caplog):
    """The database is away, so nobody knows whether it may begin."""
    asked = threading.Semaphore(0)

    def may_begin():
        asked.release()
        raise RuntimeError('nobody knows')

    checkpoint_id = lab.ask_protect()
    worker = Watched(lab.process().shop, may_begin)
    worker.start()
    assert asked.acquire(timeout=MOMENT)
    worker.wake()
    assert asked.acquire(timeout=MOMENT)
    worker.stop(MOMENT)
    assert lab.operation('protect', checkpoint_id).status == 'queued'
    assert 'nobody knows' in caplog.text


def test_what_is_left_in_silence_is_taken_when_its_lease_ends(lab, start):
    """Nobody tells of it, and the next look by itself is far away."""
    checkpoint_id = lab.ask_protect()
    assert operations.claim(karbor_context.system(), 'dead', 3)
    start().wait_for()
    assert lab.operation('protect', checkpoint_id).attempt == 2
    lab.check_available(checkpoint_id)


def test_what_cannot_be_had_at_once_is_asked_for_again_soon(lab, settings):
    worker, context = Worker(lab.process().shop), karbor_context.system()
    assert worker._until_silence(context) == 1000
    lab.ask_protect()
    assert operations.claim(context, 'dead', -1)
    assert 0.1 < worker._until_silence(context) < 10


def test_no_two_workers_have_one_name(lab, settings):
    shop = lab.process().shop
    assert Worker(shop).owner != Worker(shop).owner


def test_stop_gives_up_what_runs_and_others_go_on_at_once(lab, start):
    reached = threading.Event()

    def trick(step):
        reached.set()
        step.sleep(MOMENT)

    lab.tricks['protect', 'on_main', 'disk'] = trick
    checkpoint_id = lab.ask_protect()
    worker = start()
    assert reached.wait(MOMENT)
    worker.stop(MOMENT)
    operation = lab.operation('protect', checkpoint_id)
    assert (operation.status, operation.owner, operation.crashes) == (
        'queued', None, 0)
    lab.tricks.clear()
    start().wait_for()
    lab.check_available(checkpoint_id)


def test_a_hook_that_does_not_notice_is_not_waited_for(lab, start):
    gate = lab.tricks['protect', 'on_main', 'disk'] = Gate()
    checkpoint_id = lab.ask_protect()
    worker = start()
    assert gate.reached.wait(MOMENT)
    worker.stop(0.01)
    # it is still held, until its lease runs out
    assert lab.operation('protect', checkpoint_id).status == 'running'
    gate.opened.set()
    worker.wait_for()


def test_what_is_claimed_while_it_stops_is_given_up(lab, settings):
    checkpoint_id = lab.ask_protect()
    worker = Watched(lab.process().shop)
    claimed = lab.claim(worker.owner)
    worker._running[claimed.id, claimed.attempt] = None
    worker._stopping.set()
    worker._carry_out(claimed, time.monotonic())
    assert lab.operation('protect', checkpoint_id).status == 'queued'
    assert worker._running == {}
    # and nothing more is claimed
    worker._claim_all(karbor_context.system())
    worker._dispatch()
    assert worker._running == {}


def test_no_more_is_claimed_than_it_may_work_on(lab, start, settings):
    settings.set_override('operations', 1, 'protection')
    gate = lab.tricks['protect', 'on_main', 'disk'] = Gate()
    first, second = lab.ask_protect(), lab.ask_protect()
    worker = start()
    assert gate.reached.wait(MOMENT)
    worker._claim_all(karbor_context.system())
    assert {lab.operation('protect', id_).status
            for id_ in (first, second)} == {'queued', 'running'}
    gate.opened.set()
    worker.wait_for(2)
    for checkpoint_id in (first, second):
        lab.check_available(checkpoint_id)


@pytest.mark.parametrize('error', [
    ZeroDivisionError(), SystemExit(1), Cancelled(),
    exception.LeaseLost(id='x', attempt=1)])
def test_an_operation_without_an_outcome_does_not_end_the_worker(
        lab, start, monkeypatch, error):
    def carry_out(*args):
        raise error

    checkpoint_id = lab.ask_protect()
    with monkeypatch.context() as patch:
        patch.setattr(work, 'carry_out', carry_out)
        worker = start()
        worker.wait_for()
    assert lab.operation('protect', checkpoint_id).status == 'running'
    lab.expire()
    worker.wake()
    worker.wait_for()
    lab.check_available(checkpoint_id)


def test_a_database_that_is_away_is_asked_again(lab, start, monkeypatch):
    asked = threading.Event()

    def claim(*args):
        asked.set()
        raise OSError('gone')

    checkpoint_id = lab.ask_protect()
    with monkeypatch.context() as patch:
        patch.setattr(operations, 'claim', claim)
        worker = start()
        assert asked.wait(MOMENT)
    worker.wake()
    worker.wait_for()
    lab.check_available(checkpoint_id)


class FakeRun:
    """As much of a run as heartbeats and reports need."""

    def __init__(self, operation, error=None):
        self.operation = operation
        self.error = error
        self.told = []
        self.halted = None

    def prolonged(self, asked_at):
        self.told.append('prolonged')

    def halt(self, why):
        self.told.append(why)

    def flush(self):
        self.told.append('flush')
        if self.error is not None:
            raise self.error


@pytest.fixture
def holding(lab, settings):
    """A worker that has not been started, and two claims of which it has
    lost the second.
    """
    worker = Worker(lab.process().shop)
    held = []
    for owner in (worker.owner, worker.owner):
        lab.ask_protect(beside=True)
        claimed = lab.claim(owner)
        held.append(FakeRun(claimed))
        worker._running[claimed.id, claimed.attempt] = held[-1]
    with_nothing_yet = 'just claimed', 1
    worker._running[with_nothing_yet] = None
    lab.expire()
    lost = lab.claim('thief')
    for run in held:
        run.lost = run.operation.id == lost.id
    return worker, held


def test_a_heartbeat_tells_what_is_held_and_what_is_lost(lab, holding):
    worker, held = holding
    worker._ended = Ticks(2)
    worker._beat()
    assert sorted(run.told for run in held) == [
        [runs.LOST] * 2, ['prolonged'] * 2]
    assert all((run.told[0] == runs.LOST) == run.lost for run in held)
    # what was prolonged cannot be claimed
    assert operations.claim(karbor_context.system(), 'thief', 10) is None


def test_a_heartbeat_that_cannot_be_written_tells_nobody(
        holding, monkeypatch):
    """Each run knows itself when its lease is over."""
    def fail(*args):
        raise OSError('gone')

    worker, held = holding
    monkeypatch.setattr(operations, 'heartbeat', fail)
    worker._ended = Ticks(3)
    worker._beat()
    assert worker._ended.left == -1
    assert [run.told for run in held] == [[], []]


def test_without_work_there_is_no_heartbeat(lab, settings, monkeypatch):
    monkeypatch.setattr(operations, 'heartbeat', None)
    worker = Worker(lab.process().shop)
    worker._ended = Ticks(3)
    worker._beat()
    assert worker._ended.left == -1


def test_progress_of_all_is_reported_though_one_cannot(holding):
    worker, held = holding
    held[0].error = OSError('gone')
    worker._stopping = Ticks(2)
    worker._report()
    assert [run.told for run in held] == [['flush'] * 2] * 2


def test_a_reload_keeps_what_runs(lab, start):
    """It goes on with its providers; what comes has the new ones."""
    gate = lab.tricks['protect', 'on_main', 'disk'] = Gate()
    first = lab.ask_protect()
    worker = start()
    assert gate.reached.wait(MOMENT)
    process = lab.process()
    process.shop.providers.by_id.clear()
    worker.use(process.shop)
    second = lab.ask_protect(beside=True)
    worker.wake()
    worker.wait_for()
    assert 'could not be found' in lab.operation('protect', second).reason
    gate.opened.set()
    worker.wait_for()
    lab.check_available(first)


def test_a_worker_may_claim_again_what_it_has_lost(lab, start):
    """The first attempt is still held up in a hook, and ends first."""
    gates = [Gate(), Gate()]
    seen = []

    def trick(step):
        seen.append(step)
        gate = gates[len(seen) - 1]
        gate.reached.set()
        if gate is gates[0]:
            gate(step)
        else:
            step.sleep(MOMENT)      # ends when the worker gives it up

    lab.tricks['protect', 'on_main', 'disk'] = trick
    checkpoint_id = lab.ask_protect()
    worker = start()
    assert gates[0].reached.wait(MOMENT)
    lab.expire()
    worker.wake()
    assert gates[1].reached.wait(MOMENT)
    gates[0].opened.set()
    worker.wait_for()
    # the second is still known, so that it is prolonged and given up
    [run] = worker._held()
    assert run.operation.attempt == 2
    worker.stop(MOMENT)
    operation = lab.operation('protect', checkpoint_id)
    # it may just have claimed it once more, to give that up as well
    assert operation.status == 'queued'
    assert operation.attempt in (2, 3)


def test_what_is_lost_is_not_kept_by_a_hook_that_never_returns(holding):
    """Its lease runs out, and another one goes on."""
    worker, held = holding
    [mine] = [run for run in held if not run.lost]
    for why, kept in ((runs.BROKEN, False), (runs.LOST, False),
                      (runs.GIVEN_UP, True), (runs.CANCELLED, True)):
        del mine.told[:]
        mine.halted = why
        worker._ended = Ticks(1)
        worker._beat()
        assert bool(mine.told) == kept, why


def test_a_lease_counts_from_the_claim(lab, start, monkeypatch):
    """A process that was frozen since its claim knows that it is late."""
    def claim(*args):
        found = real(*args)
        if found is not None:
            clock.append(2000)          # and the lease is 1000
        return found

    class Time:
        @staticmethod
        def monotonic():
            return clock[-1]

    clock = [0]
    real = operations.claim
    monkeypatch.setattr(operations, 'claim', claim)
    monkeypatch.setattr('karbor.protection.worker.time', Time)
    monkeypatch.setattr(runs.Run.__init__, '__kwdefaults__',
                        {'clock': Time.monotonic})
    checkpoint_id = lab.ask_protect()
    start().wait_for()
    operation = lab.operation('protect', checkpoint_id)
    assert (operation.status, lab.log) == ('running', [])
