# SPDX-License-Identifier: Apache-2.0
"""The time format calendar keeps its contract."""

import contextlib
import datetime
import itertools

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
import icalendar
import pytest

from karbor import plugin
from karbor.plugin import testing
from karbor.plugins.timeformat.calendar import Calendar

START = datetime.datetime(2026, 11, 22, 18, 0, tzinfo=datetime.UTC)


def event(*lines):
    return '\n'.join(('BEGIN:VEVENT', *lines, 'END:VEVENT'))


class TestCalendar(testing.TimeFormatConformance):
    def make_format(self):
        return Calendar()

    def daily(self, hour, minute):
        return event(f'RRULE:FREQ=DAILY;BYHOUR={hour};BYMINUTE={minute};'
                     'BYSECOND=0')

    def malformed(self):
        return ['BEGIN:VEVENT', 'RRULE:FREQ=DAILY', '0 2 * * *',
                event(), event('SUMMARY:nothing'), event('RRULE:'),
                event('RRULE:FREQ=DAILY', 'RRULE:FREQ=WEEKLY'),
                event('DTSTART:20261301T000000Z'), event('DTSTART:'),
                event('DTSTART;TZID=Mars/Olympus:20270101T000000',
                      'RRULE:FREQ=DAILY'),
                event('DTSTART:99990101T000000Z'),
                event('RRULE:FREQ=DAILY', 'RECURRENCE-ID:20270101T000000Z'),
                event('RRULE:FREQ=DAILY', 'EXRULE:FREQ=WEEKLY'),
                event('RDATE;VALUE=PERIOD:20270101T000000Z/PT1H'),
                event('DTSTART;VALUE=DATE:20270101', 'RRULE:FREQ=DAILY',
                      'EXDATE:20270102T000000Z'),
                '\n'.join([event('RRULE:FREQ=DAILY')] * 21)]

    def never(self):
        return [event('DTSTART:20200101T000000Z'),
                event('RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30'),
                event('RRULE:FREQ=YEARLY;BYWEEKNO=53;BYMONTH=6'),
                event('RRULE:FREQ=DAILY;UNTIL=20200101T000000Z'),
                event('DTSTART:20270101T000000Z', 'EXDATE:20270101T000000Z'),
                event('DTSTART:20261231T000000Z', 'RRULE:FREQ=DAILY;COUNT=1'),
                event('DTSTART:20270101T040000Z',
                      'RRULE:FREQ=HOURLY;INTERVAL=24;BYHOUR=5'),
                # the first of January is a Friday
                event('DTSTART:20270101T000000Z',
                      'RRULE:FREQ=DAILY;INTERVAL=7;BYDAY=MO')]


def times(pattern, count=4, start=START, zone=datetime.UTC):
    return [time.strftime('%d.%m.%y %H:%M') for time in itertools.islice(
        Calendar().read(pattern, start=start, zone=zone).times(start),
        count)]


def test_without_a_start_of_its_own_an_event_begins_with_the_schedule():
    assert times(event('RRULE:FREQ=WEEKLY;'), 2) == [
        '22.11.26 18:00', '29.11.26 18:00']


def test_what_a_shell_makes_of_line_breaks():
    assert times(event('RRULE:FREQ=DAILY').replace('\n', r'\n'), 1) == times(
        event('RRULE:FREQ=DAILY').replace('\n', r'\r\n'), 1) == times(
        event('RRULE:FREQ=DAILY').replace('\n', '\r\n'), 1) == [
            '22.11.26 18:00']


def test_several_events_are_one_schedule():
    pattern = '\n'.join((
        'BEGIN:VCALENDAR', 'VERSION:2.0',
        event('DTSTART:20261123T000000Z', 'RRULE:FREQ=DAILY;COUNT=3'),
        event('DTSTART:20261124T000000Z'),
        event('DTSTART:20261123T120000Z', 'RDATE:20261124T130000Z'),
        'END:VCALENDAR'))
    # with an RDATE, DTSTART is a time as well
    assert times(pattern, 9) == [
        '23.11.26 00:00', '23.11.26 12:00', '24.11.26 00:00',
        '24.11.26 13:00', '25.11.26 00:00']


