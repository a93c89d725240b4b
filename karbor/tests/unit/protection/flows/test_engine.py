# SPDX-License-Identifier: Apache-2.0
"""Batches of hooks on a shared executor."""

import threading

import pytest

from karbor.protection.flows import engine
from karbor.protection.flows.build import Call


def batch(count):
    return [Call(number, 'on_main') for number in range(count)]


@pytest.mark.parametrize('count', [1, 2, 100])
def test_every_hook_of_a_batch_is_run_once(executors, count):
    seen = []
    engine.run(batch(count), seen.append, lambda _call: executors[2])
    assert sorted(call.position for call in seen) == list(range(count))


def test_hooks_run_side_by_side(executors):
    barrier = threading.Barrier(2, timeout=60)
    engine.run(batch(2), lambda call: barrier.wait(),
               lambda _call: executors[2])
    assert not barrier.broken


def test_one_that_lasts_holds_up_no_other(executors):
    """The other thread does all the rest meanwhile."""
    done = threading.Semaphore(0)

    def hook(call):
        if call.position:
            done.release()
            return
        for _other in range(99):
            assert done.acquire(timeout=60)

    engine.run(batch(100), hook, lambda _call: executors[2])


def test_many_batches_share_the_executor(executors):
    seen = []
    for _flow in range(10):
        engine.run(batch(7), seen.append, lambda _call: executors[2])
    assert len(seen) == 70


@pytest.mark.parametrize('count', [1, 5])
@pytest.mark.parametrize('error', [ValueError, SystemExit, GeneratorExit])
def test_what_a_hook_raises_comes_out_when_all_have_ended(
        executors, count, error):
    seen = []

    def hook(call):
        seen.append(call.position)
        if call.position == 0:
            raise error('why')

    for _again in range(4):         # more often than there are threads
        del seen[:]
        with pytest.raises(error, match='why'):
            engine.run(batch(count), hook, lambda _call: executors[2])
        assert sorted(seen) == list(range(count))


def test_what_waits_for_threads_of_its_own_keeps_nobody_waiting(executors):
    """Six calls on one thread, and two at the same time beside them."""
    barrier = threading.Barrier(3, timeout=60)
    lock, at_once, most = threading.Lock(), [], []

    def hook(call):
        if call.position >= 6:
            barrier.wait()
            return
        with lock:
            at_once.append(call.position)
            most.append(len(at_once))
        if call.position == 0:
            barrier.wait()
        with lock:
            at_once.remove(call.position)

    engine.run(batch(8), hook, lambda call: executors[
        1 if call.position < 6 else 2])
    assert most == [1] * 6


def test_an_executor_that_takes_nothing_is_told_of(executors):
    class Closed:
        def submit(self, *args):
            raise RuntimeError('closed')

    seen = []
    with pytest.raises(RuntimeError, match='closed'):
        engine.run(batch(3), seen.append, lambda call: (
            Closed() if call.position == 0 else executors[2]))
    assert len(seen) == 2
