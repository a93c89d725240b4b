# SPDX-License-Identifier: Apache-2.0
"""``openstack data protection trigger ...``."""

from osc_lib import exceptions
import pytest

from karbor.tests import fixtures


def test_when_it_would_fire(openstack):
    shown = openstack(
        'trigger preview', 'crontab', '30 2 * * *', '--timezone',
        'Europe/Berlin', '--start', '2036-10-25T00:00:00Z', '--count', '2')
    # the clock is put back in the second night
    assert [(one['Time'][:16], one['Local Time'][:16]) for one in shown] == [
        ('2036-10-25T00:30', '2036-10-25T02:30'),
        ('2036-10-26T00:30', '2036-10-26T02:30')]


def test_until_when(openstack):
    times = ['--start', '2036-01-01 00:00:00', '--end',
             '2036-01-02 12:00:00', '--count', '100']
    shown = openstack('trigger preview', 'crontab', '0 2 * * *', *times)
    assert [one['Time'][:13] for one in shown] == ['2036-01-01T02',
                                                   '2036-01-02T02']
    assert len(openstack('trigger preview', 'crontab', '@daily')) == 3


def test_a_pattern_that_is_none(openstack):
    with pytest.raises(exceptions.CommandError,
                       match=r'five fields of crontab.*\(HTTP 400\)'):
        openstack('trigger preview', 'crontab', 'daily')


def test_another_secret(openstack, api, conf):
    body = fixtures.trigger_body()
    body['trigger_info'] |= {'name': 'hook', 'type': 'event', 'properties': {
        'source': 'webhook'}}
    conf.set_override('webhook_keys', ['k' * 40], 'events')
    made = api.post('/triggers', body, expect=201).json['trigger_info']
    shown = openstack('trigger secret', 'hook')
    assert shown['trigger_id'] == made['id']
    assert shown['secret'] not in (None, '', made['secret'])


def test_a_trigger_without_a_secret(openstack, schedule):
    schedule()
    with pytest.raises(exceptions.CommandError, match='HTTP 4'):
        openstack('trigger secret', 'nightly')
