# SPDX-License-Identifier: Apache-2.0
"""A bank that fails at any call, once or for good."""

import pytest

from karbor import plugin
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
