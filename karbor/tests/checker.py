# SPDX-License-Identifier: Apache-2.0
"""Did every expected run happen once, or does its row say rightly why not?

What was expected comes from the definitions of triggers and from the lives of
operations, reckoned by `expected`; what was observed comes from the ledger
(rows of runs), from the work that was done for them (rows of operations) and
from the bank. Nothing here asks Karbor what it thinks.
"""

from collections import Counter
from collections import defaultdict
from dataclasses import dataclass, field
import datetime

from karbor.tests import expected

FINAL = ('success', 'failed', 'skipped', 'dropped_out_of_window')
DROPPED = 'dropped_out_of_window'
# what can be found; each is tried in the tests of this module
KINDS = (
    'missed',       # no row for an expected time
    'doubled',      # two rows for one, or work done twice for one row
    'unexpected',   # a row, work or a checkpoint that nobody asked for
    'early',        # found or begun before its time
    'late',         # begun after its window
    'dropped',      # dropped though there was time for it
    'crowded',      # more than one of those that were due was made up
    'skipped',      # skipped without a cause
    'forbidden',    # done though it was disabled or its plan suspended
    'overlapping',  # began while another one had not ended
    'unfinished',   # no end, or no reason
    'false',        # says a success that was none, or the other way round
    'unreported',   # not said to be late, or falsely
)


@dataclass(frozen=True)
class Span:
    """From a moment until before another one, or for ever."""

    begin: datetime.datetime
    end: datetime.datetime | None = None

    def touches(self, begin, end):
        # At its end what was due before gets its row: both show one moment.
        return (self.end is None or begin <= self.end) and self.begin <= end

    def covers(self, begin, end):
        return self.begin <= begin and (self.end is None or end < self.end)


@dataclass(frozen=True)
class Version:
    """What the properties of a trigger were after a moment."""

    since: datetime.datetime
    properties: dict


@dataclass
class Operation:
    """The life of a scheduled operation.

    :ivar versions: of its trigger, from old to new
    :ivar created_at: its times are later than this
    :ivar removed_at: or None
    :ivar forbidden: when it was disabled or its plan suspended
    :ivar excused: when it may be skipped or fail for other reasons: a full
        quota, an owner who is gone
    :ivar doubtful: for which times nobody can tell whether it was there
    """

    id: str
    versions: list
    created_at: datetime.datetime
    removed_at: datetime.datetime | None = None
    overlap: str = 'skip'
    complete_within: int | None = None
    forbidden: list = field(default_factory=list)
    excused: list = field(default_factory=list)
    doubtful: list = field(default_factory=list)

    def expected(self, until):
        """Seconds of the window by expected time, up to a moment."""
        found = {}
        ends = [version.since for version in self.versions[1:]] + [until]
        if self.removed_at is not None:
            until = min(until, self.removed_at)
        for version, end in zip(self.versions, ends, strict=True):
            for time in expected.times(
                    version.properties, max(version.since, self.created_at),
                    min(end, until)):
                found[time] = version.properties['window']
        return found


@dataclass(frozen=True)
class Work:
    """An operation of the protection service, which says for which run.

    :ivar type: protect, verify or delete
    :ivar status: success, error, cancelled, or of one that has not ended
    """

    run_id: str | None
    type: str
    checkpoint_id: str
    status: str


@dataclass(frozen=True)
class Fault:
    """What was found, with a sentence; `kind` is one of `KINDS`."""

    kind: str
    operation_id: str
    expected_at: datetime.datetime | None
    said: str

    def __str__(self):
        return f'{self.kind}: {self.operation_id} at {self.expected_at}: ' \
               f'{self.said}'


def check(operations, runs, work, until, bank=None):
    """What is wrong, as `Fault`s.

    :param operations: all that ever were, as `Operation`
    :param runs: rows of the ledger, with the names of `model.run.Run`; those
        that users or events have asked for are held only to the rules that
        hold for them as well
    :param work: `Work`, those without a run as well
    :param until: all times up to this moment have been looked at
    :param bank: ids of the available checkpoints that a bank holds and
        schedules have made; None if nobody has looked
    """
    rows = defaultdict(list)
    for run in runs:
        rows[run.scheduled_operation_id].append(run)
    faults = []
    for operation in operations:
        faults += _times(operation, rows.pop(operation.id, []), until)
    for id_, strange in rows.items():
        faults += [Fault('unexpected', id_, run.expected_at,
                         'there is no such operation') for run in strange]
    return [*faults, *_work(runs, work, bank)]


