# SPDX-License-Identifier: Apache-2.0
"""The checker passes a ledger that is right and names what is wrong in others.

What the proofs of the operation engine are worth is decided here.
"""

import dataclasses
import datetime

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
import pytest

from karbor.model.run import Run
from karbor.tests import checker

BEGIN = datetime.datetime(2027, 3, 1, 12, tzinfo=datetime.UTC)
UNTIL = datetime.datetime(2027, 3, 20, tzinfo=datetime.UTC)
HOUR = datetime.timedelta(hours=1)
MINUTE = datetime.timedelta(minutes=1)
SECOND = datetime.timedelta(seconds=1)
DAY = 24 * HOUR
DROPPED = checker.DROPPED


def day(number, hour=2, minute=0):
    return datetime.datetime(2027, 3, number, hour, minute,
                             tzinfo=datetime.UTC)


def trigger(pattern='0 2 * * *', window=900, **properties):
    return {'format': 'crontab', 'pattern': pattern, 'window': window,
            'start_time': '2027-01-01 00:00:00', **properties}


class Ledger:
    """What an engine leaves that does everything right, by the minute."""

    def __init__(self, **life):
        self.operation = checker.Operation(
            'op', life.pop('versions', [checker.Version(BEGIN, trigger())]),
            life.pop('created_at', BEGIN), **life)
        self.runs = []
        self.work = []
        self.until = UNTIL
        self.bank = None

    def row(self, time, status='success', triggered=None, **values):
        """One row, found due a second after its time unless said."""
        number = len(self.runs)
        found = triggered or time + SECOND
        begun = status in ('success', 'failed')
        values.setdefault('ended_at', found + MINUTE if begun else found)
        run = Run(**{
            'id': f'run-{number}', 'scheduled_operation_id': 'op',
            'project_id': 'p', 'trigger_id': 't', 'plan_id': 'plan',
            'origin': 'time', 'expected_at': time, 'triggered_at': found,
            'start_by': time + 15 * MINUTE, 'status': status,
            'reason': None if status == 'success' else 'A sentence.',
            'started_at': found + SECOND if begun else None,
            'checkpoint_id': f'cp-{number}' if begun else None, **values})
        self.runs.append(run)
        if begun:
            self.work.append(checker.Work(
                run.id, 'protect', f'cp-{number}',
                'success' if status == 'success' else 'error'))
        return run

    def fill(self, but=()):
        for time in self.operation.expected(self.until):
            if time not in but:
                self.row(time)
        return self

    def change(self, number, **values):
        self.runs[number] = dataclasses.replace(self.runs[number], **values)

    def faults(self):
        return checker.check([self.operation], self.runs, self.work,
                             self.until, self.bank)

    def kinds(self):
        return [fault.kind for fault in self.faults()]


def right():
    """An outage on 5 and 6 March, a day without, and one that was skipped."""
    ledger = Ledger(
        forbidden=[checker.Span(day(9, 0), day(10, 0))],
        excused=[checker.Span(day(12, 0), day(13, 0))],
        complete_within=3600)
    look = day(7, 2, 14)
    # enabled again just after a time, which it had missed until then
    ledger.operation.forbidden.append(checker.Span(day(10, 12), day(11, 2, 1)))
    ledger.fill({day(5), day(6), day(7), day(9), day(11), day(12), day(14)})
    ledger.row(day(5), DROPPED, look)
    ledger.row(day(6), DROPPED, look)
    ledger.row(day(7), triggered=look)
    ledger.row(day(9), 'skipped')
    ledger.row(day(12), 'failed')
    # it took its time, which was said
    ledger.row(day(14), ended_at=day(14, 5), late=True)
    ledger.row(day(11), 'skipped', day(11, 2, 1))
    return ledger


def test_a_ledger_that_is_right_passes():
    ledger = right()
    ledger.bank = [one.checkpoint_id for one in ledger.work
                   if one.status == 'success']
    assert ledger.faults() == []
    assert checker.report([ledger.operation], ledger.runs, UNTIL) == {
        'expected': 18, 'success': 13, 'failed': 1, 'skipped': 2, DROPPED: 2}


# -- what can be wrong --------------------------------------------------------

BROKEN = {}


def broken(kind):
    def register(breaks):
        BROKEN[f'{kind}: {breaks.__doc__}'] = (kind, breaks)
        return breaks
    return register


@broken('missed')
def _(ledger):
    """a time without a row"""
    del ledger.runs[3], ledger.work[3]


