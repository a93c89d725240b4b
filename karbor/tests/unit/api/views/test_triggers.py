# SPDX-License-Identifier: Apache-2.0
import dataclasses
import datetime

import pytest

from karbor.api.schemas.method import V1_0
from karbor.api.schemas.method import V1_1
from karbor.api.schemas.method import V1_2
from karbor.api.views import triggers
from karbor.model.trigger import Trigger

PROPERTIES = {'format': 'crontab', 'pattern': '@daily',
              'start_time': '2026-11-22 12:00:00', 'end_time': None,
              'window': 900}
TRIGGER = Trigger(
    id='t', project_id='x', name='nightly', type='time',
    properties=PROPERTIES,
    created_at=datetime.datetime(2026, 11, 22, tzinfo=datetime.UTC))


def test_as_the_original_showed_it():
    assert triggers.show(TRIGGER, V1_0) == {
        'id': 't', 'name': 'nightly', 'type': 'time',
        'properties': PROPERTIES}


@pytest.mark.parametrize(('end', 'shown'), [
    (None, None), ('2027-01-01 00:00:00', '2027-01-01T00:00:00.000000Z')])
def test_from_1_1_on_times_are_exact(end, shown):
    trigger = Trigger(id='t', project_id='x', name='n', type='time',
                      properties={**PROPERTIES, 'end_time': end},
                      created_at=TRIGGER.created_at)
    found = triggers.show(trigger, V1_1)
    assert found['properties'] == {
        **PROPERTIES, 'start_time': '2026-11-22T12:00:00.000000Z',
        'end_time': shown}
    assert found['created_at'] == '2026-11-22T00:00:00.000000Z'
    assert found['updated_at'] is None
    # what is stored is not what is shown
    assert trigger.properties['end_time'] == end


def test_from_1_2_on_there_is_a_zone():
    trigger = dataclasses.replace(
        TRIGGER, next_time=TRIGGER.created_at,
        properties={**PROPERTIES, 'timezone': 'Asia/Tokyo'})
    for version in (V1_0, V1_1):
        assert triggers.show(trigger, version) == triggers.show(TRIGGER,
                                                                version)
    old, new = triggers.show(TRIGGER, V1_1), triggers.show(trigger, V1_2)
    assert new == {
        **old, 'next_time': '2026-11-22T00:00:00.000000Z',
        'properties': {**old['properties'], 'timezone': 'Asia/Tokyo'}}
    # what an older release has stored is in UTC
    found = triggers.show(TRIGGER, V1_2)
    assert (found['properties']['timezone'], found['next_time']) == (
        'UTC', None)


def test_a_preview_shows_both_clocks():
    shown = triggers.preview({**PROPERTIES, 'timezone': 'Asia/Kathmandu'},
                             [TRIGGER.created_at], V1_2)
    assert shown['times'] == [{'time': '2026-11-22T00:00:00.000000Z',
                               'local_time': '2026-11-22T05:45:00+05:45'}]
    assert shown['properties']['start_time'] == '2026-11-22T12:00:00.000000Z'
