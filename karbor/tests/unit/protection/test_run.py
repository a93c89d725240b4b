# SPDX-License-Identifier: Apache-2.0
"""A claim while it is worked on: stopping, journal and progress."""

import threading

from oslo_utils import timeutils
import pytest

from karbor import context as karbor_context
from karbor import exception
from karbor.db import operations
from karbor.model.graph import Graph
from karbor.model.operation import Operation
from karbor.model.operation import OperationResource
from karbor.plugin import Cancelled
from karbor.plugin import Context
from karbor.plugin import Resource
from karbor.protection import run as runs

A, B = Resource('T', 'a'), Resource('T', 'b')


OPERATION = Operation(
    id='op', type='restore', project_id='p', user_id='u', provider_id='x',
    checkpoint_id='c', status='running',
    created_at=timeutils.utcnow(with_timezone=True),
    request={'parameters': {'T': {'size': 1, 'color': 'red'},
                            'T#b': {'size': 2}}})


class Journal:
    """Stands in for `operations.journal`.

    :ivar written: (entries, totals) of each transaction
    """

    def __init__(self):
        self.written = []
        self.error = None
        self.before = lambda totals: None

    def __call__(self, context, operation, entries, totals=None):
        self.before(totals)
        if self.error is not None:
            raise self.error
        self.written.append((list(entries), totals))


@pytest.fixture
def journal(monkeypatch):
    journal = Journal()
    monkeypatch.setattr(operations, 'journal', journal)
    return journal


@pytest.fixture
def clock():
    return [0.0]


@pytest.fixture
def run(journal, clock):
    run = runs.Run(karbor_context.system(), OPERATION, None, Context('p'),
                   lease=10, clock=lambda: clock[0])
    load(run)
    return run


def load(run, **kwargs):
    run.load(Graph.of([A, B], {}), [
        OperationResource(0, 'T', 'a', ''),
        OperationResource(1, 'T', 'b', '', **kwargs)])


def test_the_first_reason_to_stop_stands(run):
    assert run.halted is None
    run.check()
    run.halt(runs.GIVEN_UP)
    run.halt(runs.LOST)
    assert run.halted == runs.GIVEN_UP
    with pytest.raises(Cancelled):
        run.check()


def test_a_lease_is_held_as_long_as_it_is_prolonged(run, clock):
    clock[0] = 10.0
    assert run.halted is None
    run.prolonged(5.0)
    clock[0] = 15.0
    assert run.halted is None
    clock[0] = 15.1
    assert run.halted == runs.LOST
    run.prolonged(15.1)             # too late
    assert run.halted == runs.LOST


def test_sleep_ends_when_the_run_stops(run):
    threading.Timer(0, run.halt, [runs.GIVEN_UP]).start()
    with pytest.raises(Cancelled):
        run.sleep(9)


def test_sleep_ends_by_itself(run, clock):
    def wait(seconds):
        slept.append(seconds)
        clock[0] += seconds

    slept = []
    run._stop.wait = wait
    run.sleep(3)
    assert slept == [3]
    # but not after the lease
    with pytest.raises(Cancelled):
        run.prolonged(0.0)
        clock[0] = 9.5
        run._stop.wait = lambda seconds: clock.__setitem__(0, 11.0)
        run.sleep(100)


def test_parameters_of_a_resource_win_over_those_of_its_type(run):
    assert run.parameters(A) == {'size': 1, 'color': 'red'}
    assert run.parameters(B) == {'size': 2, 'color': 'red'}


