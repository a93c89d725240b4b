# SPDX-License-Identifier: Apache-2.0
"""Cancelled at each moment; see also test_worker and the db tests."""

import contextlib
import functools

import pytest

from karbor import exception
from karbor.bank.store import Store
from karbor.db import operations
from karbor.plugin.protection import HOOKS
from karbor.protection import run as runs
from karbor.protection.flows import outcome
from karbor.protection.flows import readback
from karbor.tests.faults import Crash
from karbor.tests.faults import Faults
from karbor.tests.faults import FaultyBank

TYPES = ('protect', 'restore', 'delete', 'verify', 'copy', 'undo')
MAKING = ('protect', 'copy')
USING = ('restore', 'verify', 'undo')
REASON = 'Cancelled by u.'


def ask(lab, type_):
    """Queue an operation of a type; the checkpoint's id."""
    if type_ == 'protect':
        checkpoint_id = lab.ask_protect()
    elif type_ == 'copy':
        checkpoint_id = lab.ask_copy(lab.protected())
    elif type_ == 'undo':
        checkpoint_id = lab.protected()
        lab.ask_undo(lab.failed_restore(checkpoint_id))
    else:
        checkpoint_id = lab.protected()
        getattr(lab, f'ask_{type_}')(checkpoint_id)
    del lab.log[:]
    return checkpoint_id


def cancel(lab, process, type_, checkpoint_id):
    """As an API, a database and a heartbeat do it."""
    assert lab.ask_cancel(type_, checkpoint_id) == 'running'
    process.runs[-1].cancel('u')


def check(lab, type_, checkpoint_id):
    """It has ended as cancelled, and there is a way out."""
    operation = lab.operation(type_, checkpoint_id)
    assert (operation.status, operation.reason) == ('cancelled', REASON)
    assert operation.ended_at is not None
    assert {r.status for r in operation.resources} <= {'success', 'error'}
    assert {r.reason for r in operation.resources
            if r.status == 'error'} <= {REASON}
    row = lab.checkpoint(checkpoint_id)
    lab.check_promise(checkpoint_id)
    lab.tricks.clear()
    if type_ in USING:
        lab.check_available(checkpoint_id)
        lab.ask_restore(checkpoint_id)
        assert lab.process().work() is None
        assert lab.restored == lab.world
    else:
        assert (row.status, row.status_reason) == (
            'error' if type_ in MAKING else 'error-deleting', REASON)
    lab.delete(checkpoint_id)
    if operation.source_checkpoint_id is not None:
        # which nothing holds any more
        lab.check_available(operation.source_checkpoint_id)
        lab.delete(operation.source_checkpoint_id)
    assert lab.objects() == []


@pytest.mark.parametrize('type_', TYPES)
def test_before_anybody_has_it(lab, type_):
    checkpoint_id = ask(lab, type_)
    assert lab.ask_cancel(type_, checkpoint_id) == 'cancelled'
    assert lab.log == []
    if type_ == 'delete':
        # nothing was destroyed, so it is what it was
        lab.check_available(checkpoint_id)
        assert lab.checkpoint(checkpoint_id).status == 'available'
    else:
        check(lab, type_, checkpoint_id)


@pytest.mark.parametrize('type_', TYPES)
def test_when_it_is_just_claimed(lab, type_):
    checkpoint_id = ask(lab, type_)
    process = lab.process()
    assert process.carry_out(lab.claim(), lambda run: cancel(
        lab, process, type_, checkpoint_id)) is None
    assert lab.log == []
    check(lab, type_, checkpoint_id)


@pytest.mark.parametrize('hook', HOOKS)
@pytest.mark.parametrize('type_', TYPES)
def test_in_a_hook_that_waits(lab, type_, hook):
    def trick(step):
        assert not step.cancelled
        cancel(lab, process, type_, checkpoint_id)
        assert step.cancelled
        seen.append(step.resource.id)
        step.sleep(1000)            # returns at once, with an error

    seen = []
    checkpoint_id = ask(lab, type_)
    lab.tricks[type_, hook, 'disk'] = trick
    process = lab.process()
    assert process.work() is None
    assert seen == ['disk']
    # nothing was begun after it
    begun = lab.log[-1][1] if lab.log else hook
    assert HOOKS.index(begun) <= HOOKS.index(hook)
    assert (type_, hook, 'disk') not in lab.log
    check(lab, type_, checkpoint_id)


