# SPDX-License-Identifier: Apache-2.0
import dataclasses
import datetime

from karbor.api.views import runs
from karbor.model.run import Run

NOON = datetime.datetime(2026, 11, 22, 12, tzinfo=datetime.UTC)
RUN = Run(id='r', scheduled_operation_id='s', project_id='x', trigger_id='t',
          plan_id='p', origin='time', expected_at=NOON, triggered_at=NOON,
          status='queued', owner='engine', lease_until=NOON, attempt=3)
# how engines agree on it
INNER = {'owner', 'lease_until', 'attempt'}


def test_all_but_what_is_for_engines_alone():
    shown = runs.show(RUN)
    assert set(shown) == set(dataclasses.asdict(RUN)) - INNER
    assert shown['expected_at'] == '2026-11-22T12:00:00.000000Z'
    for name in ('start_by', 'complete_by', 'started_at', 'ended_at'):
        assert shown[name] is None
        one = dataclasses.replace(RUN, **{name: NOON})
        assert runs.show(one)[name] == '2026-11-22T12:00:00.000000Z'
