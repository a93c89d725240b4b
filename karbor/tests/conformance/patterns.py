# SPDX-License-Identifier: Apache-2.0
"""Patterns of triggers as users may write them, and where their clocks are."""

import datetime
import zoneinfo

from hypothesis import strategies as st

from karbor.tests import expected

DAYS = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU']
# jumps of an hour, of half an hour and of two; at 1, 2, 3, 24 and 22 o'clock;
# in the other half of the year, with the month of fasting, and none at all
ZONES = [
    'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe',
    'Antarctica/Troll', 'America/Havana', 'America/Santiago',
    'America/Nuuk', 'Africa/Casablanca', 'Africa/Cairo', 'Asia/Beirut',
    'Asia/Gaza', 'Asia/Kathmandu', 'Atlantic/Azores', 'Europe/Dublin',
    'Pacific/Chatham', 'Pacific/Apia', 'Pacific/Kiritimati',
    'America/St_Johns', 'UTC']
# name, least and most of each field of crontab
FIELDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
MONTHS = ['JAN', 'feb', 'Mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep',
          'oct', 'nov', 'DEC']


@st.composite
def places(draw):
    """A zone, the start of a trigger, and a moment not far from a jump."""
    zone = draw(st.one_of(
        st.sampled_from(ZONES),
        st.sampled_from(sorted(zoneinfo.available_timezones()
                               - {'localtime', 'Factory'}))))
    clock = expected.wall(zone, 2024, 2035)
    year = draw(st.integers(2025, 2032))
    moment = datetime.datetime(year, 1, 1, tzinfo=datetime.UTC)
    jumps = [begin for begin in clock.begins[1:] if begin.year == year]
    if jumps and draw(st.booleans()):
        moment = draw(st.sampled_from(jumps))
    else:
        moment += datetime.timedelta(days=draw(st.integers(0, 365)))
    # often a jump, or shortly before one
    begin = moment + draw(st.sampled_from([0, -1])) * datetime.timedelta(
        minutes=draw(st.integers(0, 60 * 48)))
    start = begin + datetime.timedelta(
        minutes=draw(st.integers(-60 * 24 * 400, 60 * 24 * 3)))
    return zone, start, begin


def _field(least, most, more=()):
    number = st.integers(least, most)
    ranges = st.tuples(number, number, st.integers(1, 9)).map(
        lambda three: '{}-{}/{}'.format(*sorted(three[:2]), three[2]))
    items = st.lists(st.one_of(number.map(str), ranges, *more), min_size=1,
                     max_size=3, unique=True).map(','.join)
    return st.one_of(st.just('*'), items,
                     st.integers(1, 9).map(lambda step: f'*/{step}'))


def crontab():
    """Patterns of crontab, some of them of a night when clocks jump."""
    minute, hour, day, month, weekday = (_field(*of) for of in FIELDS)
    names = st.sampled_from(MONTHS)
    week = st.sampled_from(DAYS).map(
        lambda day: expected.WEEKDAYS[DAYS.index(day)])
    nightly = st.tuples(minute, st.sampled_from(
        ['0', '1', '2', '3', '2,3', '0-4', '*/2', '22-23']), day, month,
        weekday)
    named = st.tuples(
        minute, hour, _field(1, 31, [st.just('L')]), _field(1, 12, [names]),
        st.one_of(week, st.tuples(week, st.integers(1, 5)).map(
            lambda two: f'{two[0]}#{two[1]}'), st.just('*')))
    plain = st.tuples(minute, hour, day, month, weekday)
    often = st.tuples(minute, hour, st.just('*'), st.just('*'), weekday)
    return st.one_of(
        st.one_of(plain, nightly, named, often).map(' '.join),
        st.sampled_from(['@hourly', '@daily', '@midnight', '@weekly',
                         '@monthly', '@yearly', '@annually']))


def _some(strategy):
    return st.lists(strategy, min_size=1, max_size=3, unique=True)


