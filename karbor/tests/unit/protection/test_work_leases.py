# SPDX-License-Identifier: Apache-2.0
"""A worker that has lost its claim, or gives it up."""

import threading

import pytest

from karbor import context as karbor_context
from karbor import exception
from karbor import plugin
from karbor.db import operations
from karbor.protection import run as runs
from karbor.tests.faults import Faults
from karbor.tests.faults import Hang


def steal(lab):
    """Another worker claims what is running, and ends it."""
    lab.expire()
    other = lab.claim(owner='thief')
    assert other.attempt == 2
    assert lab.process().carry_out(other) is None


@pytest.mark.parametrize('hook', ['on_prepare_begin', 'on_main',
                                  'on_complete'])
def test_who_lost_a_protect_writes_nothing_more(lab, hook):
    stolen = []

    def trick(step):
        if not stolen:
            stolen.append(step)
            steal(lab)
            stolen.append(_snapshot(lab, step.checkpoint_id))

    lab.tricks['protect', hook, 'disk'] = trick
    checkpoint_id = lab.ask_protect()
    process = lab.process(threads=2)
    # the threads of the first are busy with the second's work
    assert process.work() == runs.LOST
    assert _snapshot(lab, checkpoint_id) == stolen[1]
    lab.check_available(checkpoint_id)
    assert lab.store.read_manifest(checkpoint_id).attempt == 2
    assert lab.operation('protect', checkpoint_id).owner == 'thief'
    lab.tricks.clear()
    lab.delete(checkpoint_id)
    assert lab.objects() == []


def _snapshot(lab, checkpoint_id):
    operation = lab.operation('protect', checkpoint_id)
    return (operation, lab.checkpoint(checkpoint_id),
            lab.store.read_manifest(checkpoint_id))


def test_who_lost_a_protect_does_not_tell_of_its_failure(lab):
    """Its plugin fails, but it is no longer its failure to tell."""
    def trick(step):
        if not stolen:
            stolen.append(True)
            steal(lab)
            raise plugin.PluginError(reason='too late')

    stolen = []
    lab.tricks['protect', 'on_main', 'disk'] = trick
    checkpoint_id = lab.ask_protect()
    assert lab.process(threads=2).work() == runs.LOST
    lab.check_available(checkpoint_id)
    assert lab.operation('protect', checkpoint_id).status == 'success'


def test_who_lost_it_while_sealing_does_not_seal(lab):
    """All hooks are done, and another worker has sealed it meanwhile."""
    checkpoint_id = lab.ask_protect()
    claimed = lab.claim()
    process = lab.process()

    def started(run):
        def settle(reason=None):
            real(reason)
            steal(lab)

        real, run.settle = run.settle, settle

    assert process.carry_out(claimed, started) == runs.LOST
    manifest = lab.store.read_manifest(checkpoint_id)
    assert (manifest.status, manifest.attempt) == ('available', 2)
    lab.check_available(checkpoint_id)


def test_who_lost_it_a_moment_ago_does_not_seal(lab):
    """The other worker has claimed it, and not told the bank yet."""
    checkpoint_id = lab.ask_protect()
    others = []

    def started(run):
        def settle(reason=None):
            real(reason)
            lab.expire()
            others.append(lab.claim(owner='thief'))

        real, run.settle = run.settle, settle

    assert lab.process().carry_out(lab.claim(), started) == runs.LOST
    assert lab.store.read_manifest(checkpoint_id).status == 'protecting'
    assert lab.process().carry_out(others[0]) is None
    lab.check_available(checkpoint_id)


def test_who_lost_it_in_the_discovery_begins_nothing(lab):
    checkpoint_id = lab.ask_protect()
    claimed = lab.claim()
    lab.expire()
    other = lab.claim(owner='thief')
    assert lab.process().carry_out(claimed) == runs.LOST
    assert lab.objects() == []
    assert lab.operation('protect', checkpoint_id).resources == ()
    assert lab.process().carry_out(other) is None
    lab.check_available(checkpoint_id)


def test_who_lost_it_before_its_failure_is_told_nothing_is_told(lab):
    """The provider is gone here, but not for the worker that has it now."""
    lab.ask_protect()
    claimed = lab.claim()
    lab.expire()
    other = lab.claim(owner='thief')
    process = lab.process()
    process.shop.providers.by_id.clear()
    with pytest.raises(exception.LeaseLost):
        process.carry_out(claimed)
    assert lab.process().carry_out(other) is None
    lab.check_available(other.checkpoint_id)


