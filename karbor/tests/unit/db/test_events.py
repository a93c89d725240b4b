# SPDX-License-Identifier: Apache-2.0
"""Events are taken once, coalesced, and never lost."""

import contextlib
import datetime
import threading

from hypothesis import given
from hypothesis import HealthCheck
from hypothesis import settings
from hypothesis import strategies as st
from oslo_db import exception as db_exception
import pytest
import sqlalchemy as sa

from karbor import exception
from karbor.actions import firing as actions
from karbor.db import events
from karbor.db import firing
from karbor.db import models
from karbor.db import session as db
from karbor.db import triggers
from karbor.db import types
from karbor.model.event import Event
from karbor.tests import fixtures
from karbor.tests.unit.db import common
from karbor.tests.unit.db import schedules

NOON = schedules.NOON
KEEP = 600
PACE = {'window': 900, 'debounce': 0, 'min_interval': 60}


class Clock(schedules.Clock):
    def sql(self, seconds=0):
        found = super().sql(seconds)
        if kind() != 'mysql':
            return found
        # of a value that is sent to it, it does not know the type
        return sa.cast(found, types.UTCDateTime())


def kind():
    return db.engine().dialect.name


@pytest.fixture
def clock(database):
    return Clock(NOON - datetime.timedelta(hours=1))


def make(clock, *, source='webhook', version=1, project=common.PROJECT,
         **properties):
    return triggers.create(common.member(project), common.trigger(
        type='event', project_id=project, secret_version=version,
        properties={**PACE, 'source': source, **properties}),
        actions.reckon, clock)


@pytest.fixture
def hooked(clock):
    """A trigger with an operation, an hour old."""
    trigger = make(clock)
    schedules.operation(clock, trigger.id)
    clock.after(hours=1)
    return trigger


def event(id_='e', **changes):
    return Event(**{'id': id_, 'type': 'webhook', 'payload': {},
                    'project_id': common.PROJECT, 'received_at': NOON,
                    **changes})


def take(trigger, clock, id_='e', *more):
    return events.take(common.member(), trigger.id, event(id_),
                       [f'id {id_}', *more], keep=KEEP, clock=clock)


def fire(clock):
    return firing.fire_due(common.system(), actions.reckon, clock)


def stored(trigger):
    with db.reader(common.system()) as session:
        return session.get(models.Trigger, trigger.id)


def marks():
    with db.reader(common.system()) as session:
        return sorted(session.execute(
            sa.select(models.TriggerEvent.mark)).scalars())


# -- who wants events ---------------------------------------------------------

def test_the_hook_of_a_trigger(clock):
    trigger = make(clock, version=3)
    with fixtures.Statements() as statements:
        assert events.hook(common.system(), trigger.id, clock) == (
            common.PROJECT, 3, clock.moment)
    # and BEGIN
    assert statements.count <= 2
    other = make(clock, source='notification', version=None)
    for id_ in (other.id, schedules.trigger(clock).id, common.NOWHERE):
        assert events.hook(common.system(), id_, clock) is None


def test_the_clock_is_that_of_the_database(hooked):
    found = events.hook(common.system(), hooked.id, schedules.db_clock.Clock())
    apart = datetime.datetime.now(datetime.UTC) - found.now
    assert abs(apart) < datetime.timedelta(minutes=5)


def test_candidates(clock):
    wanted = [make(clock, source=source) for source in ('a', 'b')]
    make(clock, source='c')
    make(clock, source='a', project=common.OTHER)
    schedules.trigger(clock)
    with fixtures.Statements() as few:
        found = events.candidates(common.member(), ('a', 'b'), clock)
    assert {(one.id, one.source, now) for one, now in found} == {
        (one.id, one.source, clock.moment) for one in wanted}
    assert found[0][0].properties['debounce'] == 0
    for _number in range(9):
        make(clock, source='a')
    with fixtures.Statements() as many:
        assert len(events.candidates(common.member(), ('a',), clock)) == 10
    assert few.count == many.count <= 2
    assert events.candidates(common.member(), (), clock) == []


# -- taking them --------------------------------------------------------------

def test_an_event_fires_its_trigger(hooked, clock):
    assert fire(clock) == 0
    assert take(hooked, clock)
    assert stored(hooked).next_time == NOON
    assert fire(clock) == 1
    [run] = schedules.ledger()
    text = '2026-11-22T12:00:00+00:00'
    assert (run.origin, run.status, run.expected_at) == (
        'event', 'queued', NOON)
    assert run.cause == {'count': 1, 'id': 'e', 'type': 'webhook',
                         'received_at': text, 'first_at': text}
    assert (stored(hooked).next_time, stored(hooked).pending) == (None, None)
    assert fire(clock) == 0


