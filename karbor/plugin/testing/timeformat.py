# SPDX-License-Identifier: Apache-2.0
"""What every time format must do, as a suite of tests.

Subclass `TimeFormatConformance` and tell it how your format writes down what
it asks for.
"""

from collections.abc import Sequence
import datetime
import itertools
import zoneinfo

from karbor.plugin.errors import Invalid
from karbor.plugin.testing.suite import Suite
from karbor.plugin.timeformat import Schedule
from karbor.plugin.timeformat import TimeFormat

_DAY = datetime.timedelta(days=1)
# where the clock is put forward and back at 01:00 UTC, by an hour
_BERLIN = zoneinfo.ZoneInfo('Europe/Berlin')
_KATHMANDU = zoneinfo.ZoneInfo('Asia/Kathmandu')


def _utc(*parts: int) -> datetime.datetime:
    return datetime.datetime(*parts, tzinfo=datetime.UTC)  # type: ignore


class TimeFormatConformance(Suite):
    """The suite; its own methods are what a plugin's author fills in."""

    __test__ = False

    # -- for the author of a plugin -----------------------------------------

    def make_format(self) -> TimeFormat:
        """A new one, each time."""
        raise NotImplementedError

    def daily(self, hour: int, minute: int) -> str:
        """A pattern: every day at that time, of whatever zone is given."""
        raise NotImplementedError

    def malformed(self) -> Sequence[str]:
        """Texts that are near to a pattern, but none."""
        raise NotImplementedError

    def never(self) -> Sequence[str]:
        """Patterns that say no time at all, like a 30 February."""
        raise NotImplementedError

    # -- the suite ----------------------------------------------------------

    def test_every_time_comes_once_and_in_order(self) -> None:
        start = _utc(2027, 12, 30)
        schedule = self._read(self.daily(2, 30), start)
        times = itertools.islice(schedule.times(start), 800)
        # one by one: to show how two long lists differ takes minutes
        for day in range(800):
            self.assertEqual(_utc(2027, 12, 30, 2, 30) + _DAY * day,
                             next(times, None))

    def test_times_are_in_utc(self) -> None:
        start = _utc(2027, 6, 1)
        found = self._read(self.daily(2, 30), start, _KATHMANDU).after(start)
        # a quarter to six ahead
        self.assertEqual(_utc(2027, 6, 1, 20, 45), found)
        assert found is not None
        self.assertEqual(datetime.timedelta(0), found.utcoffset())

    def test_the_answer_is_later_than_the_moment(self) -> None:
        schedule = self._read(self.daily(2, 30), _utc(2027, 1, 1))
        first, second = _utc(2027, 6, 1, 2, 30), _utc(2027, 6, 2, 2, 30)
        tick = datetime.timedelta(microseconds=1)
        self.assertEqual(first, schedule.after(first - tick))
        self.assertEqual(second, schedule.after(first))
        self.assertEqual(second, schedule.after(first + tick))
        # in whatever zone the moment is given
        self.assertEqual(second, schedule.after(
            first.astimezone(_KATHMANDU)))

    def test_nothing_is_before_the_start(self) -> None:
        start = _utc(2027, 6, 1, 2, 30)
        schedule = self._read(self.daily(2, 30), start)
        # the start itself is a time if the pattern says so
        self.assertEqual(start, schedule.after(_utc(2000, 1, 1)))
        late = start + datetime.timedelta(seconds=1)
        schedule = self._read(self.daily(2, 30), late)
        self.assertEqual(start + _DAY, schedule.after(_utc(2000, 1, 1)))

    def test_the_order_of_questions_does_not_matter(self) -> None:
        start = _utc(2027, 1, 1)
        moments = [start + _DAY * day for day in (5, 400, 3, 3, 90, 0, 401)]
        schedule = self._read(self.daily(2, 30), start)
        for moment in moments:
            fresh = self._read(self.daily(2, 30), start)
            self.assertEqual(fresh.after(moment), schedule.after(moment))

    def test_long_after_the_start(self) -> None:
        schedule = self._read(self.daily(2, 30), _utc(1999, 12, 31))
        self.assertEqual(_utc(2099, 6, 1, 2, 30),
                         schedule.after(_utc(2099, 6, 1)))

    def test_a_time_that_the_clock_leaves_out(self) -> None:
        # 02:00 is 03:00 on the 29th
        start = _utc(2026, 3, 27)
        times = self._read(self.daily(2, 30), start, _BERLIN).times(start)
        self.assertEqual(
            [_utc(2026, 3, 27, 1, 30), _utc(2026, 3, 28, 1, 30),
             _utc(2026, 3, 29, 1, 0), _utc(2026, 3, 30, 0, 30)],
            list(itertools.islice(times, 4)))

    def test_a_time_that_the_clock_shows_twice(self) -> None:
        # 03:00 is 02:00 on the 25th
        start = _utc(2026, 10, 24)
        schedule = self._read(self.daily(2, 30), start, _BERLIN)
        self.assertEqual(
            [_utc(2026, 10, 24, 0, 30), _utc(2026, 10, 25, 0, 30),
             _utc(2026, 10, 26, 1, 30)],
            list(itertools.islice(schedule.times(start), 3)))
        # between the two
        self.assertEqual(_utc(2026, 10, 26, 1, 30),
                         schedule.after(_utc(2026, 10, 25, 1, 0)))

    def test_what_is_no_pattern_is_refused(self) -> None:
        self.assertTrue(self.malformed(), 'malformed() is to name some')
        for text in (*self.malformed(), '', ' ', '\x00', 'no such \N{SNOWMAN}',
                     '1' * 2 ** 20, self.daily(2, 30) * 100_000):
            with self.assertRaises(Invalid) as raised:
                self._read(text, _utc(2027, 1, 1))
            self.assertEqual('pattern', raised.exception.facts.get('field'))
            self.assertLess(len(str(raised.exception)), 1000)

    def test_what_never_fires_has_no_time(self) -> None:
        self.assertTrue(self.never(), 'never() is to name some')
        start = _utc(2027, 1, 1)
        for pattern in self.never():
            try:
                found = self._read(pattern, start).after(start)
            except Invalid:
                continue
            self.assertIsNone(found)

    # -- helpers ------------------------------------------------------------

    def _read(self, pattern: str, start: datetime.datetime,
              zone: datetime.tzinfo = datetime.UTC) -> Schedule:
        return self.make_format().read(pattern, start=start, zone=zone)