@pytest.mark.parametrize('type_', ['restore', 'delete'])
def test_who_lost_another_operation_stops(lab, type_):
    checkpoint_id = lab.protected()
    stolen = []

    def trick(step):
        if not stolen:
            stolen.append(True)
            steal(lab)

    lab.tricks[type_, 'on_main', 'disk'] = trick
    getattr(lab, f'ask_{type_}')(checkpoint_id)
    assert lab.process(threads=2).work() == runs.LOST
    operation = lab.operation(type_, checkpoint_id)
    assert (operation.status, operation.attempt) == ('success', 2)
    if type_ == 'delete':
        lab.check_gone(checkpoint_id)


@pytest.mark.parametrize('type_', ['protect', 'restore', 'delete'])
def test_what_is_given_up_goes_on_elsewhere_at_once(lab, type_):
    checkpoint_id = (lab.ask_protect() if type_ == 'protect'
                     else lab.protected())
    if type_ != 'protect':
        getattr(lab, f'ask_{type_}')(checkpoint_id)
    halted = []

    def trick(step):
        if not halted:
            halted.append(step)
            process.runs[0].halt(runs.GIVEN_UP)
            assert step.cancelled
            step.sleep(1000)        # returns at once, with an error

    lab.tricks[type_, 'on_main', 'app'] = trick
    process = lab.process()
    claimed = lab.claim()
    assert process.carry_out(claimed) == runs.GIVEN_UP
    assert lab.operation(type_, checkpoint_id).status == 'running'
    before = {('on_main', r.id)
              for r in lab.operation(type_, checkpoint_id).resources
              if 'on_main' in r.hooks_done}
    operations.release(karbor_context.system(), claimed)
    del lab.log[:]
    # no lease has to run out
    again = lab.claim(owner='other')
    assert (again.id, again.attempt, again.crashes) == (claimed.id, 2, 0)
    assert lab.process().carry_out(again) is None
    assert before.isdisjoint({what[1:] for what in lab.log})
    if type_ == 'delete':
        lab.check_gone(checkpoint_id)
    else:
        lab.check_available(checkpoint_id)


def test_no_batch_begins_after_it_is_given_up(lab):
    lab.ask_protect()
    process = lab.process()
    lab.tricks['protect', 'on_prepare_begin', 'app'] = (
        lambda step: process.runs[0].halt(runs.GIVEN_UP))
    assert process.work() == runs.GIVEN_UP
    assert {hook for _kind, hook, _id in lab.log} <= {'on_prepare_begin'}
    # its entry was not written either, so it runs again
    operation = lab.operation('protect', process.runs[0].operation
                              .checkpoint_id)
    assert [r.hooks_done for r in operation.resources] == [(), ()]


def test_a_lease_that_nobody_prolongs_ends_the_run(lab):
    """By the clock of the worker, though nobody has told it."""
    now = [0.0]
    lab.ask_protect()
    process = lab.process()

    def started(run):
        run._clock = lambda: now[0]
        run.prolonged(0.0)

    def trick(step):
        now[0] = 1e6
        step.check()

    lab.tricks['protect', 'on_prepare_begin', 'disk'] = trick
    assert process.carry_out(lab.claim(), started) == runs.LOST


def test_a_failure_after_the_loss_is_not_told(lab):
    """The bank fails just when the lease has been lost."""
    lab.ask_protect()
    process = lab.process()

    def trick(step):
        process.runs[0].halt(runs.LOST)
        raise plugin.BankError(key='k', reason='away')

    lab.tricks['protect', 'on_main', 'disk'] = trick
    claimed = lab.claim()
    assert process.carry_out(claimed) == runs.LOST
    operation = lab.operation('protect', claimed.checkpoint_id)
    assert operation.status == 'running'
    assert 'error' not in lab.statuses(operation).values()


class Sleeper:
    """A bank whose first put of some kind is late: others come before."""

    def __init__(self, bank, which, meanwhile):
        self._bank = bank
        self._which = which
        self._meanwhile = meanwhile

    def __getattr__(self, name):
        return getattr(self._bank, name)

    def put(self, key, data):
        if self._meanwhile is not None and self._which(key, data):
            meanwhile, self._meanwhile = self._meanwhile, None
            meanwhile()
        self._bank.put(key, data)


