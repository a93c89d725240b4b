# SPDX-License-Identifier: Apache-2.0
"""The time format crontab keeps its contract, and means what cron means."""

import datetime
import itertools

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
import pytest

from karbor import plugin
from karbor.plugin import testing
from karbor.plugins.timeformat.crontab import Crontab

START = datetime.datetime(2026, 11, 22, 18, 0, tzinfo=datetime.UTC)
# name, least and most of each field
FIELDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))


class TestCrontab(testing.TimeFormatConformance):
    def make_format(self):
        return Crontab()

    def daily(self, hour, minute):
        return f'{minute} {hour} * * *'

    def malformed(self):
        return ['* * * *', '* * * * * *', '60 * * * *', '* 24 * * *',
                '* * 0 * *', '* * * 13 *', '* * * * 8', '*/0 * * * *',
                'a * * * *', '-1 * * * *', '@reboot', '@daily 5', '@',
                'R * * * *', 'R(0-5) 0 * * *', 'H * * * *', '\u0663 * * * *',
                '0 2 * * 1 2027', '1,,2 * * * *', '* * * * mon#9',
                ','.join(['1'] * 300) + ' * * * *']

    def never(self):
        return ['0 0 30 2 *', '0 0 31 4,6,9,11 *']


def times(pattern, count=3, start=START):
    return [time.strftime('%a %d.%m.%y %H:%M') for time in itertools.islice(
        Crontab().read(pattern, start=start).times(start), count)]


@pytest.mark.parametrize(('pattern', 'expected'), [
    ('0 2 * * 1', 'Mon 23.11.26 02:00'), ('0 2 * * 0', 'Sun 29.11.26 02:00'),
    ('0 2 * * 7', 'Sun 29.11.26 02:00'),
    ('0 2 * * mon', 'Mon 23.11.26 02:00'),
    ('0 2 1 JAN *', 'Fri 01.01.27 02:00'),
    ('0 2 L * *', 'Mon 30.11.26 02:00'),
    ('0 2 * * mon#1', 'Mon 07.12.26 02:00'),
    ('0 2 29 2 *', 'Tue 29.02.28 02:00'),
    ('@hourly', 'Sun 22.11.26 18:00'), ('@daily', 'Mon 23.11.26 00:00'),
    ('@midnight', 'Mon 23.11.26 00:00'), ('@weekly', 'Sun 29.11.26 00:00'),
    ('@monthly', 'Tue 01.12.26 00:00'), ('@yearly', 'Fri 01.01.27 00:00'),
    ('@annually', 'Fri 01.01.27 00:00')])
def test_what_patterns_mean(pattern, expected):
    assert times(pattern, 1) == [expected]


def test_of_two_days_one_is_enough():
    assert times('0 0 1 * 1', 4) == [
        'Mon 23.11.26 00:00', 'Mon 30.11.26 00:00', 'Tue 01.12.26 00:00',
        'Mon 07.12.26 00:00']


@pytest.mark.parametrize(('pattern', 'expected'), [
    ('0 0 25 * mon#1', ['Wed 25.11.26 00:00', 'Mon 07.12.26 00:00',
                        'Fri 25.12.26 00:00']),
    ('0 0 25 * L1', ['Wed 25.11.26 00:00', 'Mon 30.11.26 00:00',
                     'Fri 25.12.26 00:00']),
    ('0 0 29W * sun', ['Sun 29.11.26 00:00', 'Mon 30.11.26 00:00',
                       'Sun 06.12.26 00:00']),
    # every day of the month, so the week does not matter
    ('0 0 1-31 * mon', ['Mon 23.11.26 00:00', 'Tue 24.11.26 00:00',
                        'Wed 25.11.26 00:00']),
    # there is no such day of the month, but Mondays there are
    ('0 0 31 2,4 mon#1', ['Mon 01.02.27 00:00', 'Mon 05.04.27 00:00',
                          'Mon 07.02.28 00:00'])])
def test_one_of_two_days_is_enough_however_they_are_said(pattern, expected):
    assert times(pattern) == expected


def test_a_star_with_a_step_restricts_nothing():
    """As in cron: days of the month with a star, and Mondays, are both."""
    assert times('0 0 */2 * 1', 2) == [
        'Mon 23.11.26 00:00', 'Mon 07.12.26 00:00']


@pytest.mark.parametrize(('pattern', 'said'), [
    ('* * *', 'it has 3'), ('60 * * * *', 'out of range'),
    ('@reboot', '@hourly, @daily'), ('R * * * *', 'R is none'),
    ('1' * 256, 'longer than 255')])
def test_an_error_says_what_was_expected(pattern, said):
    with pytest.raises(plugin.Invalid, match=f'minute, hour, .*{said}'):
        Crontab().read(pattern, start=START)


@pytest.mark.parametrize('day', ['1-1/5', '01-1/2', 'mon-MON/3', '1-1'])
def test_a_range_of_one_day_is_that_day(day):
    assert times(f'0 2 * * {day}', 2) == [
        'Mon 23.11.26 02:00', 'Mon 30.11.26 02:00']


def field(least, most):
    number = st.integers(least, most)
    ranges = st.tuples(number, number, st.integers(1, 9)).map(
        lambda three: '{}-{}/{}'.format(*sorted(three[:2]), three[2]))
    items = st.lists(st.one_of(number.map(str), ranges), min_size=1,
                     max_size=3).map(','.join)
    return st.one_of(st.just('*'), items,
                     st.integers(1, 9).map(lambda step: f'*/{step}'))


def numbers(text, least, most):
    """What a field allows, read anew."""
    found = set()
    for item in text.split(','):
        span, _slash, step = item.partition('/')
        low, _dash, high = span.partition('-')
        if span == '*':
            low, high = least, most
        found.update(range(int(low), int(high or low) + 1, int(step or 1)))
    return found


def times_of_cron(pattern, begin, end):
    """Every minute of a span that cron would take, read anew."""
    fields = pattern.split()
    minutes, hours, days, months, weekdays = (
        numbers(text, *bounds)
        for text, bounds in zip(fields, FIELDS, strict=True))
    weekdays = {day % 7 for day in weekdays}
    restricted = not any(fields[number].startswith('*') for number in (2, 4))
    for number in range((end - begin).days + 1):
        day = begin.date() + datetime.timedelta(days=number)
        fits = day.day in days, day.isoweekday() % 7 in weekdays
        if day.month in months and (any if restricted else all)(fits):
            for hour, minute in itertools.product(sorted(hours),
                                                  sorted(minutes)):
                time = datetime.datetime.combine(
                    day, datetime.time(hour, minute, tzinfo=datetime.UTC))
                if begin <= time < end:
                    yield time


@settings(max_examples=60, deadline=None)
@given(pattern=st.tuples(*(field(*bounds) for bounds in FIELDS)).map(
    ' '.join), begin=st.datetimes(datetime.datetime(2027, 1, 1),
                                  datetime.datetime(2029, 1, 1)))
def test_every_minute_is_decided_as_cron_does(pattern, begin):
    begin = begin.replace(second=0, microsecond=0, tzinfo=datetime.UTC)
    end = begin + datetime.timedelta(days=60)
    expected = list(itertools.islice(times_of_cron(pattern, begin, end), 30))
    found = itertools.takewhile(
        lambda time: time < end,
        Crontab().read(pattern, start=begin).times(begin))
    assert list(itertools.islice(found, 30)) == expected
