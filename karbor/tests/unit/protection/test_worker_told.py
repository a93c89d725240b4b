# SPDX-License-Identifier: Apache-2.0
"""What a worker tells of its claims; see test_worker for the rest."""

import pytest

from karbor.actions import telling
from karbor.protection import run as runs
from karbor.tests.unit.protection import test_worker
from karbor.tests.unit.protection.test_work_leases import steal

settings, start = test_worker.settings, test_worker.start


@pytest.fixture
def told(monkeypatch):
    """(what, attempt, whether it was taken over) in order."""
    found = []
    for name in ('started', 'ended', 'lease_lost'):
        monkeypatch.setattr(
            telling, name, lambda operation, *_args, name=name: found.append(
                (name, operation.attempt, operation.taken_over)))
    return found


def test_a_claim_is_told_before_its_end(lab, start, told):
    lab.ask_protect()
    worker = start()
    worker.wait_for()
    assert told == [('started', 1, False), ('ended', 1, False)]


def test_who_goes_on_says_so(lab, start, told):
    lab.ask_protect()
    lab.claim('silent')
    lab.expire()
    start().wait_for()
    assert told == [('started', 2, True), ('ended', 2, True)]


def test_what_was_given_up_was_not_taken_over(lab, start, told):
    lab.ask_protect()

    def halt(run):
        run.halt(runs.GIVEN_UP)

    claimed = lab.claim()
    assert lab.process().carry_out(claimed, halt) == runs.GIVEN_UP
    test_worker.operations.release(lab.context, claimed)
    start().wait_for()
    assert told == [('started', 2, False), ('ended', 2, False)]


def test_a_lease_that_is_lost_is_counted_by_who_lost_it(lab, start, told):
    stolen = []

    def trick(step):
        if not stolen:
            stolen.append(True)
            steal(lab)

    lab.tricks['protect', 'on_main', 'app'] = trick
    lab.ask_protect()
    start().wait_for()
    assert told == [('started', 1, False), ('ended', 2, True),
                    ('lease_lost', 1, False)]