def _sleepy(lab, which, meanwhile):
    process = lab.process(threads=2)
    patient = process.store._bank
    patient._bank = Sleeper(patient._bank, which, meanwhile)
    return process


def _manifest(status):
    def which(key, data):
        return (key.startswith('manifests/')
                and f'"status":"{status}"'.encode() in data.replace(
                    b' ', b''))
    return which


@pytest.mark.parametrize('status', ['protecting', 'available'])
@pytest.mark.parametrize('deleted', [False, True])
def test_a_manifest_that_comes_too_late_is_put_right(lab, status, deleted):
    """Frozen between the check of the claim and the write."""
    def meanwhile():
        steal(lab)
        lab.check_available(checkpoint_id)
        if deleted:
            lab.delete(checkpoint_id)
        # so long was it frozen
        process.runs[0].prolonged(float('-inf'))

    checkpoint_id = lab.ask_protect()
    process = _sleepy(lab, _manifest(status), meanwhile)
    assert process.work() == runs.LOST
    assert process.store._bank._bank._meanwhile is None
    if deleted:
        lab.check_gone(checkpoint_id)
    else:
        lab.check_available(checkpoint_id)
        assert lab.store.read_manifest(checkpoint_id).attempt == 2


def test_a_late_manifest_just_before_the_end_is_put_right(lab):
    """The other one has told the bank, and not yet the database."""
    def meanwhile():
        lab.expire()
        claimed = lab.claim(owner='thief')
        other = lab.process(threads=2)
        real = other.store.write_manifest

        def write_manifest(manifest):
            real(manifest)
            if manifest.status == 'available':
                # the late write of the first
                lab.bank.put(f'manifests/{checkpoint_id}.json',
                             first.to_bytes())

        other.store.write_manifest = write_manifest
        first = lab.store.read_manifest(checkpoint_id)
        assert first.status == 'protecting'
        assert other.carry_out(claimed) is None

    stolen = []

    def trick(step):
        if not stolen:
            stolen.append(True)
            meanwhile()

    lab.tricks['protect', 'on_main', 'disk'] = trick
    checkpoint_id = lab.ask_protect()
    assert lab.process(threads=2).work() == runs.LOST
    lab.check_available(checkpoint_id)


def test_a_late_word_of_a_deletion_leaves_no_ghost(lab):
    checkpoint_id = lab.protected()
    lab.ask_delete(checkpoint_id)
    process = _sleepy(lab, _manifest('deleting'), lambda: steal(lab))
    assert process.work() == runs.LOST
    lab.check_gone(checkpoint_id)


def test_a_late_chunk_of_a_deleted_checkpoint_goes(lab):
    def meanwhile():
        steal(lab)
        lab.delete(checkpoint_id)

    checkpoint_id = lab.ask_protect()
    process = _sleepy(lab, lambda key, data: key.startswith('data/'),
                      meanwhile)
    assert process.work() == runs.LOST
    lab.check_gone(checkpoint_id)


def test_a_late_chunk_just_before_the_end_of_a_deletion_goes(lab):
    """The deletion has looked for the last time, and not ended yet."""
    def write():
        if deleting.seen[-1].what == 'outcome.removed':
            hang.release()
            thread.join()
            assert lab.objects(), 'it was not late'

    lab.shrink()
    checkpoint_id = lab.ask_protect()
    hang = Hang()
    # the manifest, a document, and then a chunk
    first = Faults(3, hang, on=['put'])
    thread = threading.Thread(
        target=lab.process(first, threads=2).carry_out,
        args=(lab.claim(owner='first'),))
    thread.start()
    hang.wait()
    assert first.seen[-1].what.startswith('data/')
    steal(lab)
    lab.ask_delete(checkpoint_id)
    deleting = Faults(1, write, on=['write'], from_then_on=True)
    assert lab.process(deleting).work() is None
    assert not thread.is_alive()
    lab.check_gone(checkpoint_id)


def test_a_repair_that_fails_is_no_failure_of_the_operation(
        lab, monkeypatch):
    checkpoint_id = lab.ask_protect()

    def get(*args, **kwargs):
        raise OSError('gone')

    process = _sleepy(lab, _manifest('available'), lambda: (
        steal(lab), monkeypatch.setattr(operations, 'get', get)))
    assert process.work() == runs.LOST
    monkeypatch.undo()
    assert lab.operation('protect', checkpoint_id).status == 'success'