def report(operations, runs, until):
    """How many runs of each status there were, for people."""
    count = sum(len(operation.expected(until)) for operation in operations)
    return {'expected': count, **Counter(run.status for run in runs)}


def _times(operation, runs, until):
    """What is wrong about the rows of one operation."""
    due = operation.expected(until)
    seen = Counter(run.expected_at for run in runs)
    for time in due:
        if time not in seen and not _doubtful(operation, time):
            yield Fault('missed', operation.id, time, 'there is no row')
    runs = sorted(runs, key=lambda run: run.expected_at)
    begun = sorted((run for run in runs if run.started_at is not None),
                   key=lambda run: run.started_at)
    for run in runs:
        def fault(kind, said, run=run):
            return Fault(kind, operation.id, run.expected_at,
                         f'run {run.id}, {run.status}: {said}')
        if seen[run.expected_at] > 1:
            yield fault('doubled', 'there is another row')
        if run.origin == 'time':
            window = due.get(run.expected_at)
            if window is not None:
                yield from _in_time(run, window, fault, _waits(
                    operation, run, window, begun))
            elif run.expected_at <= until and not _doubtful(
                    operation, run.expected_at):
                yield fault('unexpected', 'no trigger has such a time')
        yield from _end(operation, run, begun, fault)
    yield from _apart(begun, lambda kind, said, run: Fault(
        kind, operation.id, run.expected_at, f'run {run.id}: {said}'))
    yield from _made_up(operation, runs)


def _doubtful(operation, time):
    return any(span.touches(time, time) for span in operation.doubtful)


def _waits(operation, run, window, begun):
    """Until when a run may have waited for others that had not ended."""
    if operation.overlap != 'queue' or run.start_by == (
            run.expected_at + datetime.timedelta(seconds=window)):
        return None
    return max((other.ended_at for other in begun if other.id != run.id
                and other.started_at <= (run.started_at or run.ended_at)
                and other.ended_at is not None), default=None)


def _in_time(run, window, fault, waits):
    start_by = run.expected_at + datetime.timedelta(seconds=window)
    if waits is not None and waits >= run.triggered_at:
        # from then on it has a window again
        start_by = run.start_by
    elif run.start_by != start_by:
        yield fault('late', f'it may begin until {run.start_by}, not '
                            f'{start_by}')
    if run.triggered_at < run.expected_at:
        yield fault('early', f'found due at {run.triggered_at}')
    if run.started_at is not None and run.started_at < run.expected_at:
        yield fault('early', f'begun at {run.started_at}')
    if start_by is not None and run.started_at is not None and (
            run.started_at > start_by):
        yield fault('late', f'begun at {run.started_at}')


def _end(operation, run, begun, fault):
    """What is wrong about how a run has ended."""
    if run.status not in FINAL or run.ended_at is None:
        yield fault('unfinished', f'it has not ended; attempt {run.attempt}')
        return
    if run.status != 'success' and not run.reason:
        yield fault('unfinished', 'it has no reason')
    if run.ended_at < (run.started_at or run.triggered_at):
        yield fault('false', f'it ended at {run.ended_at}')
    if run.started_at is not None:
        if any(span.covers(run.triggered_at, run.started_at)
               for span in operation.forbidden):
            yield fault('forbidden',
                        'it was disabled, or its plan suspended')
    elif run.status == 'success':
        yield fault('false', 'it has not begun')
    if run.status in ('skipped', 'failed') and not _excused(
            operation, run, begun):
        yield fault('skipped', f'without a cause: {run.reason}')
    if run.started_at is not None and operation.complete_within is not None:
        late = run.ended_at > run.expected_at + datetime.timedelta(
            seconds=operation.complete_within)
        if late != run.late:
            yield fault('unreported', f'ended at {run.ended_at}, and late is '
                                      f'{run.late}')