def test_days_are_left_out():
    assert times(event(
        'DTSTART:20261123T020000Z', 'RRULE:FREQ=DAILY;UNTIL=20261127',
        'EXDATE:20261124T020000Z,20261125T020000Z'), 9) == [
            '23.11.26 02:00', '26.11.26 02:00', '27.11.26 02:00']


def test_an_event_has_a_zone_of_its_own():
    """The days that are left out may be told in another one."""
    assert times(event(
        'DTSTART;TZID=Europe/Berlin:20260324T020000',
        'RRULE:FREQ=DAILY;UNTIL=20260331T000000Z',
        'EXDATE:20260326T010000Z',
        'EXDATE;TZID=America/New_York:20260326T210000'), 9,
        start=datetime.datetime(2026, 3, 25, tzinfo=datetime.UTC)) == [
            '25.03.26 01:00', '28.03.26 01:00', '29.03.26 01:00',
            '30.03.26 00:00', '31.03.26 00:00']


def test_a_whole_day_begins_at_midnight():
    assert times(event(
        'DTSTART;VALUE=DATE:20261101', 'RRULE:FREQ=MONTHLY;BYDAY=-1FR',
        'EXDATE;VALUE=DATE:20261127'), 2) == [
            '25.12.26 00:00', '29.01.27 00:00']


def test_other_parts_of_an_event_do_not_matter():
    assert times(event('SUMMARY:backup', 'DURATION:PT1H', 'UID:1',
                       'RRULE:FREQ=DAILY'), 1) == ['22.11.26 18:00']


def test_an_error_quotes_little():
    with pytest.raises(plugin.Invalid) as raised:
        Calendar().read('x' * 10_000, start=START)
    assert len(str(raised.value)) < 500


@pytest.mark.parametrize('text', [
    'secret of the host', event('RRULE:FREQ=DAILY')])
def test_a_pattern_is_no_path_of_a_file(tmp_path, text):
    path = tmp_path / 'file'
    path.write_text(text)
    with pytest.raises(plugin.Invalid) as raised:
        Calendar().read(str(path), start=START)
    assert 'secret' not in str(raised.value)


ZONE = '\n'.join((
    'BEGIN:VTIMEZONE', 'TZID:Own/Zone', 'BEGIN:STANDARD',
    'DTSTART:19700101T000000', 'TZOFFSETFROM:+0100', 'TZOFFSETTO:+0100',
    'END:STANDARD', 'END:VTIMEZONE'))


@pytest.mark.parametrize('rest', [event('RRULE:FREQ=DAILY'), 'END:VEVENT'])
def test_a_zone_of_a_pattern_is_not_remembered(rest):
    """Neither for the patterns of others nor in memory that nobody frees."""
    with contextlib.suppress(plugin.Invalid):
        Calendar().read(f'{ZONE}\n{rest}', start=START)
    later = icalendar.Event.from_ical(
        event('DTSTART;TZID=Own/Zone:20270101T000000'))
    assert later['DTSTART'].dt.tzinfo is None


WORDS = st.sampled_from([
    'BEGIN:', 'END:', 'VEVENT', 'VCALENDAR', 'VTIMEZONE', '\n', '\r\n', ' ',
    'RRULE:', 'FREQ=', 'DAILY', 'YEARLY', ';', '=', ',', ':', 'DTSTART', 'T',
    ';TZID=', ';VALUE=DATE:', 'Europe/Berlin', '20270101', 'Z', 'EXDATE',
    'RDATE', '20270101T000000', 'BYDAY=', 'MO', '-1', 'UNTIL=', 'COUNT=',
    'INTERVAL=', 'BYHOUR=', '5', '"', '\\', '\x00', 'VALUE=PERIOD', 'P1D'])


@settings(max_examples=100, deadline=None)
@given(st.one_of(
    st.lists(WORDS, max_size=25).map(''.join),
    st.lists(WORDS, max_size=12).map(
        lambda words: event('RRULE:FREQ=DAILY' + ''.join(words))),
    st.lists(WORDS, max_size=12).map(
        lambda words: event('DTSTART' + ''.join(words), 'RRULE:FREQ=DAILY'))))
def test_any_text_is_read_or_refused(text):
    try:
        schedule = Calendar().read(text, start=START)
    except plugin.Invalid:
        return
    found = list(itertools.islice(schedule.times(START), 3))
    assert found == sorted(set(found))