def _signed(most):
    return st.integers(-most, most).filter(bool)


@st.composite
def rules(draw):
    """RRULEs, without a COUNT or an UNTIL."""
    frequency = draw(st.sampled_from(
        ['YEARLY', 'MONTHLY', 'WEEKLY', 'DAILY', 'DAILY', 'HOURLY']))
    parts = {'FREQ': frequency}
    if draw(st.booleans()):
        parts['INTERVAL'] = draw(st.integers(1, 5))
    day = st.sampled_from(DAYS)
    if frequency in ('YEARLY', 'MONTHLY'):
        day = st.tuples(st.sampled_from(['', '1', '-1', '3']), day).map(
            ''.join)
    choices = {'BYDAY': day, 'BYMONTH': st.integers(1, 12),
               'BYHOUR': st.one_of(st.integers(0, 23), st.integers(0, 3)),
               'BYMINUTE': st.integers(0, 59)}
    if frequency in ('YEARLY', 'MONTHLY'):
        choices |= {'BYMONTHDAY': _signed(28), 'BYSETPOS': _signed(3)}
    if frequency == 'YEARLY':
        choices |= {'BYYEARDAY': _signed(366), 'BYWEEKNO': _signed(52)}
    if frequency == 'WEEKLY':
        choices['WKST'] = st.sampled_from(DAYS)
    for name in draw(st.lists(st.sampled_from(sorted(choices)), max_size=3,
                              unique=True)):
        values = draw(_some(choices[name]))
        parts[name] = ','.join(map(str, values[:1] if name == 'WKST'
                                   else values))
    if 'BYSETPOS' in parts and not {'BYDAY', 'BYMONTH', 'BYMONTHDAY',
                                    'BYYEARDAY', 'BYWEEKNO', 'BYHOUR',
                                    'BYMINUTE'} & set(parts):
        # alone, dateutil refuses it
        parts['BYDAY'] = 'MO,TU'
    return ';'.join(f'{name}={value}' for name, value in parts.items())


def _times(local, hours):
    return local + datetime.timedelta(hours=hours)


@st.composite
def events(draw, local):
    """One VEVENT that begins near a local time."""
    begin = _times(local.replace(tzinfo=None, second=0),
                   draw(st.integers(-24 * 90, 24 * 90)))
    text = '{:%Y%m%dT%H%M%S}'.format
    lines = []
    ending = draw(st.sampled_from(['', '', ';COUNT=', ';UNTIL=']))
    if ending == ';COUNT=':
        ending += str(draw(st.integers(1, 60)))
    elif ending:
        ending += text(_times(begin, draw(st.integers(0, 24 * 900))))
        ending += draw(st.sampled_from(['', 'Z']))
    whole = draw(st.sampled_from([True, False, False, False, False]))
    if whole:
        lines.append(f'DTSTART;VALUE=DATE:{begin:%Y%m%d}')
    elif draw(st.booleans()):
        lines.append(draw(st.sampled_from(
            ['DTSTART:{}', 'DTSTART:{}', 'DTSTART:{}Z',
             'DTSTART;TZID=America/Toronto:{}'])).format(text(begin)))
    if not lines or draw(st.sampled_from([True, True, True, False])):
        lines.append(f'RRULE:{draw(rules())}{ending}')
    for name in ('RDATE', 'EXDATE'):
        if whole or not draw(st.booleans()):
            continue
        dates = [text(_times(begin, 24 * draw(st.integers(0, 40))))
                 for _number in range(draw(st.integers(1, 4)))]
        lines.append(draw(st.sampled_from(
            ['{}:{}', '{}:{}', '{};TZID=Asia/Tokyo:{}'])).format(
                name, ','.join(dates)))
    return '\n'.join(('BEGIN:VEVENT', *lines, 'END:VEVENT'))


def calendar(local):
    """Patterns of iCalendar that begin near a local time."""
    return st.lists(events(local), min_size=1, max_size=3).map('\n'.join)
