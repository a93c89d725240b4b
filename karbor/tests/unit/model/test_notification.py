# SPDX-License-Identifier: Apache-2.0
"""What is told keeps to what is published, and tells no secret."""

import dataclasses
import json
from pathlib import Path

import jsonschema
import pytest

from karbor.model import notification
from karbor.model.notification import Missed
from karbor.tests import told
from karbor.tests.unit.db import common

SAMPLES = Path(__file__).parents[4] / 'doc/notification_samples'
MISSED = Missed(
    scheduled_operation_id='s', project_id='p', trigger_id='t', plan_id='l',
    count=1, first=common.later(0), last=common.later(0), reason='first')


@pytest.mark.parametrize('type_', notification.EVENTS)
def test_each_event_has_a_schema_and_a_sample_that_keeps_to_it(type_):
    event = notification.EVENTS[type_]
    assert event.type == type_
    assert event.priority in ('info', 'error')
    jsonschema.Draft202012Validator.check_schema(event.schema)
    sample = json.loads((SAMPLES / f'{type_}.json').read_text())
    told.check(type_, sample)
    with pytest.raises(jsonschema.ValidationError):
        told.check(type_, {**sample, 'version': '2.0'})


def test_there_is_no_other_sample():
    assert {path.stem for path in SAMPLES.iterdir()} == set(
        notification.EVENTS)


def test_all_is_told_of_an_operation_but_what_may_be_secret():
    secrets = {'request': {'parameters': {'T': {'password': 'x'}}},
               'trust_id': 'trust', 'owner': 'worker'}
    payload = notification.of_operation(dataclasses.replace(
        common.operation(), fraction=1 / 3, reason="password = 'sesame' no",
        **secrets))
    told.check('karbor.operation.start', {
        **payload, 'status': 'running', 'started_at': payload['created_at']})
    assert 'sesame' not in json.dumps(payload)
    assert not set(secrets) & set(payload)
    assert payload['fraction'] == 0.3333


def test_so_many_damaged_resources_are_named():
    payload = notification.of_verification(
        common.operation(type='verify'),
        [('T', str(number), None) for number in range(150)])
    assert (payload['resources_failed'], len(payload['resources'])) == (
        150, notification.MOST)


def test_missed_times_are_told_together():
    later = dataclasses.replace(MISSED, first=common.later(60),
                                last=common.later(90), count=3, reason='last')
    for both in (MISSED.and_also(later), later.and_also(MISSED)):
        assert both == dataclasses.replace(
            MISSED, last=common.later(90), count=4, reason='last')
