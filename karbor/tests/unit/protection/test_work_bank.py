# SPDX-License-Identifier: Apache-2.0
"""A bank that fails at any call, once or for good, or is away for a while."""

import threading

import pytest

from karbor import context as karbor_context
from karbor import plugin
from karbor.db import operations
from karbor.protection import run as runs
from karbor.tests.faults import BANK
from karbor.tests.faults import Faults

# how the bank fails: it refuses, it does and does not answer, it is away
WAYS = [{}, {'after': True}, {'from_then_on': True}]


def fail_everywhere(lab, way, ask, check):
    """Do something over a bank that fails at its n-th call, for each n.

    :param ask: for an operation; returns what check is given
    :param check: called after each failure; told whether the fault came about
    :return: how often it did
    """
    number = 0
    while True:
        number += 1
        subject = ask()
        faults = Faults(number, plugin.BankError(
            key='k', reason='the disk is full'), on=BANK, **way)
        assert lab.process(faults).work() is None
        check(subject, faults.hit)
        if not faults.hit:
            return number - 1


@pytest.mark.parametrize('way', WAYS)
def test_protect_over_a_bank_that_fails(lab, quiet, way):
    lab.shrink()
    errors = []

    def check(checkpoint_id, hit):
        lab.check_promise(checkpoint_id)
        operation = lab.operation('protect', checkpoint_id)
        row = lab.checkpoint(checkpoint_id)
        if row.status == 'available':
            assert operation.status == 'success'
        else:
            assert hit
            assert (row.status, operation.status) == ('error', 'error')
            assert 'the disk is full' in operation.reason
            assert row.status_reason == operation.reason
            assert {'running', 'undefined'}.isdisjoint(
                lab.statuses(operation).values())
            errors.append(checkpoint_id)
        # the way out
        lab.delete(checkpoint_id)
        assert lab.objects() == []

    calls = fail_everywhere(lab, way, lab.ask_protect, check)
    # every call counts, for nothing is swept in a first attempt
    assert len(errors) == calls > 5


@pytest.mark.parametrize('way', WAYS[::2])
def test_restore_over_a_bank_that_fails(lab, quiet, way):
    checkpoint_id = lab.protected()
    errors = []

    def ask():
        lab.restored.clear()
        lab.ask_restore(checkpoint_id)

    def check(_subject, hit):
        operation = lab.operation('restore', checkpoint_id)
        if hit:
            assert operation.status == 'error'
            assert 'the disk is full' in operation.reason
            errors.append(operation.id)
        else:
            assert operation.status == 'success'
            assert lab.restored == lab.world
        lab.check_available(checkpoint_id)

    assert fail_everywhere(lab, way, ask, check) == len(errors) >= 7


@pytest.mark.parametrize('way', WAYS)
def test_delete_over_a_bank_that_fails(lab, quiet, way):
    lab.shrink()
    errors = []

    def ask():
        checkpoint_id = lab.protected()
        lab.ask_delete(checkpoint_id)
        return checkpoint_id

    def check(checkpoint_id, hit):
        lab.check_promise(checkpoint_id)
        row = lab.checkpoint(checkpoint_id)
        # when the row is gone, it looks once more whether somebody was late
        if hit and row is not None:
            assert row.status == 'error-deleting'
            assert 'the disk is full' in row.status_reason
            errors.append(checkpoint_id)
            lab.delete(checkpoint_id)
        else:
            lab.check_gone(checkpoint_id)
        assert lab.objects() == []

    calls = fail_everywhere(lab, way, ask, check)
    assert len(errors) > 10
    # a manifest, two folders, and the manifest: the last look
    assert calls == len(errors) + 4


def test_what_cannot_be_swept_is_no_failure(lab):
    """Leftovers take room; they do not make a checkpoint worse."""
    lab.ask_protect()
    claimed = lab.claim()
    lab.expire()
    again = lab.claim()
    assert (claimed.attempt, again.attempt) == (1, 2)
    faults = Faults(1, plugin.BankError(key='k', reason='away'), on=['list'],
                    from_then_on=True)
    assert lab.process(faults).carry_out(again) is None
    assert faults.hit
    lab.check_available(again.checkpoint_id)


# -- a bank that is away ------------------------------------------------------

class Absence:
    """A bank is away from its n-th call on, for some more."""

    def __init__(self, lab, number, calls=3, **way):
        self._left = calls
        self.faults = Faults(number, self._answer, on=BANK,
                             from_then_on=True, **way)
        self.process = lab.process(self.faults, threads=2, patience=600)

    def _answer(self):
        self._left -= 1
        if self._left >= 0:
            raise plugin.BankUnavailable(key='k', reason='no answer')


def leave_everywhere(lab, way, ask, check):
    """Do something over a bank that leaves at its n-th call, for each n.

    :param check: called after each; whatever came, it has to be done
    """
    number = 0
    while True:
        number += 1
        subject = ask()
        absence = Absence(lab, number, **way)
        assert absence.process.work() is None
        check(subject)
        if not absence.faults.hit:
            return number - 1


def succeeded(lab, type_, checkpoint_id):
    operation = lab.operation(type_, checkpoint_id)
    assert operation.status == 'success', operation.reason
    assert operation.attempt == 1


@pytest.mark.parametrize('way', WAYS[:2])
def test_protect_waits_for_its_bank(lab, way):
    def check(checkpoint_id):
        succeeded(lab, 'protect', checkpoint_id)
        lab.check_available(checkpoint_id)
        lab.delete(checkpoint_id)
        assert lab.objects() == []

    assert leave_everywhere(lab, way, lab.ask_protect, check) > 8


