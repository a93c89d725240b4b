# SPDX-License-Identifier: Apache-2.0
"""One recurrence rule of iCalendar (RFC 5545, RRULE), at a bounded cost.

dateutil counts every rule from its start, and goes on to the year 9999 where
nothing is found. Both may take minutes, and a rule comes from a user. So it
is told to begin near the moment that is asked for, and in a year not far from
that end.
"""

from collections.abc import Iterator, Mapping
import datetime
from typing import Any

from dateutil import rrule

from karbor import plugin

# The calendar repeats itself, days of the week included, after 400 years.
_FAR = datetime.timedelta(days=146097 * 19)
FIRST_YEAR, LAST_YEAR = 1970, 2300
# characters of a reason, which may quote the pattern
SHOWN = 200
MOST_COUNT = 10_000
MOST_INTERVAL = 100_000

FREQUENCIES = {'YEARLY': rrule.YEARLY, 'MONTHLY': rrule.MONTHLY,
               'WEEKLY': rrule.WEEKLY, 'DAILY': rrule.DAILY,
               'HOURLY': rrule.HOURLY, 'MINUTELY': rrule.MINUTELY}
_STEPS = {'WEEKLY': datetime.timedelta(weeks=1),
          'DAILY': datetime.timedelta(days=1),
          'HOURLY': datetime.timedelta(hours=1),
          'MINUTELY': datetime.timedelta(minutes=1)}
_DAYS = {'MO': rrule.MO, 'TU': rrule.TU, 'WE': rrule.WE, 'TH': rrule.TH,
         'FR': rrule.FR, 'SA': rrule.SA, 'SU': rrule.SU}
# least and most; from the end as well where the least is negative
_RANGES = {'INTERVAL': (1, MOST_INTERVAL), 'COUNT': (1, MOST_COUNT),
           'BYSECOND': (0, 59), 'BYMINUTE': (0, 59), 'BYHOUR': (0, 23),
           'BYMONTH': (1, 12), 'BYMONTHDAY': (-31, 31),
           'BYYEARDAY': (-366, 366), 'BYWEEKNO': (-53, 53),
           'BYSETPOS': (-366, 366)}
_KNOWN = {'FREQ', 'UNTIL', 'WKST', 'BYDAY', *_RANGES}
# What RFC 5545 forbids, and what would cost too much or says nothing.
_NOT_WITH = {
    'YEARLY': set(), 'MONTHLY': {'BYYEARDAY', 'BYWEEKNO'},
    'WEEKLY': {'BYYEARDAY', 'BYWEEKNO', 'BYMONTHDAY'},
    'DAILY': {'BYYEARDAY', 'BYWEEKNO', 'BYSETPOS'},
    'HOURLY': {'BYYEARDAY', 'BYWEEKNO', 'BYSETPOS'},
    'MINUTELY': {'BYYEARDAY', 'BYWEEKNO', 'BYSETPOS', 'BYHOUR', 'BYMINUTE'}}
_LONGEST = dict.fromkeys(range(1, 13), 31) | {
    2: 29, 4: 30, 6: 30, 9: 30, 11: 30}


class Recurrence:
    """A rule with its start; all times are local and without a zone."""

    def __init__(self, rule: Mapping[str, Any],
                 start: datetime.datetime) -> None:
        """Read a rule.

        :param rule: lists of values by the name of the part
        :raises plugin.Invalid: with what is wrong about it
        """
        check_year('DTSTART', start)
        _check(rule)
        self.start = start.replace(microsecond=0)
        self.until = _until(rule)
        self._frequency: str = rule['FREQ'][0]
        self._interval: int = rule.get('INTERVAL', [1])[0]
        self._count: int | None = rule.get('COUNT', [None])[0]
        self._parts = _parts(rule, self.start)

    def after(self, local: datetime.datetime) -> Iterator[datetime.datetime]:
        """All times later than a local one."""
        if local.year > LAST_YEAR:
            return
        begin = self.start
        if self._count is None:
            begin = self._near(local)
        try:
            for found in rrule.rrule(
                    FREQUENCIES[self._frequency], dtstart=begin + _FAR,
                    interval=self._interval, count=self._count,
                    **self._parts):
                found -= _FAR
                if self.until is not None and found > self.until:
                    return
                if found > local:
                    yield found
        except ValueError:
            # dateutil's way to say that the hours which the interval reaches
            # are none of BYHOUR: there is no such time
            return

    def _near(self, local: datetime.datetime) -> datetime.datetime:
        """A start at most two intervals before, with the same times after.

        That the parts which a rule takes from its start are spelt out is
        what makes the first of a month or a year as good a start as any.
        """
        if local <= self.start:
            return self.start
        if self._frequency in _STEPS:
            step = _STEPS[self._frequency] * self._interval
            # a week has days before the one of the start
            count = (local - self.start) // step - 1
            return self.start + max(count, 0) * step
        months = self._interval * (12 if self._frequency == 'YEARLY' else 1)
        passed = ((local.year - self.start.year) * 12
                  + local.month - self.start.month) // months * months
        if passed <= 0:
            return self.start
        year, month = divmod(
            self.start.year * 12 + self.start.month - 1 + passed, 12)
        if self._frequency == 'YEARLY':
            month = 0
        return datetime.datetime(year, month + 1, 1)