@pytest.mark.parametrize('type_', TYPES)
def test_in_a_hook_that_ends_what_it_has_begun(lab, type_):
    """It takes no notice, so it is told of as done."""
    def trick(step):
        cancel(lab, process, type_, checkpoint_id)

    checkpoint_id = ask(lab, type_)
    lab.tricks[type_, 'on_prepare_begin', 'app'] = trick
    process = lab.process()
    assert process.work() is None
    app, disk = lab.operation(type_, checkpoint_id).resources
    before = (readback.HOOK,) if type_ == 'verify' else ()
    # what it wrote to the bank for a checkpoint is given up
    assert app.hooks_done == (
        () if type_ in MAKING else (*before, 'on_prepare_begin'))
    assert disk.hooks_done == before
    check(lab, type_, checkpoint_id)


def test_what_a_restore_has_made_is_told(lab):
    """Whoever cancels has to know what there is now."""
    def trick(step):
        step.replaced_by(f'made for {step.resource.id}')
        if step.resource.id == 'app':
            cancel(lab, process, 'restore', checkpoint_id)
            step.check()

    checkpoint_id = ask(lab, 'restore')
    for id_ in ('app', 'disk'):
        lab.tricks['restore', 'on_prepare_begin', id_] = trick
    process = lab.process()
    assert process.work() is None
    app, disk = lab.operation('restore', checkpoint_id).resources
    assert (app.new_id, disk.new_id) == ('made for app', None)
    check(lab, 'restore', checkpoint_id)


def test_what_is_remembered_is_made_once_and_deleted(lab):
    """A thing outside whose hook was cut off is found by the deletion."""
    checkpoint_id = ask(lab, 'protect')
    lab.tricks['protect', 'on_main', 'app'] = lambda step: cancel(
        lab, process, 'protect', checkpoint_id)
    process = lab.process()
    assert process.work() is None
    assert {mark[0] for mark in lab.outside} == {checkpoint_id}
    check(lab, 'protect', checkpoint_id)
    assert set(lab.made.values()) == {1}


def test_a_hook_that_fails_because_of_it_is_no_error(lab):
    def trick(step):
        cancel(lab, process, 'restore', checkpoint_id)
        raise KeyError('the connection was closed')

    checkpoint_id = ask(lab, 'restore')
    lab.tricks['restore', 'on_main', 'app'] = trick
    process = lab.process()
    assert process.work() is None
    check(lab, 'restore', checkpoint_id)


@pytest.mark.parametrize('type_', TYPES)
def test_between_hooks(lab, type_):
    """One hook has ended, and the next does not begin."""
    def started(run):
        def write(*entries):
            real(*entries)
            if any('hooks_done' in entry for entry in entries):
                run.write = real
                cancel(lab, process, type_, checkpoint_id)

        real, run.write = run.write, write

    checkpoint_id = ask(lab, type_)
    process = lab.process()
    assert process.carry_out(lab.claim(), started) is None
    first = readback.HOOK if type_ == 'verify' else 'on_prepare_begin'
    assert lab.log == ([] if type_ == 'verify' else [(type_, first, 'app')])
    app, disk = lab.operation(type_, checkpoint_id).resources
    done = {app.hooks_done, disk.hooks_done}
    assert done == {(first,), ()}
    # those of a batch come in any order
    assert type_ == 'verify' or app.hooks_done
    check(lab, type_, checkpoint_id)


def test_while_the_bank_is_read(lab, monkeypatch):
    """Between two chunks; nothing is called damaged that is not."""
    def get(self, key):
        if not seen and key.startswith('data/'):
            seen.append(key)
            cancel(lab, process, 'verify', checkpoint_id)
        return real(self, key)

    seen = []
    checkpoint_id = ask(lab, 'verify')
    process = lab.process()
    real = FaultyBank.get
    with monkeypatch.context() as patch:
        patch.setattr(FaultyBank, 'get', get)
        assert process.work() is None
    assert seen
    app, disk = lab.operation('verify', checkpoint_id).resources
    assert (app.hooks_done, disk.hooks_done) == ((), ())
    check(lab, 'verify', checkpoint_id)