@broken('missed')
def _(ledger):
    """the last time before now"""
    last = max(ledger.runs, key=lambda run: run.expected_at)
    ledger.runs.remove(last)
    ledger.work = [one for one in ledger.work if one.run_id != last.id]


@broken('doubled')
def _(ledger):
    """two rows of one time"""
    ledger.row(day(3), started_at=day(3, 3), ended_at=day(3, 4), late=True)


@broken('doubled')
def _(ledger):
    """two checkpoints of one row"""
    ledger.work.append(checker.Work('run-2', 'protect', 'cp-more', 'success'))


@broken('doubled')
def _(ledger):
    """a checkpoint of one row that was verified twice"""
    ledger.work[2:3] = [checker.Work('run-2', 'verify', 'cp-2', 'success')] * 2


@broken('unexpected')
def _(ledger):
    """a row of no time"""
    ledger.row(day(3, 4))


@broken('unexpected')
def _(ledger):
    """a row of before the operation was made"""
    ledger.row(day(1))


@broken('unexpected')
def _(ledger):
    """a row of after it was removed"""
    ledger.operation.removed_at = day(19)
    ledger.operation.versions[0].properties['window'] = 900
    ledger.row(day(19, 3), status='skipped')


@broken('unexpected')
def _(ledger):
    """a row of no operation"""
    ledger.runs.append(dataclasses.replace(
        ledger.runs[0], id='strange', scheduled_operation_id='gone'))
    ledger.work.append(checker.Work('strange', 'protect', 'cp-0', 'success'))


@broken('unexpected')
def _(ledger):
    """work for a row that was skipped"""
    run = next(run for run in ledger.runs if run.status == 'skipped')
    ledger.work.append(checker.Work(run.id, 'protect', 'cp', 'success'))


@broken('unexpected')
def _(ledger):
    """work for a row that is not there"""
    ledger.work.append(checker.Work('gone', 'protect', 'cp', 'success'))


@broken('unexpected')
def _(ledger):
    """a checkpoint that no row tells of"""
    ledger.bank = [*(one.checkpoint_id for one in ledger.work
                     if one.status == 'success'), 'strange']


@broken('early')
def _(ledger):
    """found due before its time"""
    ledger.change(2, triggered_at=ledger.runs[2].expected_at - SECOND)


@broken('early')
def _(ledger):
    """begun before its time"""
    ledger.change(2, started_at=ledger.runs[2].expected_at - SECOND)


@broken('late')
def _(ledger):
    """begun after its window"""
    time = ledger.runs[2].expected_at + 15 * MINUTE + SECOND
    ledger.change(2, started_at=time, ended_at=time)


@broken('late')
def _(ledger):
    """a window that is not that of the trigger"""
    ledger.change(2, start_by=ledger.runs[2].start_by + SECOND)


@broken('dropped')
def _(ledger):
    """dropped as soon as it was found, in its window"""
    ledger.runs.remove(next(run for run in ledger.runs
                            if run.status == 'skipped'))
    ledger.row(day(9), DROPPED)


@broken('dropped')
def _(ledger):
    """dropped for a later one that was dropped, too"""
    look = day(7, 2, 14)
    for number, run in enumerate(ledger.runs):
        if run.expected_at == day(7):
            ledger.runs[number] = dataclasses.replace(
                run, status=DROPPED, started_at=None, checkpoint_id=None,
                ended_at=look, reason='A sentence.')
            ledger.work = [one for one in ledger.work
                           if one.run_id != run.id]


@broken('dropped')
def _(ledger):
    """dropped after it had waited, but not until its window ended"""
    ledger.runs.remove(next(run for run in ledger.runs
                            if run.status == 'skipped'))
    ledger.row(day(9), DROPPED, ended_at=day(9, 2, 14))


@broken('crowded')
def _(ledger):
    """two made up of those that an outage has left"""
    ledger.runs = [run for run in ledger.runs if run.expected_at != day(6)]
    ledger.row(day(6), triggered=day(7, 2, 14),
               start_by=day(6, 2, 15), started_at=day(6, 2, 15),
               ended_at=day(7, 2, 14, ))


@broken('skipped')
def _(ledger):
    """skipped without a cause"""
    ledger.operation.forbidden.clear()


@broken('skipped')
def _(ledger):
    """failed without a cause"""
    ledger.operation.excused.clear()