def test_what_the_journal_knows_is_taken_over(run):
    entry = {'type': 'T', 'id': 'b', 'name': '', 'attempt': 1,
             'document': None, 'document_size': 0, 'bytes': 5,
             'stored_bytes': 4, 'attempts': [1]}
    load(run, status='running', hooks_done=('on_main',), memo={'k': 1},
         reason='a note', new_id='n', entry=entry)
    state = run.states[1]
    assert (state.hooks_done, state.memo, state.reason, state.new_id) == (
        ['on_main'], {'k': 1}, 'a note', 'n')
    assert state.entry.to_dict() == entry
    assert not run.failed.is_set()
    assert run.first_reason() is None
    load(run, status='error', reason='it broke')
    assert run.failed.is_set()
    assert run.first_reason() == 'T b: it broke'


def test_the_cause_is_named_and_not_its_consequence(run):
    run.states[0].reason = runs.NOT_DONE
    run.progress.end(0, 'error')
    assert run.first_reason() == f'T a: {runs.NOT_DONE}'
    run.states[1].reason = 'it broke'
    run.progress.end(1, 'error')
    assert run.first_reason() == 'T b: it broke'


def test_a_lost_claim_halts_the_run(run, journal):
    journal.error = exception.LeaseLost(id='op', attempt=1)
    with pytest.raises(Cancelled):
        run.write({'position': 0})
    assert run.halted == runs.LOST


def test_a_broken_database_halts_the_run(run, journal):
    journal.error = OSError('gone')
    with pytest.raises(Cancelled):
        run.write({'position': 0})
    assert run.halted == runs.BROKEN
    journal.error = None
    with pytest.raises(Cancelled):          # nothing is built upon it
        run.write({'position': 1})
    assert journal.written == []


def test_settle_ends_what_no_hook_has_ended(run, journal):
    run.progress.end(0, 'success')
    run.settle()
    [([row], _totals)] = journal.written
    assert (row['position'], row['status'], row['reason']) == (
        1, 'success', None)
    run.settle('why')
    assert len(journal.written) == 1        # nothing is left


def test_settle_tells_why(run, journal):
    run.settle('why')
    [(rows, _totals)] = journal.written
    assert [(r['status'], r['reason']) for r in rows] == [
        ('error', 'why')] * 2
    assert run.first_reason() == 'T a: why'


def test_flush_writes_what_moved_with_the_totals(run, journal):
    run.flush()
    assert journal.written == []
    run.progress.set(1, 0.5, 5, 10)
    run.flush()
    [([row], totals)] = journal.written
    assert (row['position'], row['fraction']) == (1, 0.5)
    assert totals == {'fraction': 0.25, 'bytes_done': 5, 'bytes_total': 10}
    run.halt(runs.GIVEN_UP)
    run.progress.begin(0, 0)
    run.flush()
    assert len(journal.written) == 1


def test_flush_finds_a_lost_claim(run, journal):
    journal.error = exception.LeaseLost(id='op', attempt=1)
    run.progress.begin(0, 0)
    run.flush()
    assert run.halted == runs.LOST


def test_an_outcome_is_never_overwritten_by_older_progress(run, journal):
    """A hook ends while a flush is being written that says it runs."""
    run.progress.begin(0, 0)

    def hook():
        run.write({'position': 0, **run.progress.end(0, 'success')})

    ending = threading.Thread(target=hook, daemon=True)

    def before(totals):
        if totals is not None:
            ending.start()
            # It has to wait until the flush is written, so this ends by its
            # time-out; a run without the order would write meanwhile.
            ending.join(0.2)

    journal.before = before
    run.flush()
    ending.join(60)
    assert [rows[0]['status'] for rows, _totals in journal.written] == [
        'running', 'success']


def test_a_claim_is_proved_by_the_journal(run, journal):
    """Not by the clock, which may have stood still."""
    run.prove()
    assert journal.written == [([], None)]
    journal.error = exception.LeaseLost(id='op', attempt=1)
    with pytest.raises(Cancelled):
        run.prove()
    assert run.halted == runs.LOST


def test_a_claim_that_cannot_be_proved_is_not_held(run, journal):
    journal.error = OSError('gone')
    with pytest.raises(Cancelled):
        run.prove()
    assert run.halted == runs.BROKEN