def test_while_the_bank_is_emptied(lab, monkeypatch):
    """What is half deleted is never called available again."""
    def delete(self, checkpoint_id, check=None):
        cancel(lab, process, 'delete', checkpoint_id)
        check()

    checkpoint_id = ask(lab, 'delete')
    process = lab.process()
    with monkeypatch.context() as patch:
        patch.setattr(Store, 'delete', delete)
        assert process.work() is None
    assert lab.store.read_manifest(checkpoint_id).status == 'deleting'
    check(lab, 'delete', checkpoint_id)


@pytest.mark.parametrize('step', ['seal', '_complete'])
def test_when_it_is_as_good_as_done(lab, monkeypatch, step):
    """The wish comes too late: what is whole stays."""
    def late(*args, **kwargs):
        cancel(lab, process, 'protect', checkpoint_id)
        real(*args, **kwargs)

    checkpoint_id = ask(lab, 'protect')
    process = lab.process()
    real = getattr(outcome, step)
    monkeypatch.setattr(outcome, step, late)
    assert process.work() is None
    operation = lab.operation('protect', checkpoint_id)
    assert (operation.status, operation.cancel_requested_by) == (
        'success', 'u')
    lab.check_available(checkpoint_id)


@pytest.mark.parametrize('type_', TYPES)
def test_a_worker_dies_before_it_hears_of_it(lab, type_):
    def trick(step):
        lab.ask_cancel(type_, checkpoint_id)
        process.faults.dead = True
        raise Crash()

    checkpoint_id = ask(lab, type_)
    lab.tricks[type_, 'on_main', 'app'] = trick
    process = lab.process()
    with pytest.raises(Crash):
        process.work()
    assert lab.operation(type_, checkpoint_id).status == 'running'
    del lab.log[:]
    lab.expire()
    assert lab.process().work() is None
    assert lab.log == []
    check(lab, type_, checkpoint_id)


@pytest.mark.parametrize('type_', TYPES)
def test_a_crash_at_any_write_of_the_end(lab, quiet, type_):
    """Whoever claims it next ends it, wherever the first one died."""
    lab.shrink()
    for at in range(1, 100):
        checkpoint_id = ask(lab, type_)
        claimed = lab.claim()
        faults = Faults(at, Crash(), on=['write', 'put'])
        process = lab.process(faults)
        wish = functools.partial(cancel, lab, process, type_, checkpoint_id)
        with contextlib.suppress(Crash):
            process.carry_out(claimed, lambda run, wish=wish: wish())
        # dead after the end, it was looking for what others had written late
        ended = lab.operation(type_, checkpoint_id).status not in (
            'queued', 'running')
        if faults.hit and not ended:
            lab.expire()
            assert lab.process().work() is None
        check(lab, type_, checkpoint_id)
        if not faults.hit:
            break
    assert at > 1


def test_a_worker_that_lost_it_does_not_cancel(lab):
    """Its claim is another's by now, who has not heard of the wish."""
    def trick(step):
        if not stolen:
            lab.expire()
            stolen.append(lab.claim(owner='thief'))
            process.runs[-1].cancel('u')
            step.check()

    stolen = []
    checkpoint_id = ask(lab, 'protect')
    lab.tricks['protect', 'on_main', 'app'] = trick
    process = lab.process()
    assert process.work() == runs.LOST
    assert lab.operation('protect', checkpoint_id).status == 'running'
    assert lab.store.read_manifest(checkpoint_id).status == 'protecting'
    assert lab.process().carry_out(stolen[0]) is None
    lab.check_available(checkpoint_id)


def test_a_lease_that_is_over_is_seen_though_it_is_cancelled(lab):
    def trick(step):
        process.runs[-1].cancel('u')
        process.runs[-1]._held_until = 0
        step.sleep(1000)

    checkpoint_id = ask(lab, 'protect')
    lab.tricks['protect', 'on_main', 'app'] = trick
    process = lab.process()
    assert process.work() == runs.LOST
    assert lab.operation('protect', checkpoint_id).status == 'running'


