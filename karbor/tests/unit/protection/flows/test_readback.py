# SPDX-License-Identifier: Apache-2.0
"""What is read and what is not; `test_work_verify` damages real data."""

import pytest

from karbor import context as karbor_context
from karbor import plugin
from karbor.bank.audit import Problem
from karbor.protection import work
from karbor.protection.flows import readback
from karbor.protection.flows.build import Call
from karbor.protection.run import LOST
from karbor.protection.run import Run


@pytest.fixture
def run(lab):
    """A run of a verification whose journal has been begun."""
    checkpoint_id = lab.protected()
    lab.ask_verify(checkpoint_id)
    process = lab.process()
    run = Run(karbor_context.system(), lab.claim(), process.provider,
              plugin.Context('p'), lease=1000)
    work._begin_from_bank(run, lab.checkpoint(checkpoint_id),
                          lab.store.read_manifest(checkpoint_id))
    return run


def left(run, size=10):
    return [[call.position for call in batch]
            for batch in readback.batches(run, size)]


def read(run, position):
    readback.call(run, Call(position, readback.HOOK))


def test_so_many_at_a_time(run):
    assert left(run) == [[0, 1]]
    assert left(run, 1) == [[0], [1]]


def test_what_is_read_is_left_out(run):
    read(run, 0)
    assert left(run) == [[1]]
    # its plugin has hooks that follow
    assert run.progress.status(0) == 'running'
    assert run.progress.bytes_done(0) == run.states[0].entry.bytes
    read(run, 1)
    assert left(run) == []


def test_what_is_in_error_is_left_out(run):
    run.states[0].entry = None
    run.progress.end(0, 'error')
    assert left(run) == [[1]]


def test_what_saved_nothing_is_sound(run):
    run.states[0].entry = None
    run.provider.plugins.clear()
    read(run, 0)
    assert run.progress.status(0) == 'success'
    assert run.states[0].hooks_done == [readback.HOOK]


def test_any_error_of_a_bank_is_that_of_the_resource(run, monkeypatch):
    def broken(*args, **kwargs):
        raise SystemExit(3)

    monkeypatch.setattr(run.provider.store, 'verify_resource', broken)
    read(run, 1)
    assert run.progress.status(1) == 'error'
    assert run.states[1].reason == 'SystemExit: 3'
    assert run.progress.status(0) == 'undefined'


def test_a_run_that_stops_says_nothing(run, monkeypatch):
    def lost(*args, **kwargs):
        run.halt(LOST)
        run.check()

    monkeypatch.setattr(run.provider.store, 'verify_resource', lost)
    read(run, 0)
    read(run, 1)
    assert left(run) == [[0, 1]]
    assert [run.progress.status(position) for position in (0, 1)] == [
        'running', 'undefined']


@pytest.mark.parametrize(('count', 'said'), [
    (0, None), (1, '0'), (5, '0 1 2 3 4'),
    (6, '0 1 2 3 4 (and 1 more)'),
    (1000, '0 1 2 3 4 (and 995 more)')])
def test_a_sentence_is_bounded(count, said):
    assert readback._sentence(
        Problem('k', str(number)) for number in range(count)) == said