def _excused(operation, run, begun):
    """There is a cause for a run that was skipped or has failed."""
    spans = list(operation.excused)
    if run.status == 'skipped':
        spans += operation.forbidden
        # predecessors that had not ended; where they queue, there was
        # another one that waited
        spans += [Span(other.started_at if operation.overlap == 'skip'
                       else other.triggered_at, other.ended_at)
                  for other in begun if other.id != run.id]
    return any(span.touches(run.triggered_at, run.ended_at)
               for span in spans)


def _apart(begun, fault):
    """What is wrong about the order in which runs have begun."""
    last = None
    for run in begun:
        if last is not None and (last.ended_at is None
                                 or run.started_at < last.ended_at):
            yield fault('overlapping', f'run {last.id} had not ended', run)
        if last is None or (last.ended_at is not None and (
                run.ended_at is None or run.ended_at > last.ended_at)):
            last = run


def _made_up(operation, runs):
    """What is wrong about what was dropped, and what was not."""
    looks = defaultdict(list)
    for run in runs:
        if run.origin == 'time':
            looks[run.triggered_at].append(run)
    for moment, together in looks.items():
        for kind, run, said in _one_look(moment, together):
            yield Fault(kind, operation.id, run.expected_at,
                        f'run {run.id}, {run.status}, found at {moment} '
                        f'together with {len(together) - 1} others: {said}')


def _one_look(moment, together):
    """What is wrong about the runs of one operation found at a moment."""
    # dropped there and then; what waited in vain ended later
    ended = [run for run in together if run.status in (DROPPED, 'skipped')
             and run.ended_at is not None and run.ended_at <= moment]
    gone = [run for run in ended if run.status == DROPPED]
    # of an operation that is disabled, none is made up
    ids = {run.id for run in ended}
    kept = [run for run in together if run.id not in ids]
    for run in kept[:-1]:
        yield 'crowded', run, 'a later one was made up, too'
    for run in gone:
        if run.start_by is not None and moment <= run.start_by and not (
                kept and kept[-1].expected_at > run.expected_at):
            yield 'dropped', run, 'there was time, and none later is made up'
    for run in kept:
        if run.status == DROPPED and run.start_by is not None and (
                run.ended_at is not None and run.ended_at < run.start_by):
            yield 'dropped', run, f'at {run.ended_at}, there was time'


def _work(runs, work, bank):
    """What is wrong about what was done for the runs."""
    done = defaultdict(list)
    for one in work:
        if one.run_id is not None:
            done[one.run_id].append(one)
    for run in runs:
        found = done.pop(run.id, [])
        for kind, said in _done(run, found):
            yield Fault(kind, run.scheduled_operation_id, run.expected_at,
                        f'run {run.id}, {run.status}: {said}')
    for run_id, found in done.items():
        yield Fault('unexpected', run_id, None,
                    f'{len(found)} operations work for a run that is not '
                    'there')
    if bank is not None:
        known = {run.id for run in runs if run.status == 'success'}
        made = {one.checkpoint_id for one in work if one.type == 'protect'
                and one.run_id in known}
        gone = {one.checkpoint_id for one in work if one.type == 'delete'}
        for id_ in sorted(set(bank) - made):
            yield Fault('unexpected', id_, None,
                        'no run has made this checkpoint')
        for id_ in sorted(made - set(bank) - gone):
            yield Fault('false', id_, None, 'the bank does not have this '
                                            'checkpoint of a success')


def _done(run, found):
    """What is wrong about what was done for one run."""
    makes = [one for one in found if one.type == 'protect']
    used = Counter(one.checkpoint_id for one in found)
    if (makes and len(found) > 1) or max(used.values(), default=0) > 1:
        yield 'doubled', f'{len(found)} operations work for it'
    if run.started_at is None and found:
        yield 'unexpected', 'an operation works for it, and it has not begun'
    if run.started_at is not None and not found:
        yield 'false', 'it has begun, and no operation works for it'
    if run.checkpoint_id is not None and run.checkpoint_id not in used:
        yield 'false', f'nothing was done to {run.checkpoint_id}'
    good = bool(found) and all(one.status == 'success' for one in found)
    if run.status == 'success' and not good:
        yield 'false', 'its operation was no success'
    if run.status == 'failed' and good:
        yield 'false', 'its operation was a success'
