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
    engine.run(batch(count), seen.append, executors[2])
    assert sorted(call.position for call in seen) == list(range(count))


def test_hooks_run_side_by_side(executors):
    barrier = threading.Barrier(2, timeout=60)
    engine.run(batch(2), lambda call: barrier.wait(), executors[2])
    assert not barrier.broken


def test_many_batches_share_the_executor(executors):
    seen = []
    for _flow in range(10):
        engine.run(batch(7), seen.append, executors[2])
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
            engine.run(batch(count), hook, executors[2])
        assert sorted(seen) == list(range(count))
