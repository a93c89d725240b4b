# SPDX-License-Identifier: Apache-2.0
"""The contract of a time format: what a pattern says, and when it fires.

A time format reads patterns and nothing else: no file, no network, no clock.
Its patterns come from users over the REST API, so whatever a pattern says,
the answer must come soon: a search ends at `HORIZON_YEARS`.
"""

import abc
from collections.abc import Iterator
import datetime
import functools
import zoneinfo

from karbor.i18n import _
from karbor.plugin.errors import Invalid

# a schedule that stands still for longer is taken for one that has ended
HORIZON_YEARS = 50
# no time lies between two neighbours of this distance
RESOLUTION = datetime.timedelta(microseconds=1)


class Schedule(abc.ABC):
    """A pattern that was read. An object belongs to one thread."""

    @abc.abstractmethod
    def after(self, moment: datetime.datetime) -> datetime.datetime | None:
        """The first time that is later than a moment.

        May be asked in any order; the same question has the same answer.

        :param moment: with a time zone
        :return: in UTC, never before the start; None if there is none, or
            none for the next `HORIZON_YEARS` years
        """

    def times(self, begin: datetime.datetime) -> Iterator[datetime.datetime]:
        """All times from a moment on, in order; the moment may be one."""
        found = self.after(begin - RESOLUTION)
        while found is not None:
            yield found
            found = self.after(found)


class TimeFormat(abc.ABC):
    """A way to write down when something happens again and again."""

    @abc.abstractmethod
    def read(self, pattern: str, *, start: datetime.datetime,
             zone: datetime.tzinfo = datetime.UTC) -> Schedule:
        """Read a pattern.

        :param start: no time is earlier; where a pattern says "every so
            often" and not since when, it counts from here
        :param zone: whose clock on the wall the pattern speaks of, unless it
            names another itself. What the clock leaves out in spring happens
            when it goes on; what it shows twice in autumn happens the first
            time only.
        :raises Invalid: of the field ``pattern``, with what was expected
        """


class WallClock(Schedule):
    """A schedule by the clock on the wall; `zone` tells which moments it is.

    What a subclass gives are local times without a zone, as a wall clock
    without summer time would show them; jumps are taken care of here.
    """

    def __init__(self, start: datetime.datetime,
                 zone: datetime.tzinfo) -> None:
        self.start = start
        self.zone = zone

    @abc.abstractmethod
    def next_local(self, local: datetime.datetime,
                   ) -> datetime.datetime | None:
        """The first local time that is later than another one."""

    def after(self, moment: datetime.datetime) -> datetime.datetime | None:
        moment = max(moment, self.start - RESOLUTION)
        local: datetime.datetime | None = local_time(moment, self.zone)
        while local is not None:
            local = self.next_local(local)
            # behind the moment is what the wall clock showed before
            if local is not None and (
                    found := moment_of(local, self.zone)) > moment:
                return found
        return None


@functools.cache
def _zones() -> frozenset[str]:
    # these two are whatever a host has made of them
    return frozenset(zoneinfo.available_timezones()) - {'localtime',
                                                        'Factory'}


def time_zone(name: str) -> zoneinfo.ZoneInfo:
    """The time zone of a name of IANA.

    :raises Invalid: of the field ``timezone``: there is none
    """
    # not by trying: to look for a zone is to open a file of that name
    if name not in _zones():
        raise Invalid(field='timezone', reason=_(
            'expected the name of a time zone such as Europe/Berlin or UTC, '
            'not %s') % name[:100])
    return zoneinfo.ZoneInfo(name)


def local_time(moment: datetime.datetime,
               zone: datetime.tzinfo) -> datetime.datetime:
    """What the clock on the wall shows at a moment; without a zone."""
    return moment.astimezone(zone).replace(tzinfo=None, fold=0)


def moment_of(local: datetime.datetime,
              zone: datetime.tzinfo) -> datetime.datetime:
    """When the clock on the wall shows a time for the first time, in UTC.

    If it never does, because it is put forward, the moment of that.
    """
    found = local.replace(tzinfo=zone, fold=0).astimezone(datetime.UTC)
    if local_time(found, zone) == local:
        return found
    # The jump lies between these two: one reckons as before it, the other as
    # after it.
    begin = local.replace(tzinfo=zone, fold=1).astimezone(datetime.UTC)
    old = begin.astimezone(zone).utcoffset()
    low, high = 0, int((found - begin).total_seconds())
    while high - low > 1:
        middle = (low + high) // 2
        moment = begin + datetime.timedelta(seconds=middle)
        if moment.astimezone(zone).utcoffset() == old:
            low = middle
        else:
            high = middle
    return begin + datetime.timedelta(seconds=high)