def test_restore_waits_for_its_bank(lab):
    checkpoint_id = lab.protected()

    def ask():
        lab.restored.clear()
        lab.ask_restore(checkpoint_id)

    def check(_subject):
        succeeded(lab, 'restore', checkpoint_id)
        assert lab.restored == lab.world

    assert leave_everywhere(lab, {}, ask, check) >= 7


def test_verify_waits_for_its_bank(lab):
    checkpoint_id = lab.protected()

    def check(_subject):
        succeeded(lab, 'verify', checkpoint_id)
        assert lab.checkpoint(checkpoint_id).damage is None

    assert leave_everywhere(lab, {}, lambda: lab.ask_verify(checkpoint_id),
                            check) >= 7


@pytest.mark.parametrize('way', WAYS[:2])
def test_copy_waits_for_its_banks(lab, way):
    """The source and the target are away here at the same time."""
    checkpoint_id = lab.protected()

    def check(copy_id):
        succeeded(lab, 'copy', copy_id)
        lab.check_available(copy_id)
        lab.delete(copy_id)

    assert leave_everywhere(lab, way, lambda: lab.ask_copy(checkpoint_id),
                            check) > 12


@pytest.mark.parametrize('way', WAYS[:2])
def test_delete_waits_for_its_bank(lab, way):
    def ask():
        checkpoint_id = lab.protected()
        lab.ask_delete(checkpoint_id)
        return checkpoint_id

    def check(checkpoint_id):
        succeeded(lab, 'delete', checkpoint_id)
        lab.check_gone(checkpoint_id)
        assert lab.objects() == []

    # the last look at what is gone waits as well
    assert leave_everywhere(lab, way, ask, check) > 14


@pytest.mark.parametrize('type_', ['protect', 'restore', 'verify', 'copy',
                                   'delete'])
def test_a_bank_that_stays_away_is_the_reason(lab, type_):
    """And there is a way out, when it is back."""
    checkpoint_id = (lab.ask_protect() if type_ == 'protect'
                     else lab.protected())
    subject = checkpoint_id
    if type_ == 'copy':
        subject = lab.ask_copy(checkpoint_id)
    elif type_ != 'protect':
        getattr(lab, f'ask_{type_}')(checkpoint_id)
    faults = Faults(1, plugin.BankUnavailable(key='k', reason='no answer'),
                    on=BANK, from_then_on=True)
    assert lab.process(faults, patience=0.02).work() is None
    operation = lab.operation(type_, subject)
    assert operation.status == 'error'
    assert 'The bank of provider test was away for' in operation.reason
    assert 'no answer' in operation.reason
    row = lab.checkpoint(subject)
    assert row.status == {'protect': 'error', 'copy': 'error',
                          'delete': 'error-deleting'}.get(type_, 'available')
    # to be away is not to be damaged
    assert row.damage is None
    for id_ in {checkpoint_id, subject}:
        lab.delete(id_)
    assert lab.objects() == []


class Waiting:
    """An operation that waits for its bank, in a thread of its own.

    :ivar why: it stopped
    """

    def __init__(self, lab, operation):
        faults = Faults(1, plugin.BankUnavailable(key='k', reason='away'),
                        on=BANK, from_then_on=True)
        process = lab.process(faults, patience=10 ** 6)
        known = threading.Event()

        def started(run):
            sleep = run.provider.store._bank._sleep

            def pause(seconds):
                self.run = run
                known.set()
                sleep(seconds)

            run.provider.store._bank._sleep = pause

        def work():
            self.why = process.carry_out(operation, started)

        self._thread = threading.Thread(target=work, daemon=True)
        self._thread.start()
        assert known.wait(60), 'it does not wait'

    def join(self):
        self._thread.join(60)
        assert not self._thread.is_alive(), 'it waits on'
        return self.why


@pytest.mark.parametrize('type_', ['protect', 'restore', 'delete'])
def test_who_waits_for_a_bank_can_be_cancelled(lab, type_):
    checkpoint_id = lab.ask_protect()
    if type_ != 'protect':
        assert lab.process().work() is None
        getattr(lab, f'ask_{type_}')(checkpoint_id)
    waiting = Waiting(lab, lab.claim())
    waiting.run.cancel('somebody')
    # a deletion looks once more what late writers have left, when it has
    # ended, and waits with that until the process ends
    waiting.run.halt(runs.GIVEN_UP)
    assert waiting.join() is None
    assert lab.operation(type_, checkpoint_id).status == 'cancelled'
    lab.delete(checkpoint_id)
    assert lab.objects() == []


@pytest.mark.parametrize('why', [runs.LOST, runs.GIVEN_UP, runs.BROKEN])
def test_who_waits_for_a_bank_stops_with_its_run(lab, why):
    checkpoint_id = lab.ask_protect()
    operation = lab.claim()
    waiting = Waiting(lab, operation)
    waiting.run.halt(why)
    if why != runs.GIVEN_UP:
        # who has lost it looks what has become of it, until the process ends
        waiting.run.halt(runs.GIVEN_UP)
    assert waiting.join() == why
    if why == runs.GIVEN_UP:
        operations.release(karbor_context.system(), operation)
    else:
        lab.expire()
    assert lab.process().work() is None
    lab.check_available(checkpoint_id)


def test_waiting_prolongs_no_lease(lab):
    """Only the heartbeat does; without one, the operation is another's."""
    lab.ask_protect()
    operation = lab.claim()
    waiting = Waiting(lab, operation)
    # the last heartbeat was so long ago
    waiting.run.prolonged(waiting.run._clock() - 10 ** 6)
    waiting.run.cancel('wakes it, so that nobody waits here for the clock')
    assert waiting.run.halted == runs.LOST
    assert waiting.join() == runs.LOST
