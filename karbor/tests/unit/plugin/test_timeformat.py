# SPDX-License-Identifier: Apache-2.0
"""The clock on the wall, and the moments that it shows."""

import datetime
import zoneinfo

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
import pytest

from karbor import plugin

# half an hour, a whole day left out, an hour at midnight, none at all
ZONES = [zoneinfo.ZoneInfo(name) for name in (
    'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe',
    'Pacific/Apia', 'Asia/Beirut', 'Asia/Kathmandu', 'UTC')]
MINUTE = datetime.timedelta(minutes=1)


def utc(*parts):
    return datetime.datetime(*parts, tzinfo=datetime.UTC)


@pytest.mark.parametrize(('name', 'local', 'expected'), [
    # 02:00 was 03:00
    ('Europe/Berlin', (2026, 3, 29, 2, 0), utc(2026, 3, 29, 1)),
    ('Europe/Berlin', (2026, 3, 29, 2, 59, 59), utc(2026, 3, 29, 1)),
    ('Europe/Berlin', (2026, 3, 29, 3, 0), utc(2026, 3, 29, 1)),
    # 03:00 was 02:00
    ('Europe/Berlin', (2026, 10, 25, 2, 30), utc(2026, 10, 25, 0, 30)),
    ('Europe/Berlin', (2026, 10, 25, 3, 0), utc(2026, 10, 25, 2)),
    # by half an hour only
    ('Australia/Lord_Howe', (2026, 10, 4, 2, 15), utc(2026, 10, 3, 15, 30)),
    # there was no 30 December 2011
    ('Pacific/Apia', (2011, 12, 30, 12, 0), utc(2011, 12, 30, 10))])
def test_when_the_clock_jumps(name, local, expected):
    assert plugin.moment_of(datetime.datetime(*local),
                            zoneinfo.ZoneInfo(name)) == expected


@settings(deadline=None, max_examples=50)
@given(zone=st.sampled_from(ZONES), local=st.datetimes(
    datetime.datetime(1975, 1, 1), datetime.datetime(2037, 1, 1)))
def test_a_moment_is_the_first_at_which_the_clock_has_come_so_far(
        zone, local):
    local = local.replace(second=0, microsecond=0)
    moment = plugin.moment_of(local, zone)
    assert moment.utcoffset() == datetime.timedelta(0)
    assert plugin.local_time(moment, zone) >= local
    # in the two days before it never showed as much
    earlier = moment - 2880 * MINUTE
    while earlier < moment:
        assert plugin.local_time(earlier, zone) < local
        earlier += 59 * MINUTE
    assert plugin.local_time(moment - MINUTE, zone) < local


@settings(deadline=None)
@given(zone=st.sampled_from(ZONES), local=st.datetimes(
    datetime.datetime(1975, 1, 1), datetime.datetime(2037, 1, 1)),
    later=st.timedeltas(datetime.timedelta(), datetime.timedelta(days=3)))
def test_what_is_later_on_the_wall_is_not_earlier(zone, local, later):
    assert plugin.moment_of(local, zone) <= plugin.moment_of(
        local + later, zone)


class Hourly(plugin.WallClock):
    def next_local(self, local):
        return local.replace(minute=0, second=0, microsecond=0) + (
            60 * MINUTE)


def test_every_hour_over_a_jump():
    """The hour that comes twice counts once, the one left out not at all."""
    def hours(start):
        times = Hourly(start, ZONES[0]).times(start)
        return [next(times).hour for _number in range(4)]

    assert hours(utc(2026, 3, 28, 23, 30)) == [0, 1, 2, 3]
    assert hours(utc(2026, 10, 24, 22, 30)) == [23, 0, 2, 3]


@pytest.mark.parametrize('name', [
    '', ' ', 'UTC ', 'utc', 'Mars/Olympus', 'Europe', '../UTC', '/etc/passwd',
    'localtime', 'Factory', 'posixrules', 'x' * 5000, 'Europe/Berlin\x00'])
def test_a_time_zone_that_is_none(name):
    with pytest.raises(plugin.Invalid) as raised:
        plugin.time_zone(name)
    assert raised.value.facts['field'] == 'timezone'
    assert len(str(raised.value)) < 300


def test_a_time_zone():
    assert plugin.time_zone('Europe/Berlin') == zoneinfo.ZoneInfo(
        'Europe/Berlin')
