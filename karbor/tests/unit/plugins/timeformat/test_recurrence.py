# SPDX-License-Identifier: Apache-2.0
"""Rules near the moment that is asked for are rules from their start."""

import datetime
import itertools

from dateutil import rrule
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
import icalendar
import pytest

from karbor import plugin
from karbor.plugins.timeformat.recurrence import Recurrence

START = datetime.datetime(2026, 1, 31, 13, 5, 9)
DAYS = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU']


def recurrence(text, start=START):
    return Recurrence(dict(icalendar.vRecur.from_ical(text)), start)


def some(strategy):
    return st.lists(strategy, min_size=1, max_size=3, unique=True)


def signed(most):
    return st.integers(-most, most).filter(bool)


@st.composite
def rules(draw):
    frequency = draw(st.sampled_from(
        ['YEARLY', 'MONTHLY', 'WEEKLY', 'DAILY', 'HOURLY']))
    parts = {'FREQ': frequency, 'INTERVAL': draw(st.integers(1, 5))}
    day = st.sampled_from(DAYS)
    if frequency in ('YEARLY', 'MONTHLY'):
        day = st.tuples(st.sampled_from(['', '1', '-1', '3']), day).map(
            ''.join)
    choices = {'BYDAY': day, 'BYMONTH': st.integers(1, 12),
               'BYHOUR': st.integers(0, 23)}
    if frequency in ('YEARLY', 'MONTHLY'):
        choices['BYMONTHDAY'] = signed(28)
        choices['BYSETPOS'] = signed(3)
    if frequency == 'YEARLY':
        choices['BYYEARDAY'] = signed(366)
        choices['BYWEEKNO'] = signed(52)
    if frequency == 'WEEKLY':
        choices['WKST'] = st.sampled_from(DAYS)
    for name in draw(st.lists(st.sampled_from(sorted(choices)), max_size=3,
                              unique=True)):
        values = draw(some(choices[name]))
        if name == 'WKST':
            values = values[:1]
        parts[name] = ','.join(map(str, values))
    if 'BYSETPOS' in parts and len(parts) == 3:
        # alone, dateutil refuses it
        parts['BYDAY'] = 'MO,TU'
    return ';'.join(f'{name}={value}' for name, value in parts.items())


@settings(max_examples=60, deadline=None)
@given(text=rules(), start=st.datetimes(datetime.datetime(2000, 1, 1),
                                        datetime.datetime(2026, 1, 1)),
       days=st.integers(0, 2000))
def test_they_are_the_times_from_the_start(text, start, days):
    start = start.replace(microsecond=0)
    local = start + datetime.timedelta(days=days, seconds=days)
    # nothing may take part of a century to be found
    end = local + datetime.timedelta(days=800)
    try:
        expected = [
            time for time in itertools.takewhile(
                lambda time: time < end,
                rrule.rrulestr(f'{text};UNTIL={end:%Y%m%dT%H%M%S}',
                               dtstart=start))
            if time > local][:20]
    except ValueError:
        # hours that are never reached
        expected = []
    found = list(itertools.islice(itertools.takewhile(
        lambda time: time < end, recurrence(text, start).after(local)), 20))
    assert found == expected


@pytest.mark.parametrize(('text', 'local', 'expected'), [
    # the day of the start, where there is one
    ('FREQ=MONTHLY', START, '2026-03-31 13:05:09'),
    ('FREQ=MONTHLY', datetime.datetime(2030, 4, 30), '2030-05-31 13:05:09'),
    ('FREQ=YEARLY', datetime.datetime(2030, 2, 1), '2031-01-31 13:05:09'),
    ('FREQ=WEEKLY', datetime.datetime(2030, 2, 1), '2030-02-02 13:05:09'),
    ('FREQ=WEEKLY;INTERVAL=2', datetime.datetime(2030, 2, 1),
     '2030-02-09 13:05:09'),
    ('FREQ=HOURLY', datetime.datetime(2030, 2, 1), '2030-02-01 00:05:09'),
    ('FREQ=MINUTELY;INTERVAL=90', datetime.datetime(2026, 2, 1),
     '2026-02-01 01:05:09'),
    ('FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29', START, '2028-02-29 13:05:09'),
    ('FREQ=DAILY;COUNT=3', START, '2026-02-01 13:05:09'),
])
def test_the_next_time(text, local, expected):
    assert str(next(recurrence(text).after(local))) == expected


def test_a_count_counts_from_the_start():
    rule = recurrence('FREQ=DAILY;COUNT=3')
    begin = START - datetime.timedelta(days=1)
    assert len(list(rule.after(begin))) == 3
    assert len(list(rule.after(START))) == 2
    assert list(rule.after(START + datetime.timedelta(days=2))) == []


@pytest.mark.parametrize(('text', 'words'), [
    ('FREQ=SECONDLY', 'FREQ must be one of YEARLY, .*MINUTELY'),
    ('INTERVAL=2', 'FREQ'), ('FREQ=DAILY,WEEKLY', 'FREQ.*more than one'),
    ('FREQ=DAILY;BYFOO=3', 'BYFOO is no part'),
    ('FREQ=DAILY;BYEASTER=1', 'BYEASTER is no part'),
    ('FREQ=DAILY;INTERVAL=0', 'INTERVAL is 0'),
    ('FREQ=DAILY;INTERVAL=100001', 'INTERVAL is 100001'),
    ('FREQ=DAILY;COUNT=10001', 'COUNT is 10001'),
    ('FREQ=DAILY;COUNT=1;UNTIL=20270101', 'COUNT and UNTIL'),
    ('FREQ=DAILY;BYHOUR=24', 'BYHOUR is 24'),
    ('FREQ=MONTHLY;BYMONTHDAY=0', 'BYMONTHDAY is 0'),
    ('FREQ=YEARLY;BYYEARDAY=-367', 'BYYEARDAY is -367'),
    ('FREQ=DAILY;BYDAY=2MO', '2MO of BYDAY.*MONTHLY'),
    ('FREQ=MONTHLY;BYDAY=0MO', '0MO of BYDAY'),
    ('FREQ=DAILY;BYSETPOS=1', 'BYSETPOS.*FREQ=DAILY'),
    ('FREQ=WEEKLY;BYMONTHDAY=1', 'BYMONTHDAY.*FREQ=WEEKLY'),
    ('FREQ=MINUTELY;BYHOUR=1', 'BYHOUR.*FREQ=MINUTELY'),
    ('FREQ=DAILY;BYMONTH=2,4;BYMONTHDAY=31', 'no month of BYMONTH'),
])
def test_what_is_no_rule_is_refused(text, words):
    with pytest.raises(plugin.Invalid, match=words):
        recurrence(text)


@pytest.mark.parametrize('year', [1969, 2301])
def test_a_start_is_not_far_from_now(year):
    with pytest.raises(plugin.Invalid, match=f'DTSTART has the year {year}'):
        recurrence('FREQ=DAILY', datetime.datetime(year, 1, 1))
