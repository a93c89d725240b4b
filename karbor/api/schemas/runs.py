# SPDX-License-Identifier: Apache-2.0
"""Methods of the runs of a scheduled operation."""

from karbor.api.schemas import types
from karbor.api.schemas.method import Form
from karbor.api.schemas.method import Method
from karbor.api.schemas.method import Query
from karbor.api.schemas.method import V1_2
from karbor.model import run
from karbor.model import states

_STATUS: types.Schema = {'enum': sorted(states.RUN.states)}
_ORIGIN: types.Schema = {'enum': list(run.ORIGINS)}
_RUN = types.object_({
    'id': types.UUID, 'scheduled_operation_id': types.UUID,
    'project_id': types.STRING, 'plan_id': types.STRING,
    'trigger_id': types.STRING, 'origin': _ORIGIN, 'status': _STATUS,
    'reason': types.STRING_OR_NULL, 'cause': types.OBJECT_OR_NULL,
    'late': types.BOOLEAN, 'expected_at': types.TIME,
    'triggered_at': types.TIME, 'start_by': types.TIME_OR_NULL,
    'complete_by': types.TIME_OR_NULL, 'waits_for': types.STRING_OR_NULL,
    'checkpoint_id': types.STRING_OR_NULL,
    'operation_id': types.STRING_OR_NULL, 'started_at': types.TIME_OR_NULL,
    'ended_at': types.TIME_OR_NULL})

INDEX = Method(
    'List runs of a scheduled operation.', 'scheduled_run:get_all', (Form(
        since=V1_2,
        query=Query(
            filters={'status': _STATUS, 'origin': _ORIGIN,
                     'late': {'enum': ['true', 'false']}},
            sort_keys=('status', 'triggered_at', 'expected_at'),
            by='expected_at'),
        answer=types.listing('runs', _RUN)),))

SHOW = Method('Show a run of a scheduled operation.', 'scheduled_run:get', (
    Form(since=V1_2, answer=types.answer('run', _RUN)),))

CREATE = Method(
    'Let a scheduled operation run now.', 'scheduled_operation:run', (Form(
        since=V1_2, answer=types.answer('run', _RUN), status=201),))
