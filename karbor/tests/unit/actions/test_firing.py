# SPDX-License-Identifier: Apache-2.0
"""What triggers owe."""

import datetime
import itertools

import pytest

from karbor.actions import firing
from karbor.actions import timeformats
from karbor.model.run import Firing
from karbor.model.trigger import Trigger

NOON = datetime.datetime(2026, 11, 22, 12, 0, tzinfo=datetime.UTC)


def at(**times):
    return NOON + datetime.timedelta(**times)


def trigger(type_='time', next_time=None, **properties):
    return Trigger(
        id='t', project_id='p', name='n', type=type_, next_time=next_time,
        properties={'format': 'crontab', 'pattern': '*/10 * * * *',
                    'start_time': '2026-01-01 00:00:00', 'end_time': None,
                    'window': 900, **properties})


def test_nothing_between_two_times():
    assert firing.reckon(trigger(), NOON, at(minutes=9)) == Firing(
        (), at(minutes=9), at(minutes=10))


def test_a_time_is_owed_from_its_moment_on():
    assert firing.reckon(trigger(), NOON, at(minutes=10)) == Firing(
        (at(minutes=10),), at(minutes=10), at(minutes=20))


def test_all_times_since():
    found = firing.reckon(trigger(), NOON, at(minutes=35))
    assert found.times == (at(minutes=10), at(minutes=20), at(minutes=30))
    assert found.next_time == at(minutes=40)
    assert found.complete


def test_nothing_before_the_start():
    late = trigger(start_time='2026-11-22 12:25:00')
    assert firing.reckon(late, NOON, at(minutes=20)) == Firing(
        (), at(minutes=20), at(minutes=30))


@pytest.mark.parametrize(('end', 'times', 'following'), [
    ('2026-11-22 12:20:00', 2, None), ('2026-11-22 12:19:59', 1, None),
    ('2026-11-22 13:00:00', 2, 30)])
def test_nothing_after_the_end(end, times, following):
    found = firing.reckon(trigger(end_time=end), NOON, at(minutes=25))
    assert len(found.times) == times
    assert found.next_time == (following and at(minutes=following))


def test_a_zone_of_its_own():
    zoned = trigger(pattern='30 2 * * *', timezone='Europe/Berlin')
    assert firing.reckon(zoned, NOON, NOON).next_time == datetime.datetime(
        2026, 11, 23, 1, 30, tzinfo=datetime.UTC)


def test_a_clock_that_went_back_owes_nothing_twice():
    found = firing.reckon(trigger(), at(minutes=10), NOON)
    assert found == Firing((), at(minutes=10), at(minutes=20))


def test_one_look_takes_so_many(monkeypatch):
    monkeypatch.setattr(firing, 'MOST', 2)
    found = firing.reckon(trigger(), NOON, at(minutes=60))
    assert found == Firing((at(minutes=10), at(minutes=20)), at(minutes=20),
                           at(minutes=20), complete=False)
    rest = firing.reckon(trigger(), found.done_until, at(minutes=35))
    assert rest == Firing((at(minutes=30),), at(minutes=35), at(minutes=40))


@pytest.mark.parametrize('broken', [
    trigger(format='gone'), trigger(pattern='wrong')])
def test_one_that_cannot_be_read_owes_its_times_until_it_can(broken):
    found = firing.reckon(broken, NOON, at(minutes=35))
    assert (found.times, found.done_until) == ((), NOON)
    assert found.next_time > at(minutes=35)


class Faulty:
    """A time format, and its schedule, with a fault."""

    def __init__(self, after):
        self.after = after

    def read(self, pattern, start, zone):
        return self


@pytest.mark.parametrize('after', [
    lambda moment: 1 / 0, lambda moment: moment,
    lambda moment: moment - datetime.timedelta(days=1),
    lambda moment: moment.replace(tzinfo=None), lambda moment: 'soon',
    lambda moment: datetime.datetime.max + datetime.timedelta(days=1)])
def test_the_fault_of_a_format_is_that_of_its_triggers_only(
        monkeypatch, caplog, after):
    monkeypatch.setattr(timeformats, 'get', lambda name: Faulty(after))
    found = firing.reckon(trigger(), NOON, at(minutes=35))
    assert (found.times, found.done_until) == ((), NOON)
    assert found.next_time > at(minutes=35)
    assert 'Trigger t has a fault' in caplog.text


@pytest.mark.parametrize(('type_', 'properties'), [
    *itertools.product(('time', 'event'), (
        {}, {'window': None}, {'window': 'long'}, {'window': 10 ** 20})),
    ('time', {'window': 900, 'format': 'crontab', 'pattern': '* * * * *',
              'start_time': 'never'})])
def test_what_is_stored_of_one_holds_up_no_other(type_, properties):
    wrong = Trigger(id='t', project_id='p', name='n', type=type_,
                    properties=properties, next_time=NOON)
    found = firing.reckon(wrong, NOON, at(minutes=35))
    assert (found.times, found.done_until) == ((), NOON)
    assert found.next_time > at(minutes=35)


def test_as_many_times_are_looked_for_as_are_owed(monkeypatch):
    """A search may take long, so there is one more and no other."""
    asked = []
    schedule = timeformats.get('crontab').read(
        '*/10 * * * *', start=at(days=-1))
    real = schedule.after

    class Counting:
        def read(self, pattern, start, zone):
            schedule.after = lambda moment: asked.append(moment) or real(
                moment)
            return schedule

    monkeypatch.setattr(timeformats, 'get', lambda name: Counting())
    firing.reckon(trigger(), NOON, at(minutes=35))
    assert len(asked) == 4


def test_events_come_at_their_time_and_once():
    waiting = trigger('event', at(minutes=5))
    assert firing.reckon(waiting, NOON, at(minutes=4)).times == ()
    assert firing.reckon(waiting, NOON, at(minutes=4)).next_time == at(
        minutes=5)
    assert firing.reckon(waiting, NOON, at(minutes=6)) == Firing(
        (at(minutes=5),), at(minutes=5), None)
    assert firing.reckon(trigger('event'), NOON, at(minutes=6)).times == ()