@broken('skipped')
def _(ledger):
    """skipped for one that had ended by then"""
    ledger.runs.remove(next(run for run in ledger.runs
                            if run.expected_at == day(12)))
    ledger.work = [one for one in ledger.work
                   if one.run_id in {run.id for run in ledger.runs}]
    ledger.operation.excused.clear()
    ledger.row(day(12), 'skipped')


@broken('forbidden')
def _(ledger):
    """begun while it was disabled"""
    ledger.operation.forbidden.append(checker.Span(day(3, 0), day(4, 0)))


@broken('overlapping')
def _(ledger):
    """begun before the one before has ended"""
    ledger.change(0, ended_at=day(3, 3), late=True)


@broken('unfinished')
def _(ledger):
    """waits for ever"""
    ledger.change(2, status='queued', started_at=None, ended_at=None,
                  checkpoint_id=None)
    del ledger.work[2]


@broken('unfinished')
def _(ledger):
    """runs for ever"""
    last = max(range(len(ledger.runs)),
               key=lambda number: ledger.runs[number].expected_at)
    ledger.change(last, status='running', ended_at=None)


@broken('unfinished')
def _(ledger):
    """failed without a reason"""
    [number] = [number for number, run in enumerate(ledger.runs)
                if run.status == 'failed']
    ledger.change(number, reason=None)


@broken('false')
def _(ledger):
    """a success whose operation has failed"""
    ledger.work[2] = dataclasses.replace(ledger.work[2], status='error')


@broken('false')
def _(ledger):
    """a failure whose operation was a success"""
    ledger.work = [dataclasses.replace(one, status='success')
                   for one in ledger.work]


@broken('false')
def _(ledger):
    """begun, and nothing works for it"""
    [number] = [number for number, run in enumerate(ledger.runs)
                if run.status == 'failed']
    ledger.work = [one for one in ledger.work
                   if one.run_id != ledger.runs[number].id]
    ledger.change(number, checkpoint_id=None)


@broken('false')
def _(ledger):
    """a checkpoint that its operation has not made"""
    ledger.change(2, checkpoint_id='another')


@broken('false')
def _(ledger):
    """a success that never began"""
    ledger.change(2, started_at=None)
    ledger.change(2, operation_id=None)
    del ledger.work[2]
    ledger.change(2, checkpoint_id=None)


@broken('false')
def _(ledger):
    """ended before it began"""
    ledger.change(2, ended_at=ledger.runs[2].started_at - SECOND)


@broken('false')
def _(ledger):
    """a success whose checkpoint is nowhere"""
    ledger.bank = [one.checkpoint_id for one in ledger.work[1:]
                   if one.status == 'success']


@broken('unreported')
def _(ledger):
    """late, and nobody said so"""
    ledger.change(2, ended_at=ledger.runs[2].expected_at + 2 * HOUR)


@broken('unreported')
def _(ledger):
    """in time, and said to be late"""
    ledger.change(2, late=True)


@pytest.mark.parametrize('which', BROKEN)
def test_what_is_wrong_is_found(which):
    kind, breaks = BROKEN[which]
    ledger = right()
    breaks(ledger)
    assert kind in ledger.kinds(), list(map(str, ledger.faults()))


def test_every_kind_has_caught_something():
    assert {kind for kind, _breaks in BROKEN.values()} == set(checker.KINDS)


# -- lives of operations ------------------------------------------------------

def test_an_update_of_the_trigger_changes_what_is_expected():
    change = day(10, 0)
    ledger = Ledger(versions=[
        checker.Version(BEGIN, trigger()),
        checker.Version(change, trigger('30 3 * * *'))]).fill()
    assert [run.expected_at.hour for run in ledger.runs] == [2] * 8 + [3] * 10
    assert ledger.faults() == []
    # an engine that did not hear of it
    ledger.row(day(10))
    assert ledger.kinds() == ['unexpected']


def test_what_a_new_window_says_holds_for_new_times():
    ledger = Ledger(versions=[
        checker.Version(BEGIN, trigger()),
        checker.Version(day(10, 0), trigger(window=60))]).fill()
    assert ledger.kinds() == ['late'] * 10


def test_a_run_may_be_skipped_for_one_that_has_not_ended():
    ledger = Ledger().fill({day(5)})
    [before] = [number for number, run in enumerate(ledger.runs)
                if run.expected_at == day(4)]
    ledger.row(day(5), 'skipped')
    assert ledger.kinds() == ['skipped']
    ledger.change(before, ended_at=day(5, 3))
    assert ledger.kinds() == []


