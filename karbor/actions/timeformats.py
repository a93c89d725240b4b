# SPDX-License-Identifier: Apache-2.0
"""The time formats that are installed, and when their patterns fire."""

from collections.abc import Iterable, Iterator
import datetime
import itertools

from karbor import exception
from karbor import extensions
from karbor import plugin
from karbor.i18n import _

# so many times of a pattern are looked at
LOOKED_AT = 64
# how far it is looked ahead, but for the very first time
NEAR = datetime.timedelta(days=3653)
SHOWN = 3
# what is said of a time; its zone is said apart
_TEXT = '%Y-%m-%d %H:%M:%S'

INSTALLED: extensions.Installed[plugin.TimeFormat] = extensions.Installed(
    extensions.TIME_FORMATS, 'format')
# what the format of a trigger can be
names = INSTALLED.names
get = INSTALLED.get


def check(format_: str, pattern: str, *, start: datetime.datetime,
          end: datetime.datetime | None, now: datetime.datetime,
          least: datetime.timedelta,
          zone: datetime.tzinfo = datetime.UTC) -> None:
    """Refuse a pattern that never fires from now on, or too often.

    Its first times stand for all of them: a pattern whose times come close
    only years from now is not found out.

    :param start: nothing fires before
    :param end: nothing fires after
    :param least: how far two times must be apart
    :param zone: whose clock on the wall the pattern speaks of
    :raises exception.Invalid: with the next times, if there are any
    """
    schedule = get(format_).read(pattern, start=start, zone=zone)
    begin = max(start, now)
    times = _times(schedule, begin, end, LOOKED_AT)
    if not times:
        following = list(itertools.islice(
            schedule.times(begin), SHOWN))
        raise exception.Invalid(field='pattern', reason=_said(
            _('it does not fire before end_time') if following
            else _('it never fires from now on'), following, zone))
    for one, other in itertools.pairwise(times):
        if other - one < least:
            raise exception.Invalid(field='pattern', reason=_said(
                _('it fires %(apart)d seconds apart, and %(least)d seconds '
                  'are the least') % {
                      'apart': (other - one).total_seconds(),
                      'least': least.total_seconds()}, times, zone))


def next_times(format_: str, pattern: str, *, start: datetime.datetime,
               end: datetime.datetime | None, now: datetime.datetime,
               zone: datetime.tzinfo, count: int) -> list[datetime.datetime]:
    """The first times of a pattern from now on, in UTC.

    Those that are more than ten years ahead are left out, but for one.

    :param count: so many at most
    """
    schedule = get(format_).read(pattern, start=start, zone=zone)
    return _times(schedule, max(start, now), end, count)


def _times(schedule: plugin.Schedule, begin: datetime.datetime,
           end: datetime.datetime | None,
           most: int) -> list[datetime.datetime]:
    return list(itertools.takewhile(
        lambda time: end is None or time <= end,
        _near(itertools.islice(schedule.times(begin), most), begin)))


def _near(times: Iterable[datetime.datetime],
          begin: datetime.datetime) -> Iterator[datetime.datetime]:
    """The first times, and few of those that are generations apart.

    Searching for those takes long, and they tell nothing of how often.
    """
    for time in times:
        yield time
        if time - begin > NEAR:
            return


def _said(reason: str, times: list[datetime.datetime],
          zone: datetime.tzinfo) -> str:
    if not times:
        return reason
    said = _('%(reason)s; the next times are %(times)s (UTC)') % {
        'reason': reason, 'times': _listed(times, datetime.UTC)}
    if str(zone) == str(datetime.UTC):
        return said
    return _('%(said)s, which is %(times)s in %(zone)s') % {
        'said': said, 'times': _listed(times, zone), 'zone': zone}


def _listed(times: list[datetime.datetime], zone: datetime.tzinfo) -> str:
    return ', '.join(time.astimezone(zone).strftime(_TEXT)
                     for time in times[:SHOWN])
