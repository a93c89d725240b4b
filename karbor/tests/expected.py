# SPDX-License-Identifier: Apache-2.0
"""When triggers have to fire, reckoned without any code of Karbor.

Simple and slow on purpose: crontab is tried day by day, an RRULE is
dateutil's from its beginning, and what the clocks on walls do is read off the
offsets of their zones, second by second where they change.
"""

import bisect
import calendar
from collections.abc import Iterable, Iterator
import datetime
import functools
import heapq
import itertools
import re
import zoneinfo

from dateutil import rrule

DAY = datetime.timedelta(days=1)
SECOND = datetime.timedelta(seconds=1)
_NAMES = {name: str(number) for names, first in (
    (['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct',
      'nov', 'dec'], 1), (['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'],
                          0)) for number, name in enumerate(names, first)}
WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']
_ALIASES = {'@hourly': '0 * * * *', '@daily': '0 0 * * *',
            '@midnight': '0 0 * * *', '@weekly': '0 0 * * 0',
            '@monthly': '0 0 1 * *', '@yearly': '0 0 1 1 *',
            '@annually': '0 0 1 1 *'}


def times(properties, after, until):
    """The times of a trigger that are later than one moment and not later
    than another, in order.

    :param properties: of a time trigger, as it shows them
    """
    start = _moment(properties['start_time'])
    if properties.get('end_time'):
        until = min(until, _moment(properties['end_time']))
    # the start itself may be one
    begin = max(after, start - SECOND)
    if begin >= until:
        return []
    read = {'crontab': crontab, 'calendar': ical}[properties['format']]
    return list(read(properties['pattern'],
                     properties.get('timezone') or 'UTC', start, begin,
                     until))


def _moment(text):
    return datetime.datetime.strptime(text, '%Y-%m-%d %H:%M:%S').replace(
        tzinfo=datetime.UTC)


# -- clocks on walls ----------------------------------------------------------

class Wall:
    """What a zone's clocks show, from a year to another."""

    def __init__(self, name, first, last):
        zone = zoneinfo.ZoneInfo(name)

        def offset(moment):
            return moment.astimezone(zone).utcoffset()
        moment = datetime.datetime(first, 1, 1, tzinfo=datetime.UTC)
        end = datetime.datetime(last + 1, 1, 1, tzinfo=datetime.UTC)
        # begin and offset of each span in which the clocks do not jump
        self.spans = [(moment, offset(moment))]
        while moment < end:
            # clocks do not jump twice in a day
            later = moment + DAY / 2
            if offset(later) != self.spans[-1][1]:
                low, high = moment, later
                while high - low > SECOND:
                    middle = low + (high - low) // (2 * SECOND) * SECOND
                    if offset(middle) == self.spans[-1][1]:
                        low = middle
                    else:
                        high = middle
                self.spans.append((high, offset(high)))
            moment = later
        self.begins = [begin for begin, _offset in self.spans]

    def shows(self, moment):
        """A local time, without a zone."""
        number = bisect.bisect_right(self.begins, moment) - 1
        return (moment + self.spans[number][1]).replace(tzinfo=None)

    def moment(self, local):
        """When the clocks show a local time first, or jump over it."""
        local = local.replace(tzinfo=datetime.UTC)
        near = max(bisect.bisect_right(self.begins, local - 2 * DAY) - 1, 0)
        for number in range(near, len(self.spans)):
            begin, offset = self.spans[number]
            if number and (begin + self.spans[number - 1][1] <= local
                           < begin + offset):
                return begin
            end = (self.spans[number + 1][0]
                   if number + 1 < len(self.spans) else None)
            if begin <= local - offset and (
                    end is None or local - offset < end):
                return local - offset
        raise AssertionError(f'{local} is not in the table')


@functools.lru_cache(maxsize=100)
def wall(name, first, last):
    return Wall(name, first, last)


