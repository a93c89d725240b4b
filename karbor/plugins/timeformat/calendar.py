# SPDX-License-Identifier: Apache-2.0
"""Patterns of iCalendar (RFC 5545): the times at which VEVENTs begin.

Of an event, DTSTART, RRULE, RDATE and EXDATE are read, and all else is left
aside. Without DTSTART it begins at the start of the schedule.
"""

from collections.abc import Iterator
import datetime
import heapq
from typing import Any
import zoneinfo

import icalendar

from karbor import plugin
from karbor.plugins.timeformat.recurrence import check_year
from karbor.plugins.timeformat.recurrence import invalid
from karbor.plugins.timeformat.recurrence import Recurrence

MOST = 16_384
MOST_EVENTS = 20
_MIDNIGHT = datetime.time()
_LAST_SECOND = datetime.time(23, 59, 59)


class Calendar(plugin.TimeFormat):
    """The time format ``calendar``."""

    def read(self, pattern: str, *, start: datetime.datetime,
             zone: datetime.tzinfo = datetime.UTC) -> plugin.Schedule:
        return _Several([_Event(event, start, zone)
                         for event in _events(pattern)])


class _Several(plugin.Schedule):
    """The times of several events, each once."""

    def __init__(self, events: list['_Event']) -> None:
        self._events = events
        # what each event said, and for which moments that holds
        self._said: list[tuple[Any, Any] | None] = [None] * len(events)

    def after(self, moment: datetime.datetime) -> datetime.datetime | None:
        times = [found for number in range(len(self._events))
                 if (found := self._after(number, moment)) is not None]
        return min(times, default=None)

    def _after(self, number: int,
               moment: datetime.datetime) -> datetime.datetime | None:
        if (said := self._said[number]) is not None:
            asked, found = said
            if asked <= moment and (found is None or moment < found):
                return found
        found = self._events[number].after(moment)
        self._said[number] = (moment, found)
        return found


class _Event(plugin.WallClock):
    """The times of one event, by the clock of its own zone."""

    def __init__(self, event: icalendar.Event, start: datetime.datetime,
                 zone: datetime.tzinfo) -> None:
        super().__init__(start, zone)
        begin = _one(event, 'DTSTART')
        self._whole_day = False
        local = plugin.local_time(start, zone)
        if begin is not None:
            self._whole_day = not isinstance(begin.dt, datetime.datetime)
            if getattr(begin.dt, 'tzinfo', None) is not None:
                self.zone = begin.dt.tzinfo
            local = self._local('DTSTART', begin)
            check_year('DTSTART', local)
        rule = _one(event, 'RRULE')
        self._rule = None if rule is None else Recurrence(
            self._plain(rule), local)
        # an event without a rule is that of its start
        self._dates = sorted({
            *self._all(event, 'RDATE'),
            *([local] if rule is None and begin is not None else [])})
        if self._rule is None and not self._dates:
            raise invalid('it has neither RRULE nor DTSTART nor RDATE')
        self._excluded = set(self._all(event, 'EXDATE'))
        # times are mostly asked for one after the other
        self._last: datetime.datetime | None = None
        self._rest: Iterator[datetime.datetime] = iter(())

    def next_local(self, local: datetime.datetime,
                   ) -> datetime.datetime | None:
        if local != self._last:
            self._rest = self._from(local)
        self._last = next(self._rest, None)
        return self._last

    def _from(self, local: datetime.datetime,
              ) -> Iterator[datetime.datetime]:
        rule = iter(()) if self._rule is None else self._rule.after(local)
        dates = (date for date in self._dates if date > local)
        for found in heapq.merge(rule, dates):
            if found > local and found not in self._excluded:
                local = found
                yield found

    def _plain(self, rule: Any) -> dict[str, Any]:
        plain = {name: list(values) for name, values in rule.items()}
        plain['UNTIL'] = [self._of(value, _LAST_SECOND)
                          for value in plain.get('UNTIL', ())]
        if not plain['UNTIL']:
            del plain['UNTIL']
        return plain

    def _all(self, event: icalendar.Event,
             name: str) -> Iterator[datetime.datetime]:
        values = event.get(name, [])
        for several in values if isinstance(values, list) else [values]:
            for value in several.dts:
                yield self._local(name, value, several.params)

    def _local(self, name: str, value: Any,
               params: Any = None) -> datetime.datetime:
        """What the clock of the zone shows at a time of the event."""
        moment = value.dt
        if not isinstance(moment, datetime.date):
            raise invalid(f'{name} is neither a date nor a time')
        whole_day = not isinstance(moment, datetime.datetime)
        if whole_day != self._whole_day:
            raise invalid(f'{name} must be a date if DTSTART is one, and a '
                          'time if that is one')
        if not whole_day:
            named = (params or value.params).get('TZID')
            tzinfo = getattr(moment, 'tzinfo', None)
            if (named and tzinfo is None) or not isinstance(
                    tzinfo, zoneinfo.ZoneInfo | None):
                raise invalid(f'{named} of {name} is no time zone that is '
                              'known here; expected a name such as '
                              'Europe/Berlin')
        return self._of(moment, _MIDNIGHT)

    def _of(self, value: Any, time: datetime.time) -> datetime.datetime:
        """A local time from a date or a time, with a zone or without."""
        if not isinstance(value, datetime.datetime):
            return datetime.datetime.combine(value, time)
        if value.tzinfo is None:
            return value
        return plugin.local_time(value, self.zone)


def _events(pattern: str) -> list[Any]:
    """The events of a pattern.

    :raises plugin.Invalid: it is not iCalendar, or has none
    """
    if len(pattern) > MOST:
        raise invalid(f'it is longer than {MOST} characters')
    if '\n' not in pattern:
        # what a shell makes of 'BEGIN:VEVENT\nRRULE...'
        pattern = pattern.replace(r'\r\n', '\n').replace(r'\n', '\n')
    try:
        # A text of one line could be the path of a file, which icalendar
        # would read and, in its errors, quote to the user.
        components = icalendar.Component.from_ical(f'{pattern}\n',
                                                   multiple=True)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError,
            OverflowError) as error:
        # a parser of text from anywhere: these are its ways to say no
        raise invalid(str(error)) from error
    finally:
        # It remembers the time zones that a pattern defines for those that
        # come after, of whoever they are, and never forgets one.
        icalendar.use_zoneinfo()
    events = [event for component in components
              for event in component.walk('VEVENT')]
    if not 1 <= len(events) <= MOST_EVENTS:
        raise invalid(f'it has {len(events)} whole VEVENTs; 1 to '
                      f'{MOST_EVENTS} are possible')
    for event in events:
        for name, reason in event.errors:
            raise invalid(f'{name}: {reason}')
        for name in ('EXRULE', 'RECURRENCE-ID'):
            if name in event:
                raise invalid(f'{name} is not supported')
    return events


def _one(event: icalendar.Event, name: str) -> Any:
    value = event.get(name)
    if isinstance(value, list):
        raise invalid(f'an event has more than one {name}')
    return value