def test_a_frozen_worker_wakes_after_another_has_cancelled(
        lab, monkeypatch):
    """Its manifest is late, and what it names may be gone."""
    def late(run, checkpoint):
        lab.expire()
        lab.ask_cancel('protect', checkpoint_id)
        assert lab.process().work() is None
        assert lab.operation('protect', checkpoint_id).status == 'cancelled'
        # as if the claim had been checked before the frost
        final = outcome.manifest(run, checkpoint, 'available')
        lab.bank.put(f'manifests/{checkpoint_id}.json', final.to_bytes())
        raise exception.LeaseLost(id=run.operation.id, attempt=1)

    checkpoint_id = ask(lab, 'protect')
    with monkeypatch.context() as patch:
        patch.setattr(outcome, 'seal', late)
        assert lab.process().work() == runs.LOST
    manifest = lab.store.read_manifest(checkpoint_id)
    assert (manifest.status, manifest.reason) == ('error', REASON)
    check(lab, 'protect', checkpoint_id)


def test_a_provider_that_is_gone_keeps_nothing_from_ending(lab):
    checkpoint_id = ask(lab, 'protect')
    claimed = lab.claim()
    lab.ask_cancel('protect', checkpoint_id)
    lab.expire()
    process = lab.process()
    process.shop.providers.by_id.clear()
    assert claimed.cancel_requested_by is None
    assert process.work() is None
    check(lab, 'protect', checkpoint_id)


def test_a_bank_that_is_away_keeps_nothing_from_ending(lab):
    faults = Faults(1, exception.BankError(key='k', reason='away'),
                    on=['put'], from_then_on=True)
    checkpoint_id = ask(lab, 'protect')
    process = lab.process(faults)
    assert process.carry_out(lab.claim(), lambda run: cancel(
        lab, process, 'protect', checkpoint_id)) is None
    check(lab, 'protect', checkpoint_id)


def test_a_journal_that_fails_leaves_it_to_the_next(lab, monkeypatch):
    def broken(*args):
        raise OSError('gone')

    def trick(step):
        cancel(lab, process, 'restore', checkpoint_id)
        patch.setattr(operations, 'journal', broken)
        step.check()

    checkpoint_id = ask(lab, 'restore')
    lab.tricks['restore', 'on_main', 'app'] = trick
    process = lab.process()
    with monkeypatch.context() as patch:
        assert process.work() == runs.BROKEN
    lab.tricks.clear()
    lab.expire()
    assert lab.process().work() is None
    check(lab, 'restore', checkpoint_id)


def test_a_wish_that_comes_twice(lab):
    def trick(step):
        for _time in range(2):
            cancel(lab, process, 'protect', checkpoint_id)
        step.check()

    checkpoint_id = ask(lab, 'protect')
    lab.tricks['protect', 'on_main', 'app'] = trick
    process = lab.process()
    assert process.work() is None
    check(lab, 'protect', checkpoint_id)


@pytest.mark.parametrize('type_', MAKING)
@pytest.mark.parametrize('hook', HOOKS)
@pytest.mark.parametrize('silent', [False, True])
def test_a_deletion_of_what_is_being_made(lab, type_, hook, silent):
    """It waits for what it has cancelled, whoever ends that."""
    checkpoint_id = ask(lab, type_)
    process = lab.process()

    def delete(step):
        lab.tricks.clear()
        lab.ask_delete(checkpoint_id, cancel=True)
        if silent:
            process.runs[-1].halt(runs.LOST)
        else:
            process.runs[-1].cancel('u')

    lab.tricks[type_, hook, 'app'] = delete
    assert process.work() == (runs.LOST if silent else None)
    if silent:
        lab.expire()
        assert lab.process().work() is None
    assert lab.operation(type_, checkpoint_id).status == 'cancelled'
    assert lab.checkpoint(checkpoint_id).status == 'deleting'
    assert lab.process().work() is None
    assert lab.operation('delete', checkpoint_id).status == 'success'
    assert lab.checkpoint(checkpoint_id) is None
    assert not [key for key in lab.outside if key[0] == checkpoint_id]
    assert not [key for key in lab.bank.list() if checkpoint_id in key]


def test_a_deletion_that_comes_too_late_to_cancel(lab):
    """What is complete by then is deleted all the same."""
    checkpoint_id = lab.ask_protect()
    process = lab.process()
    lab.tricks['protect', 'on_complete', 'app'] = lambda step: (
        lab.ask_delete(checkpoint_id, cancel=True))
    # its worker has not heard of it
    assert process.work() is None
    assert lab.operation('protect', checkpoint_id).status == 'success'
    row = lab.checkpoint(checkpoint_id)
    assert (row.status, row.sealed) == ('deleting', True)
    assert lab.process().work() is None
    assert lab.checkpoint(checkpoint_id) is None