def _wall(name, begin, end):
    # a few days beyond, and tables that neighbours share
    return wall(name, (begin.year - 1) // 4 * 4, (end.year + 1) // 4 * 4 + 3)


def _moments(locals_: Iterable[datetime.datetime], clock: Wall,
             after: datetime.datetime,
             until: datetime.datetime) -> Iterator[datetime.datetime]:
    """Moments of local times that come in order, each once."""
    last = after
    for local in locals_:
        moment = clock.moment(local)
        if moment > until:
            return
        if moment > last:
            last = moment
            yield moment


# -- crontab ------------------------------------------------------------------

def crontab(pattern, zone, start, after, until):
    """Times of a pattern, each by the zone's clock."""
    pattern = _ALIASES.get(pattern, pattern).replace("?", "*")
    clock = _wall(zone, after, until)
    locals_ = _cron_locals(pattern.lower().split(), clock.shows(after).date()
                           - DAY, clock.shows(until).date() + DAY)
    return _moments(locals_, clock, after, until)


def _cron_locals(fields, first, last):
    minutes, hours = _numbers(fields[0], 0, 59), _numbers(fields[1], 0, 23)
    months = _numbers(fields[3], 1, 12)
    clock = [datetime.time(hour, minute)
             for hour in sorted(hours) for minute in sorted(minutes)]
    either = not (fields[2].startswith('*') or fields[4].startswith('*'))
    day = first
    while day <= last:
        if day.month in months:
            fits = (_fits_month(fields[2], day), _fits_week(fields[4], day))
            if any(fits) if either else all(fits):
                for time in clock:
                    yield datetime.datetime.combine(day, time)
        day += DAY


def _fits_month(text, day):
    last = calendar.monthrange(day.year, day.month)[1]
    return day.day in _numbers(text.replace('l', str(last)), 1, 31)


def _fits_week(text, day):
    weekday = day.isoweekday() % 7
    for item in text.split(','):
        name, _sharp, number = item.partition('#')
        if name.startswith('l'):
            # the last one of the month
            if weekday == int(name[1:]) % 7 and day.month != (
                    day + 7 * DAY).month:
                return True
            continue
        if weekday in {found % 7 for found in _numbers(name, 0, 7)} and (
                not number or int(number) == (day.day + 6) // 7):
            return True
    return False


@functools.lru_cache(maxsize=1000)
def _numbers(text, least, most):
    """What a field allows."""
    text = re.sub('[a-z]{3}', lambda found: _NAMES[found[0]], text)
    found = set()
    for item in text.split(','):
        span, _slash, step = item.partition('/')
        low, _dash, high = span.partition('-')
        if span == '*':
            low, high = least, most
        # cron: 5/15 is from 5 on, as far as it goes
        high = high or (most if step else low)
        found.update(range(int(low), int(high) + 1, int(step or 1)))
    return found


# -- iCalendar ----------------------------------------------------------------

def ical(pattern, zone, start, after, until):
    """Times of a pattern: those of its VEVENTs, each once."""
    pattern = pattern.replace('\\n', '\n')
    events = re.findall(r'BEGIN:VEVENT\s(.*?)END:VEVENT', pattern, re.DOTALL)
    merged = heapq.merge(*(_event(text, zone, start, after, until)
                           for text in events))
    return (time for time, _same in itertools.groupby(merged))


def _event(text, zone, start, after, until):
    lines = []
    for line in text.splitlines():
        if line.strip():
            name, _colon, value = line.strip().partition(':')
            name, *parameters = name.split(';')
            lines.append((name, dict(one.split('=') for one in parameters),
                          value))
    for name, parameters, _value in lines:
        if name == 'DTSTART' and 'TZID' in parameters:
            zone = parameters['TZID']
    for name, _parameters, value in lines:
        if name == 'DTSTART' and value.endswith('Z'):
            zone = 'UTC'
    clock = _wall(zone, after, until)
    named = {name: [] for name in ('DTSTART', 'RDATE', 'EXDATE')}
    rules = []
    for name, parameters, value in lines:
        if name in named:
            named[name] += [_local(one, parameters, zone)
                            for one in value.split(',')]
        elif name == 'RRULE':
            rules.append(value)
    begin = _in_zone(start, zone)
    dates = set(named['RDATE'])
    if named['DTSTART']:
        [begin] = named['DTSTART']
        if not rules:
            dates.add(begin)
    # never asked to look on until the year 9999
    end = clock.shows(until) + 2 * DAY
    found = heapq.merge(sorted(dates), *(
        _recurring(rule, begin, end, zone) for rule in rules))
    excluded, first = set(named['EXDATE']), clock.shows(after) - 2 * DAY
    return _moments((local for local in found
                     if local > first and local not in excluded),
                    clock, after, until)


def _recurring(rule, begin, end, zone):
    parts = dict(part.split('=') for part in rule.strip(';').split(';'))
    last = parts.pop('UNTIL', None)
    if last is not None:
        value = _local(last, {}, zone)
        end = min(end, value if 'T' in last else value + DAY - SECOND)
    text = ';'.join(f'{name}={value}' for name, value in parts.items())
    if 'COUNT' not in parts:
        text += f';UNTIL={end:%Y%m%dT%H%M%S}'
    try:
        found = rrule.rrulestr(text, dtstart=begin)
    except ValueError as error:
        if 'empty set' not in str(error):
            raise
        # hours that the interval never reaches
        found = []
    return itertools.takewhile(lambda local: local <= end, found)


def _local(value, parameters, zone):
    """What the clocks of a zone show at a time of iCalendar."""
    if len(value) == 8:
        return datetime.datetime.strptime(value, '%Y%m%d')
    local = datetime.datetime.strptime(value.rstrip('Z'), '%Y%m%dT%H%M%S')
    named = 'UTC' if value.endswith('Z') else parameters.get('TZID', zone)
    if named == zone:
        return local
    return _in_zone(local.replace(tzinfo=zoneinfo.ZoneInfo(named)), zone)


def _in_zone(moment, zone):
    return moment.astimezone(zoneinfo.ZoneInfo(zone)).replace(
        tzinfo=None, fold=0)
