# SPDX-License-Identifier: Apache-2.0
"""The operation type ``retention_protect`` keeps the contract."""

import zoneinfo

import pytest

from karbor import plugin
from karbor.plugin import testing
from karbor.plugins.operationtype.retention_protect import RetentionProtect

KATHMANDU = zoneinfo.ZoneInfo('Asia/Kathmandu')
BERLIN = zoneinfo.ZoneInfo('Europe/Berlin')
LIMITS = ('max_backups', 'retention_duration')


class TestRetentionProtect(testing.OperationTypeConformance):
    def make_type(self):
        return RetentionProtect()

    def definitions(self):
        return [
            {}, {'max_backups': 3}, {'max_backups': -1},
            {'max_backups': 3, 'retention_duration': -1},
            {'max_backups': 3, 'retention_duration': 30},
            {'max_age': 3600}, {'max_age': 3600, 'max_backups': -1},
            {'keep': {'daily': 7}}, {'max_backups': 3, 'keep': {
                'hourly': 1, 'daily': 2, 'weekly': 3, 'monthly': 4,
                'yearly': 1000}, 'timezone': 'Asia/Tokyo'},
            {'max_age': 3600, 'keep': {'yearly': 1}}]

    def refused(self):
        whole = (0, -2, 2 ** 31, 1.5, True, None, [], '3')
        return [
            *(({name: value}, name) for name in LIMITS for value in whole),
            *(({'max_age': value}, 'max_age') for value in (
                0, -1, 36_500 * 86_400 + 1, None)),
            *(({'keep': value}, 'keep') for value in (
                {}, [], 7, None, {'daily': 0}, {'daily': 1001},
                {'daily': -1}, {'daily': True}, {'dayly': 1})),
            *(({'timezone': value}, 'timezone') for value in (
                'Mars/Olympus', '', '../UTC', 'Europe', 'localtime',
                'x' * 5000, 7, None)),
            ({'max_age': 5, 'retention_duration': 3}, 'max_age'),
            ({'max_age': 5, 'retention_duration': -1}, 'max_age'),
            *(({'keep': {'daily': 1}, name: -1}, name) for name in LIMITS)]


@pytest.mark.parametrize(('definition', 'expected'), [
    # all, also what other operations of the plan would remove
    ({}, plugin.Retention()),
    ({'max_backups': -1, 'retention_duration': -1}, plugin.Retention()),
    ({'max_backups': 3}, plugin.Retention(number=3)),
    # days are so many seconds, whatever a clock does
    ({'retention_duration': 2}, plugin.Retention(seconds=172_800)),
    ({'max_age': 90}, plugin.Retention(seconds=90)),
    ({'max_backups': 3, 'max_age': 90}, plugin.Retention(
        number=3, seconds=90)),
    # without a limit, all others go
    ({'keep': {'daily': 7}}, plugin.Retention(
        number=0, periods={'daily': 7})),
    ({'keep': {'daily': 7}, 'max_backups': 2}, plugin.Retention(
        number=2, periods={'daily': 7})),
    ({'keep': {'weekly': 1}, 'max_age': 5}, plugin.Retention(
        seconds=5, periods={'weekly': 1})),
])
def test_what_it_keeps(definition, expected):
    assert RetentionProtect().retention(definition) == expected


@pytest.mark.parametrize(('definition', 'expected'), [
    ({}, KATHMANDU), ({'timezone': 'Europe/Berlin'}, BERLIN)])
def test_whose_clock_it_is(definition, expected):
    rule = RetentionProtect().retention({'max_backups': 1, **definition},
                                        zone=KATHMANDU)
    assert rule.zone == expected


def test_it_protects():
    actions = testing.MemoryActions(3)
    RetentionProtect().run({'max_backups': 1}, actions)
    assert actions.did == [('protect',)]
