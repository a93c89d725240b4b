# SPDX-License-Identifier: Apache-2.0
"""What leaves the ledger, and what never does."""

import pytest
import sqlalchemy as sa

from karbor.db import models
from karbor.db import run_trimming
from karbor.db import session as db
from karbor.tests.unit.db import common
from karbor.tests.unit.db import schedules
from karbor.tests.unit.db import test_runs

LONG = 10 ** 7


@pytest.fixture
def operation(clock):
    """With ten runs that have failed, one a minute."""
    operation = schedules.operation(clock, schedules.trigger(clock).id)
    for _number in range(10):
        test_runs.next_run(clock)
    set_status('failed')
    return operation


def set_status(status, *numbers):
    """Of all runs, or of some by their number."""
    found = schedules.ledger()
    ids = [found[number].id for number in numbers or range(len(found))]
    with db.writer(common.system()) as session:
        db.changed(session, sa.update(models.Run).where(
            models.Run.id.in_(ids)).values(status=status))


def trim(clock, seconds=LONG, number=LONG, limit=1000):
    return run_trimming.trim(common.system(), seconds=seconds, number=number,
                             clock=clock, limit=limit)


def left():
    return [(run.expected_at - schedules.NOON) // schedules.MINUTE
            for run in schedules.ledger()]


def test_nothing_is_trimmed_before_its_time(clock, operation):
    assert trim(clock) == 0
    assert trim(clock, number=10) == 0
    assert len(left()) == 10


def test_old_runs_go(clock, operation):
    assert trim(clock, seconds=180) == 6
    assert left() == [7, 8, 9, 10]
    assert trim(clock, seconds=180) == 0


def test_the_oldest_of_too_many_go(clock, operation):
    other = schedules.operation(clock, operation.trigger_id)
    test_runs.next_run(clock)
    set_status('failed')
    assert trim(clock, number=3) == 8
    assert len(schedules.ledger(operation)) == 3
    assert len(schedules.ledger(other)) == 1


@pytest.mark.parametrize('limits', [{'seconds': 0}, {'number': 1}])
def test_the_last_success_stays(clock, operation, limits):
    set_status('success', 2, 4)
    clock.after(seconds=1)
    trim(clock, **limits)
    assert 5 in left()
    assert 3 not in left()
    assert len(left()) <= 2


@pytest.mark.parametrize('status', ['queued', 'running'])
def test_what_has_not_ended_stays(clock, operation, status):
    set_status(status, 0, 1)
    assert trim(clock, seconds=180) == 4
    assert left() == [1, 2, 7, 8, 9, 10]


def test_a_call_removes_so_many(clock, operation):
    assert [trim(clock, seconds=180, limit=4) for _number in range(3)] == [
        4, 2, 0]
