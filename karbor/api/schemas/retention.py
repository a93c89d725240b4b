# SPDX-License-Identifier: Apache-2.0
"""Methods that tell what a sweep of checkpoints would remove."""

from typing import Any

from karbor.api.schemas import types
from karbor.api.schemas.method import Form
from karbor.api.schemas.method import Method
from karbor.api.schemas.method import V1_2
from karbor.model.retention import ACTIONS
from karbor.model.retention import PERIODS
from karbor.model.states import CHECKPOINT


def _limit(what: str) -> types.Schema:
    return {'type': 'integer', 'minimum': -1,
            'description': f'Expected {what}: 1 or more, or -1 for all.'}


# what the operation type checks as well, and knows the bounds of
_RULE: dict[str, Any] = {
    'provider_id': types.UUID,
    'instead_of': types.UUID,
    'max_backups': _limit('how many checkpoints to keep'),
    'retention_duration': _limit('how many days to keep a checkpoint'),
    'max_age': {'type': 'integer', 'minimum': 1,
                'description': 'Expected how many seconds to keep a '
                               'checkpoint: 1 or more.'},
    'keep': {
        'type': 'object', 'minProperties': 1, 'additionalProperties': False,
        'properties': {name: {
            'type': 'integer', 'minimum': 1,
            'description': f'Expected of how many {name} periods to keep the '
                           'last checkpoint: 1 or more.'}
            for name in PERIODS},
        'description': 'Expected an object with at least one of '
                       f'{", ".join(PERIODS)}.'},
    'timezone': types.TEXT}

_WHAT = {
    'plan_id': types.STRING, 'provider_id': types.STRING,
    'checkpoints': types.array(types.object_({
        'id': types.UUID, 'created_at': types.TIME,
        'status': {'enum': sorted(CHECKPOINT.states)},
        'origin': types.STRING,
        'size': {'type': ['integer', 'null'], 'minimum': 0},
        'action': {'enum': list(ACTIONS)},
        'reason': types.STRING}))}

SHOW = Method(
    'Show which checkpoints a scheduled operation keeps, and why.',
    'retention:get', (Form(since=V1_2, answer=types.answer(
        'retention', types.object_({
            'scheduled_operation_id': types.UUID, **_WHAT,
            'next_sweep_at': types.TIME_OR_NULL,
            'reason': types.STRING_OR_NULL}))),))

SIMULATE = Method(
    'Try out which checkpoints of a plan a rule would keep.',
    'retention:simulate', (Form(
        since=V1_2, body=types.body('retention', [], _RULE),
        answer=types.answer('retention', types.object_(_WHAT))),))
