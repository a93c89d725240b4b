# SPDX-License-Identifier: Apache-2.0
import datetime
import zoneinfo

import pytest

from karbor import exception
from karbor.actions import timeformats

NOW = datetime.datetime(2026, 11, 22, 18, 0, tzinfo=datetime.UTC)
DAY = datetime.timedelta(days=1)
HOUR = datetime.timedelta(hours=1)


def check(pattern, format_='crontab', start=NOW, end=None, least=HOUR):
    timeformats.check(format_, pattern, start=start, end=end, now=NOW,
                      least=least)


@pytest.mark.parametrize('name', timeformats.names())
def test_every_format_is_one(name):
    assert callable(timeformats.get(name).read)


def test_there_are_two():
    assert {'calendar', 'crontab'} <= set(timeformats.names())
    with pytest.raises(exception.Invalid, match='calendar, crontab'):
        timeformats.get('sundial')


def test_what_is_right():
    check('0 * * * *')
    check('0 2 * * *', end=NOW + DAY)
    check('*/30 * * * *', least=HOUR / 2)
    # one time is never too often
    check('* * * * *', end=NOW)
    check('BEGIN:VEVENT\nRRULE:FREQ=DAILY\nEND:VEVENT', 'calendar',
          start=NOW - 400 * DAY)


@pytest.mark.parametrize(('pattern', 'more', 'words'), [
    ('0 0 30 2 *', {}, 'never fires from now on$'),
    ('0 2 * * *', {'end': NOW + HOUR},
     'before end_time; .*11-23 02:00:00, .*11-24 02:00:00, .*11-25 02:'),
    ('*/30 * * * *', {},
     '1800 seconds apart.*3600.*18:00:00, .*18:30:00, .*19:00:00'),
    # the two are close only at midnight
    ('0 0,23 * * *', {'least': 2 * HOUR}, '3600 seconds apart'),
    ('0 0,23 * * *', {'least': 2 * HOUR, 'start': NOW + 30 * DAY},
     '12-22 23:00:00'),
])
def test_what_is_refused_tells_of_the_next_times(pattern, more, words):
    with pytest.raises(exception.Invalid, match=words):
        check(pattern, **more)


def test_what_is_over_never_fires():
    pattern = 'BEGIN:VEVENT\nDTSTART:20200101T000000Z\nEND:VEVENT'
    with pytest.raises(exception.Invalid, match='never fires'):
        check(pattern, 'calendar', start=NOW - 4000 * DAY)


def test_times_that_are_generations_apart_are_not_searched_for():
    seen = []

    def times():
        for year in (2028, 2056, 2084):
            seen.append(year)
            yield datetime.datetime(year, 2, 29, tzinfo=datetime.UTC)

    assert len(list(timeformats._near(times(), NOW))) == 2
    assert seen == [2028, 2056]


BERLIN = zoneinfo.ZoneInfo('Europe/Berlin')


def test_refusals_tell_the_times_of_both_clocks():
    with pytest.raises(exception.Invalid) as caught:
        timeformats.check('crontab', '*/30 * * * *', start=NOW, end=None,
                          now=NOW, least=HOUR, zone=BERLIN)
    assert str(caught.value).endswith(
        'the next times are 2026-11-22 18:00:00, 2026-11-22 18:30:00, '
        '2026-11-22 19:00:00 (UTC), which is 2026-11-22 19:00:00, '
        '2026-11-22 19:30:00, 2026-11-22 20:00:00 in Europe/Berlin')


def next_times(pattern, count, end=None):
    return timeformats.next_times(
        'crontab', pattern, start=NOW - DAY, end=end, now=NOW, zone=BERLIN,
        count=count)


def test_next_times_begin_now():
    assert next_times('0 19 * * *', 2) == [NOW, NOW + DAY]
    assert next_times('0 19 * * *', 2, end=NOW) == [NOW]
    assert next_times('0 0 30 2 *', 2) == []


def test_next_times_do_not_look_ahead_for_ever():
    # a leap day is a Sunday every 28 years
    assert [time.year for time in next_times('0 0 29 2 */7', 100)] == [
        2032, 2060]