def check_year(name: str, value: datetime.datetime) -> None:
    """Refuse what no schedule means.

    :raises plugin.Invalid: the year is far from now
    """
    if not FIRST_YEAR <= value.year <= LAST_YEAR:
        raise invalid(f'{name} has the year {value.year}, which is not '
                      f'between {FIRST_YEAR} and {LAST_YEAR}')


def invalid(reason: str) -> plugin.Invalid:
    """The error of a pattern."""
    return plugin.Invalid(field='pattern', reason=(
        f'expected an iCalendar VEVENT: {reason[:SHOWN]}'))


def _check(rule: Mapping[str, Any]) -> None:
    for name, values in rule.items():
        if name not in _KNOWN:
            raise invalid(f'{name} is no part of an RRULE')
        if name in _RANGES:
            least, most = _RANGES[name]
            for value in values:
                if not least <= value <= most or (value == 0 and least < 0):
                    raise invalid(f'{name} is {value}, which is not between '
                                  f'{least} and {most}'
                                  + (' or is 0' if least < 0 else ''))
    for name in ('FREQ', 'INTERVAL', 'COUNT', 'UNTIL', 'WKST'):
        if len(rule.get(name, ())) > 1:
            raise invalid(f'{name} has more than one value')
    if not rule.get('FREQ') or rule['FREQ'][0] not in FREQUENCIES:
        raise invalid('FREQ must be one of ' + ', '.join(FREQUENCIES))
    frequency = rule['FREQ'][0]
    if forbidden := sorted(_NOT_WITH[frequency] & set(rule)):
        raise invalid(f'{forbidden[0]} cannot be used with FREQ={frequency}')
    if 'COUNT' in rule and 'UNTIL' in rule:
        raise invalid('COUNT and UNTIL cannot be used together')
    _check_days(rule, frequency)


def _check_days(rule: Mapping[str, Any], frequency: str) -> None:
    for day in rule.get('BYDAY', ()):
        sign_and_number, name = day[:-2], day[-2:].upper()
        number = sign_and_number.lstrip('+-')
        if name not in _DAYS or (sign_and_number
                                 and not 1 <= int(number or 0) <= 53):
            raise invalid(f'{day} of BYDAY is no day of the week')
        if sign_and_number and frequency not in ('YEARLY', 'MONTHLY'):
            raise invalid(f'{day} of BYDAY has a number, which needs '
                          'FREQ=MONTHLY or FREQ=YEARLY')
    if 'BYMONTH' in rule and 'BYMONTHDAY' in rule and not any(
            abs(day) <= _LONGEST[month] for day in rule['BYMONTHDAY']
            for month in rule['BYMONTH']):
        raise invalid('no month of BYMONTH has a day of BYMONTHDAY')


def _until(rule: Mapping[str, Any]) -> datetime.datetime | None:
    if 'UNTIL' not in rule:
        return None
    found: datetime.datetime = rule['UNTIL'][0]
    check_year('UNTIL', found)
    return found


def _parts(rule: Mapping[str, Any],
           start: datetime.datetime) -> dict[str, Any]:
    """What dateutil takes; with all that it would take from the start."""
    parts: dict[str, Any] = {
        name.lower(): list(map(int, values)) for name, values in rule.items()
        if name.startswith('BY') and name != 'BYDAY'}
    if 'BYDAY' in rule:
        parts['byweekday'] = [
            _DAYS[day[-2:].upper()](int(day[:-2]) if day[:-2] else None)
            for day in rule['BYDAY']]
    if 'WKST' in rule:
        parts['wkst'] = _DAYS[str(rule['WKST'][0]).upper()]
    frequency = FREQUENCIES[rule['FREQ'][0]]
    if not {'byweekno', 'byyearday', 'bymonthday', 'byweekday'} & set(parts):
        if frequency == rrule.YEARLY:
            parts.setdefault('bymonth', [start.month])
        if frequency in (rrule.YEARLY, rrule.MONTHLY):
            parts['bymonthday'] = [start.day]
        if frequency == rrule.WEEKLY:
            parts['byweekday'] = [start.weekday()]
    if frequency < rrule.HOURLY:
        parts.setdefault('byhour', [start.hour])
    if frequency < rrule.MINUTELY:
        parts.setdefault('byminute', [start.minute])
    parts.setdefault('bysecond', [start.second])
    return parts