def test_an_event_that_is_known_changes_nothing(hooked, clock):
    assert take(hooked, clock, 'e', 'signature s')
    before = stored(hooked)
    clock.after(seconds=1)
    for marks_ in (['id e'], ['signature s', 'id f'], ['id f', 'id e']):
        assert not events.take(common.member(), hooked.id, event('f'), marks_,
                               keep=KEEP, clock=clock)
    after = stored(hooked)
    assert (after.next_time, after.pending) == (before.next_time,
                                                before.pending)
    assert marks() == ['id e', 'signature s']
    # nor when it has fired
    fire(clock)
    assert not take(hooked, clock)
    assert stored(hooked).next_time is None


def test_each_trigger_knows_its_own(hooked, clock):
    assert take(hooked, clock)
    assert take(make(clock), clock)
    # and every letter counts
    assert take(hooked, clock, 'E')


def test_it_is_forgotten_in_the_end(hooked, clock):
    take(hooked, clock)
    clock.after(seconds=KEEP)
    assert not take(hooked, clock)
    assert take(hooked, clock, 'f')
    clock.after(seconds=1)
    assert take(hooked, clock, 'g')
    assert marks() == ['id f', 'id g']


def test_what_is_remembered_goes_with_the_trigger(clock):
    trigger = make(clock)
    take(trigger, clock)
    triggers.delete(common.member(), trigger.id)
    assert marks() == []
    with pytest.raises(exception.TriggerNotFound, match=trigger.id):
        take(trigger, clock)


def test_the_fence(hooked, clock):
    with pytest.raises(exception.TriggerNotFound):
        events.take(common.member(common.OTHER), hooked.id, event(), ['id e'],
                    keep=KEEP, clock=clock)
    assert (marks(), stored(hooked).pending) == ([], None)


def test_the_number_of_statements_does_not_grow(hooked, clock):
    counts = set()
    for number in range(6):
        clock.after(seconds=1)
        with fixtures.Statements() as statements:
            take(hooked, clock, str(number), f'signature {number}')
        counts.add(statements.count)
    [count] = counts
    # BEGIN, the trigger, both marks, old ones, the trigger
    assert count <= 6


# -- when it fires ------------------------------------------------------------

def test_events_are_coalesced_until_it_is_calm(clock):
    trigger = make(clock, debounce=10)
    schedules.operation(clock, trigger.id)
    clock.after(hours=1)
    for number in range(4):
        assert take(trigger, clock, str(number))
        assert stored(trigger).next_time == (
            clock.moment + datetime.timedelta(seconds=10))
        clock.after(seconds=9)
        assert fire(clock) == 0
    clock.after(seconds=1)
    assert fire(clock) == 1
    [run] = schedules.ledger()
    assert run.expected_at == clock.moment
    assert (run.cause['count'], run.cause['id'], run.cause['first_at']) == (
        4, '3', '2026-11-22T12:00:00+00:00')


def test_events_that_never_end_do_not_put_it_off_for_ever(clock):
    trigger = make(clock, debounce=10)
    schedules.operation(clock, trigger.id)
    begin = clock.moment
    clock.after(seconds=1)
    for number in range(40):
        take(trigger, clock, str(number))
        clock.after(seconds=5)
        fire(clock)
    assert schedules.ledger()[0].expected_at == begin + datetime.timedelta(
        seconds=101)


def test_two_firings_are_apart(hooked, clock):
    take(hooked, clock, '1')
    fire(clock)
    clock.after(seconds=5)
    take(hooked, clock, '2')
    assert stored(hooked).next_time == NOON + datetime.timedelta(seconds=60)
    assert fire(clock) == 0
    clock.after(seconds=55)
    assert fire(clock) == 1
    assert [run.expected_at for run in schedules.ledger()] == [
        NOON, NOON + datetime.timedelta(seconds=60)]


def test_a_new_trigger_has_not_fired(clock):
    """Else its first event would have to wait."""
    trigger = make(clock, min_interval=3600)
    clock.after(seconds=1)
    take(trigger, clock)
    assert stored(trigger).next_time == clock.moment


def test_a_change_of_the_trigger_loses_no_event(clock):
    trigger = make(clock, debounce=10)
    schedules.operation(clock, trigger.id)
    clock.after(hours=1)
    take(trigger, clock)
    changed = triggers.update(
        common.member(), trigger.id, {'properties': {
            **trigger.properties, 'debounce': 0}}, actions.reckon, clock)
    assert changed.next_time == clock.moment + datetime.timedelta(seconds=10)
    clock.after(seconds=10)
    assert fire(clock) == 1
    assert len(schedules.ledger()) == 1


# -- in between ---------------------------------------------------------------

