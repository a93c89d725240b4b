# SPDX-License-Identifier: Apache-2.0
"""The time formats agree with times that were reckoned without them.

In zones whose clocks jump in every way there is, over years, and most of all
where they jump.
"""

import datetime
import itertools
import zoneinfo

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
import pytest

from karbor.actions import timeformats
from karbor.tests import expected
from karbor.tests.conformance import patterns

DAY = datetime.timedelta(days=1)
MOST = 150          # times of a pattern that are compared
BERLIN = 'Europe/Berlin'


def utc(text):
    return datetime.datetime.fromisoformat(text).replace(
        tzinfo=datetime.UTC)


def shown(moments):
    return [f'{moment:%Y-%m-%d %H:%M}' for moment in moments]


# -- the reckoning itself, against what was worked out by hand ----------------

@pytest.mark.parametrize(('zone', 'local', 'moment'), [
    # an hour that is left out, its edges, and one that comes twice
    (BERLIN, '2026-03-29 01:59', '2026-03-29 00:59'),
    (BERLIN, '2026-03-29 02:00', '2026-03-29 01:00'),
    (BERLIN, '2026-03-29 02:59', '2026-03-29 01:00'),
    (BERLIN, '2026-03-29 03:00', '2026-03-29 01:00'),
    (BERLIN, '2026-10-25 02:00', '2026-10-25 00:00'),
    (BERLIN, '2026-10-25 02:59', '2026-10-25 00:59'),
    (BERLIN, '2026-10-25 03:00', '2026-10-25 02:00'),
    # half an hour
    ('Australia/Lord_Howe', '2026-10-04 02:10', '2026-10-03 15:30'),
    ('Australia/Lord_Howe', '2026-04-05 01:40', '2026-04-04 14:40'),
    # two hours
    ('Antarctica/Troll', '2026-03-29 02:30', '2026-03-29 01:00'),
    # at midnight
    ('America/Havana', '2026-03-08 00:30', '2026-03-08 05:00'),
    # a whole day
    ('Pacific/Apia', '2011-12-30 12:00', '2011-12-30 10:00'),
])
def test_clocks_on_walls(zone, local, moment):
    year = int(local[:4])
    clock = expected.wall(zone, year - 1, year + 1)
    assert clock.moment(datetime.datetime.fromisoformat(local)) == utc(moment)


@pytest.mark.parametrize(('format_', 'pattern', 'times'), [
    ('crontab', '30 2 * * *', [
        '2026-03-28 01:30', '2026-03-29 01:00', '2026-03-30 00:30']),
    # what is left out, and the moment after it, are one time
    ('crontab', '*/30 2,3 29 3 *', ['2026-03-29 01:00', '2026-03-29 01:30']),
    ('crontab', '0 0 * * 1', ['2026-03-29 22:00', '2026-04-05 22:00']),
    ('crontab', '0 0 1 * mon', [
        '2026-03-29 22:00', '2026-03-31 22:00', '2026-04-05 22:00']),
    ('crontab', '0 0 */2 * mon', ['2026-04-12 22:00']),
    ('crontab', '15 5/9 L 4 ?', ['2026-04-30 03:15', '2026-04-30 12:15',
                                 '2026-04-30 21:15']),
    ('crontab', '0 12 * jan-apr Sat#2', ['2026-04-11 10:00']),
    ('crontab', '@monthly', ['2026-03-31 22:00', '2026-04-30 22:00']),
    ('calendar', 'BEGIN:VEVENT\nRRULE:FREQ=WEEKLY\nEND:VEVENT', [
        '2026-04-03 22:00', '2026-04-10 22:00']),
    ('calendar', 'BEGIN:VEVENT\r\nDTSTART:20260328T013000\r\n'
     'RRULE:FREQ=DAILY;COUNT=4\r\nEXDATE:20260329T013000\r\nEND:VEVENT', [
         '2026-03-28 00:30', '2026-03-29 23:30', '2026-03-30 23:30']),
    ('calendar', 'BEGIN:VEVENT\nDTSTART;TZID=America/New_York:'
     '20260401T200000\nRDATE;TZID=Europe/Berlin:20260402T020000,'
     '20260403T020000\nEND:VEVENT\n'
     'BEGIN:VEVENT\nDTSTART:20260402T000000Z\nEND:VEVENT', [
         '2026-04-02 00:00', '2026-04-03 00:00']),
    ('calendar', 'BEGIN:VEVENT\nDTSTART;VALUE=DATE:20260101\n'
     'RRULE:FREQ=MONTHLY;UNTIL=20260401\nEND:VEVENT', ['2026-03-31 22:00']),
])
def test_patterns(format_, pattern, times):
    """By the clocks of Berlin, after 28 March 2026, 00:00 there."""
    found = expected.times(
        {'format': format_, 'pattern': pattern, 'timezone': BERLIN,
         'start_time': '2026-03-27 23:00:00'},
        utc('2026-03-20'), utc('2029-01-01'))
    assert shown(found)[1 if format_ == 'calendar' and 'DTSTART' not in
                        pattern else 0:][:len(times)] == times


def test_between_start_and_end():
    properties = {'format': 'crontab', 'pattern': '0 * * * *',
                  'start_time': '2026-05-01 03:00:00',
                  'end_time': '2026-05-01 06:00:00'}
    assert shown(expected.times(properties, utc('2026-01-01'),
                                utc('2027-01-01'))) == [
        f'2026-05-01 0{hour}:00' for hour in (3, 4, 5, 6)]
    # after one moment, up to another
    assert shown(expected.times(properties, utc('2026-05-01 04:00'),
                                utc('2026-05-01 05:00'))) == [
        '2026-05-01 05:00']


# -- the formats, against the reckoning ---------------------------------------

def compare(format_, pattern, zone, start, begin, years):
    """The first times after a moment, by the format and by the reckoning."""
    until = begin + years * 365 * DAY
    ours = list(itertools.islice(itertools.takewhile(
        lambda moment: moment <= until,
        timeformats.get(format_).read(
            pattern, start=start, zone=zoneinfo.ZoneInfo(zone)).times(
                begin + datetime.timedelta(microseconds=1))), MOST))
    if len(ours) == MOST:
        until = ours[-1]
    assert shown(ours) == shown(expected.times(
        {'format': format_, 'pattern': pattern, 'timezone': zone,
         'start_time': f'{start:%Y-%m-%d %H:%M:%S}'}, begin, until))


@pytest.mark.thorough
@settings(max_examples=100, deadline=None)
@given(pattern=patterns.crontab(), where=patterns.places(), years=st.integers(
    1, 6))
def test_crontab_by_any_clock(pattern, where, years):
    zone, start, begin = where
    compare('crontab', pattern, zone, start, begin, years)


@pytest.mark.thorough
@settings(max_examples=100, deadline=None)
@given(where=patterns.places(), years=st.integers(1, 6), data=st.data())
def test_calendar_by_any_clock(where, years, data):
    zone, start, begin = where
    pattern = data.draw(patterns.calendar(
        start.astimezone(zoneinfo.ZoneInfo(zone))))
    compare('calendar', pattern, zone, start, begin, years)
