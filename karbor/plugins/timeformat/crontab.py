# SPDX-License-Identifier: Apache-2.0
"""Patterns of crontab: ``minute hour day-of-month month day-of-week``.

As cron has it: day of week 0 and 7 are Sunday; if day of month and day of
week are both restricted, one of them is enough. Beside that `croniter` knows
``L`` (the last), ``#`` (the first to fifth) and ``W`` (the nearest working
day).
"""

import datetime
import re

import croniter

from karbor import plugin

MOST = 255
ALIASES = ('@hourly', '@daily', '@midnight', '@weekly', '@monthly', '@yearly',
           '@annually')
# No H and no R: croniter would choose a time by chance.
_FIELD = re.compile(
    '(?:[0-9*?,/#-]|L|W|JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC|'
    'SUN|MON|TUE|WED|THU|FRI|SAT)+', re.IGNORECASE)
_RANGE = re.compile(r'(\w+)-(\w+)(?:/\d+)?')


class Crontab(plugin.TimeFormat):
    """The time format ``crontab``."""

    def read(self, pattern: str, *, start: datetime.datetime,
             zone: datetime.tzinfo = datetime.UTC) -> plugin.Schedule:
        return _Crontab(_checked(pattern), start, zone)


class _Crontab(plugin.WallClock):
    def __init__(self, pattern: str, start: datetime.datetime,
                 zone: datetime.tzinfo) -> None:
        super().__init__(start, zone)
        self.patterns = _alternatives(pattern)

    def next_local(self, local: datetime.datetime,
                   ) -> datetime.datetime | None:
        found = (self._next(pattern, local) for pattern in self.patterns)
        return min((one for one in found if one is not None), default=None)

    def _next(self, pattern: str,
              local: datetime.datetime) -> datetime.datetime | None:
        try:
            found: datetime.datetime = croniter.croniter(
                pattern, local, ret_type=datetime.datetime,
                max_years_between_matches=plugin.HORIZON_YEARS,
                # */2 is not restricted, because it has a star: both must fit
                implement_cron_bug=True).get_next()
        except croniter.CroniterBadDateError:
            return None
        return found


def _alternatives(pattern: str) -> list[str]:
    """Patterns of which one is enough.

    croniter knows that of two days one is enough, but forgets it where one of
    them is said with ``#``, ``L`` or ``W``.
    """
    fields = pattern.split()
    if len(fields) < 5 or any(field[0] in '*?'
                              for field in (fields[2], fields[4])):
        return [pattern]
    minute, hour, day, month, weekday = fields
    return [f'{minute} {hour} {day} {month} *',
            f'{minute} {hour} * {month} {weekday}']


def _checked(pattern: str) -> str:
    fields = pattern.split()
    if len(pattern) > MOST:
        raise _invalid(f'it is longer than {MOST} characters')
    if fields and fields[0].startswith('@'):
        if len(fields) > 1 or fields[0] not in ALIASES:
            raise _invalid(f'of those with @ there are {", ".join(ALIASES)}')
    elif len(fields) != 5:
        raise _invalid(f'it has {len(fields)}')
    else:
        for field in fields:
            if not _FIELD.fullmatch(field):
                raise _invalid(f'{field} is none')
    pattern = _RANGE.sub(_range, ' '.join(fields))
    try:
        croniter.croniter(pattern)
    except ValueError as error:
        raise _invalid(str(error)) from error
    return pattern


def _range(found: re.Match[str]) -> str:
    # croniter takes 5-5/2 for */2
    low, high = (part.lower().lstrip('0') for part in found.groups())
    return found[1] if low == high else found[0]


def _invalid(reason: str) -> plugin.Invalid:
    return plugin.Invalid(field='pattern', reason=(
        'expected the five fields of crontab (minute, hour, day of month, '
        f'month, day of week): {reason}'))
