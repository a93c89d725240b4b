# SPDX-License-Identifier: Apache-2.0
"""The suite of time formats passes a sound one and refuses broken ones."""

import datetime
import re
import unittest

import pytest

from karbor import plugin
from karbor.plugin import testing
from karbor.tests.conformance import suites

DAY = datetime.timedelta(days=1)


class Clock(plugin.WallClock):
    """Once a day at HH:MM; at 25:00 never."""

    def __init__(self, pattern, start, zone):
        super().__init__(start, zone)
        self.hour, self.minute = map(int, pattern.split(':'))

    def next_local(self, local):
        if self.hour > 23:
            return None
        found = local.replace(hour=self.hour, minute=self.minute, second=0,
                              microsecond=0)
        return found if found > local else found + DAY


class Sound(plugin.TimeFormat):
    schedule = Clock

    def read(self, pattern, *, start, zone=datetime.UTC):
        if not re.fullmatch(r'[0-9]{2}:[0-9]{2}', pattern):
            raise plugin.Invalid(field='pattern', reason='expected HH:MM')
        return self.schedule(pattern, start, zone)


def suite_of(made):
    class Suite(testing.TimeFormatConformance):
        def make_format(self):
            return made()

        def daily(self, hour, minute):
            return f'{hour:02}:{minute:02}'

        def malformed(self):
            return ['2:30', '02:30 ', '02.30']

        def never(self):
            return ['25:00']
    return Suite


# -- how a time format can be broken ------------------------------------------

def broken(base=Clock, **methods):
    """A format whose schedules have other methods."""
    return type('Broken', (Sound,), {
        'schedule': type('Schedule', (base,), methods)})


def every_other_day(self, moment):
    found = Clock.after(self, moment)
    return found if found.toordinal() % 2 else found + DAY


def local(self, moment):
    return Clock.after(self, moment).astimezone(self.zone)


def wrong_clock(self, moment):
    return Clock.after(self, moment).replace(
        hour=self.hour, minute=self.minute)


def now_too(self, moment):
    return Clock.after(self, moment - datetime.timedelta(microseconds=1))


def before_the_start(self, moment):
    self.start = min(self.start, moment)
    return Clock.after(self, moment)


def after_the_start(self, moment):
    return Clock.after(self, max(moment, self.start))


def forgets_to_go_back(self, moment):
    self.last = max(getattr(self, 'last', moment), moment)
    return Clock.after(self, self.last)


def gives_up(self, moment):
    return (None if moment > self.start + 30 * 365 * DAY
            else Clock.after(self, moment))


def gap_is_left_out(self, moment):
    found = Clock.after(self, moment)
    return (found if plugin.local_time(found, self.zone).minute
            == self.minute else Clock.after(self, found))


def fold_comes_twice(self, moment):
    again = moment + datetime.timedelta(hours=1)
    twice = (plugin.local_time(again, self.zone)
             == plugin.local_time(moment, self.zone))
    return again if twice else Clock.after(self, moment)


class TakesAll(Sound):
    def read(self, pattern, *, start, zone=datetime.UTC):
        try:
            return super().read(pattern, start=start, zone=zone)
        except plugin.Invalid:
            return Clock('02:30', start, zone)


class NamesNoField(Sound):
    def read(self, pattern, *, start, zone=datetime.UTC):
        try:
            return super().read(pattern, start=start, zone=zone)
        except plugin.Invalid as error:
            raise plugin.Invalid('no') from error


class Lengthy(Sound):
    def read(self, pattern, *, start, zone=datetime.UTC):
        try:
            return super().read(pattern, start=start, zone=zone)
        except plugin.Invalid as error:
            raise plugin.Invalid(field='pattern', reason=pattern) from error


def someday(self, moment):
    return Clock.after(self, moment) or moment + DAY


BREAKAGES = [
    (broken(after=every_other_day), 'test_every_time_comes_once_and_in_order'),
    (broken(after=local), 'test_times_are_in_utc'),
    (broken(after=wrong_clock), 'test_times_are_in_utc'),
    (broken(after=now_too), 'test_the_answer_is_later_than_the_moment'),
    (broken(after=before_the_start), 'test_nothing_is_before_the_start'),
    (broken(after=after_the_start), 'test_nothing_is_before_the_start'),
    (broken(after=forgets_to_go_back),
     'test_the_order_of_questions_does_not_matter'),
    (broken(after=gives_up), 'test_long_after_the_start'),
    (broken(after=gap_is_left_out), 'test_a_time_that_the_clock_leaves_out'),
    (broken(after=fold_comes_twice), 'test_a_time_that_the_clock_shows_twice'),
    (TakesAll, 'test_what_is_no_pattern_is_refused'),
    (NamesNoField, 'test_what_is_no_pattern_is_refused'),
    (Lengthy, 'test_what_is_no_pattern_is_refused'),
    (broken(after=someday), 'test_what_never_fires_has_no_time'),
]


def test_a_sound_format_passes():
    assert suites.failures(suite_of(Sound)) == set()


@pytest.mark.parametrize(('made', 'test'), BREAKAGES)
def test_a_broken_format_is_refused(made, test):
    assert test in suites.failures(suite_of(made))


def test_every_test_of_the_suite_has_caught_something():
    tests = unittest.TestLoader().getTestCaseNames(suite_of(Sound))
    assert set(tests) == {test for _made, test in BREAKAGES}