def test_where_runs_queue_only_one_waits():
    """The next one is skipped, and the one that waited is never late."""
    ledger = Ledger(overlap='queue').fill({day(5), day(6), day(7)})
    [before] = [number for number, run in enumerate(ledger.runs)
                if run.expected_at == day(4)]
    waiting = ledger.row(day(5), start_by=None, started_at=day(6, 3),
                         ended_at=day(6, 4))
    ledger.row(day(6), 'skipped')
    ledger.row(day(7))
    # it waited for nothing, so it was late, and the other was not to go
    assert set(ledger.kinds()) == {'late'}
    ledger.change(before, ended_at=day(6, 3))
    assert ledger.kinds() == []
    ledger.runs.remove(waiting)
    ledger.work = [one for one in ledger.work if one.run_id != waiting.id]
    assert 'missed' in ledger.kinds()


def test_a_run_that_is_to_wait_is_not_skipped():
    ledger = Ledger(overlap='queue').fill({day(5)})
    ledger.row(day(5), 'skipped')
    assert ledger.kinds() == ['skipped']


def test_a_run_that_waited_in_vain_is_dropped():
    ledger = Ledger().fill({day(5)})
    ledger.row(day(5), DROPPED, ended_at=day(5, 2, 16))
    assert ledger.faults() == []


def test_runs_of_users_and_events_are_not_expected():
    ledger = Ledger().fill()
    for number, origin in enumerate(('manual', 'event')):
        ledger.row(day(5, 4 + number), origin=origin, start_by=None)
    assert ledger.faults() == []
    # but they do not overlap others, and end
    ledger.row(day(6, 5), origin='manual', start_by=None, status='running',
               started_at=day(7, 2, 0) + 3 * SECOND, ended_at=None)
    ledger.work.append(checker.Work('run-20', 'protect', 'x', 'running'))
    assert 'unfinished' in ledger.kinds()
    assert 'overlapping' in ledger.kinds()


def test_what_nobody_can_tell_is_not_held_against_the_ledger():
    ledger = Ledger(doubtful=[checker.Span(day(5, 1), day(5, 3))])
    ledger.fill({day(5)})
    assert ledger.faults() == []
    ledger.row(day(5))
    assert ledger.faults() == []


def test_times_that_nobody_has_looked_at_yet_are_not_expected():
    ledger = Ledger().fill()
    ledger.until = UNTIL + DAY
    assert ledger.kinds() == ['missed']


@settings(max_examples=60, deadline=None)
@given(pattern=st.sampled_from(['0 2 * * *', '*/20 3 * * *', '0 */6 1 * 1']),
       data=st.data())
def test_whichever_row_is_lost_moved_or_doubled(pattern, data):
    ledger = Ledger(versions=[checker.Version(BEGIN, trigger(pattern))])
    ledger.fill()
    assert ledger.faults() == []
    number = data.draw(st.integers(0, len(ledger.runs) - 1))
    change = data.draw(st.sampled_from(['lost', 'moved', 'doubled']))
    run = ledger.runs[number]
    if change == 'doubled':
        ledger.row(run.expected_at)
    if change == 'lost':
        del ledger.runs[number]
    if change == 'moved':
        ledger.change(number, expected_at=run.expected_at + data.draw(
            st.sampled_from([-1, 1])) * SECOND)
    assert {'lost': {'missed'}, 'moved': {'missed', 'unexpected'},
            'doubled': {'doubled'}}[change] <= set(ledger.kinds())


def test_of_what_is_disabled_all_are_skipped_at_once():
    ledger = Ledger(forbidden=[checker.Span(day(4, 0), day(8, 0))])
    ledger.fill({day(4), day(5), day(6), day(7)})
    for number in (4, 5, 6):
        ledger.row(day(number), 'skipped', day(6, 2, 1))
    ledger.row(day(7), 'skipped')
    assert ledger.faults() == []
    # but not if one of them had been left to begin, and was skipped then
    late = next(run for run in ledger.runs if run.expected_at == day(5))
    ledger.change(ledger.runs.index(late), ended_at=day(6, 2, 2))
    last = next(run for run in ledger.runs if run.expected_at == day(6))
    ledger.change(ledger.runs.index(last), ended_at=day(6, 2, 2))
    assert ledger.kinds() == ['crowded']