def test_an_event_that_comes_while_an_engine_fires(hooked, clock):
    """The engine holds the row, and has read the events it fires for."""
    take(hooked, clock, '1')
    taken = []
    other = threading.Thread(
        target=lambda: taken.append(take(hooked, clock, '2')))

    def reckon(trigger, done_until, now):
        other.start()
        return actions.reckon(trigger, done_until, now)

    assert firing.fire_due(common.system(), reckon, clock) == 1
    other.join()
    assert taken == [True]
    [run] = schedules.ledger()
    assert (run.cause['count'], run.cause['id']) == (1, '1')
    left = stored(hooked)
    assert (left.pending['count'], left.pending['id']) == (1, '2')
    assert left.next_time == NOON + datetime.timedelta(seconds=60)


def test_an_engine_that_looks_while_an_event_is_taken(hooked, clock,
                                                      monkeypatch):
    """It leaves the trigger alone, or waits."""
    take(hooked, clock, '1')
    fired = []
    engine = threading.Thread(target=lambda: fired.append(fire(clock)))
    pending = events.model.pending

    def slow(old, event, now):
        engine.start()
        if kind() != 'sqlite':
            # there, it does not wait for the row
            engine.join()
        return pending(old, event, now)

    monkeypatch.setattr(events.model, 'pending', slow)
    assert take(hooked, clock, '2')
    engine.join()
    fire(clock)
    [run] = schedules.ledger()
    assert run.cause['count'] == 2


def test_many_at_once_are_counted_once_each(hooked, clock):
    """Each event twice, from several hosts, beside engines that fire."""
    def send(numbers):
        return lambda: [take(hooked, clock, str(number))
                        for number in numbers]

    answers = common.side_by_side(
        send(range(12)), send(range(11, -1, -1)),
        *[lambda: [fire(clock) for _time in range(6)]] * 2)
    assert sum(map(sum, answers[:2])) == 12, answers
    fire(clock)
    left = stored(hooked).pending
    assert sum(run.cause['count'] for run in schedules.ledger()) + (
        left['count'] if left else 0) == 12
    if left:
        clock.after(seconds=60)
        fire(clock)
        assert sum(run.cause['count']
                   for run in schedules.ledger()) == 12


@pytest.mark.parametrize('step', range(1, 5))
def test_a_crash_at_any_statement_leaves_nothing(hooked, clock, step):
    """Who sends it again finds everything as it was."""
    seen = []

    def crash(*args):
        seen.append(args[2])
        if len(seen) == step:
            raise RuntimeError('crash')

    sa.event.listen(db.engine(), 'before_cursor_execute', crash)
    try:
        with contextlib.suppress(RuntimeError, db_exception.DBError):
            take(hooked, clock)
    finally:
        sa.event.remove(db.engine(), 'before_cursor_execute', crash)
    assert len(seen) == step
    assert (marks(), stored(hooked).pending, stored(hooked).next_time) == (
        [], None, None)
    assert take(hooked, clock)


@settings(max_examples=15, deadline=None, suppress_health_check=[
    HealthCheck.function_scoped_fixture])
@given(debounce=st.integers(0, 30), apart=st.integers(1, 120),
       story=st.lists(st.tuples(st.floats(0.001, 200), st.booleans()),
                      min_size=1, max_size=12))
def test_the_law_of_events(clock, debounce, apart, story):
    """Every event has a firing at or after it; two of them are apart."""
    trigger = make(clock, debounce=debounce, min_interval=apart)
    operation = schedules.operation(clock, trigger.id)
    clock.after(seconds=1)
    times = []
    for number, (seconds, is_event) in enumerate([*story, (10_000, False)]):
        clock.after(seconds=seconds)
        if is_event:
            assert take(trigger, clock, str(number))
            times.append(clock.moment)
        else:
            fire(clock)
    runs = schedules.ledger(operation)
    assert sum(run.cause['count'] for run in runs) == len(times)
    for run in runs:
        mine, times = (times[:run.cause['count']],
                       times[run.cause['count']:])
        assert run.expected_at >= mine[-1]
        assert run.cause['received_at'] == mine[-1].isoformat()
        assert run.cause['first_at'] == mine[0].isoformat()
    found = [run.expected_at for run in runs]
    for one, two in zip(found, found[1:], strict=False):
        assert two - one >= datetime.timedelta(seconds=apart)
    # a shared table, and many examples
    triggers_gone(trigger, operation)


def triggers_gone(trigger, operation):
    with db.writer(common.system()) as session:
        for table, id_ in ((models.ScheduledOperation, operation.id),
                           (models.Trigger, trigger.id)):
            db.changed(session, sa.delete(table).where(table.id == id_))
