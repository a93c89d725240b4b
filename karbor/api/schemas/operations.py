# SPDX-License-Identifier: Apache-2.0
"""Methods of operations, and what others show of them."""

from karbor.api.schemas import types
from karbor.api.schemas.method import Form
from karbor.api.schemas.method import Method
from karbor.api.schemas.method import Query
from karbor.api.schemas.method import V1_1
from karbor.model import operation
from karbor.model import states

_STATUS: types.Schema = {'enum': sorted(states.OPERATION.states)}
_TYPE: types.Schema = {'enum': list(operation.TYPES)}

RESOURCES = types.array(types.object_({
    'type': types.STRING, 'id': types.STRING, 'name': types.STRING,
    'status': {'enum': sorted(states.OPERATION_RESOURCE.states)},
    'fraction': types.FRACTION, 'bytes_done': types.COUNT,
    'bytes_total': types.COUNT, 'reason': types.STRING_OR_NULL,
    'new_id': types.STRING_OR_NULL}))
PROGRESS = {
    'reason': types.STRING_OR_NULL, 'fraction': types.FRACTION,
    'bytes_done': types.COUNT, 'bytes_total': types.COUNT,
    'resources_count': types.COUNT, 'created_at': types.TIME,
    'started_at': types.TIME_OR_NULL, 'ended_at': types.TIME_OR_NULL}
# Restores and verifications: operations that only use their checkpoint.
_USE_STATUS: types.Schema = {'enum': list(dict.fromkeys(
    states.V1_OPERATION_STATUS['restore'].values()))}
USES = Query(
    filters={'status': _USE_STATUS},
    admin_filters={'project_id': types.STRING, 'provider_id': types.STRING,
                   'checkpoint_id': types.STRING, 'id': types.STRING},
    sort_keys=('id', 'status', 'created_at'))
# by TYPE#ID
_WORDS: types.Schema = {'type': 'object',
                        'additionalProperties': types.STRING}
USE_RESOURCES = {'resources_status': _WORDS, 'resources_reason': _WORDS}


def use(**more: types.Schema) -> dict[str, types.Schema]:
    """What is shown of one at every version."""
    return {'id': types.UUID, 'project_id': types.STRING,
            'provider_id': types.UUID, 'checkpoint_id': types.UUID, **more,
            'parameters': types.OBJECT, 'status': _USE_STATUS}


_OPERATION = {
    'id': types.UUID, 'type': types.STRING, 'status': _STATUS,
    'project_id': types.STRING, 'user_id': types.STRING_OR_NULL,
    'provider_id': types.UUID, 'checkpoint_id': types.UUID,
    'plan_id': types.STRING_OR_NULL,
    'scheduled_operation_id': types.STRING_OR_NULL,
    'parameters': types.OBJECT, 'attempt': types.COUNT,
    'cancel_requested_at': types.TIME_OR_NULL, **PROGRESS}

INDEX = Method('List operations.', 'operation:list', (Form(
    since=V1_1,
    query=Query(
        filters={'type': _TYPE, 'status': _STATUS,
                 'checkpoint_id': types.STRING, 'plan_id': types.STRING,
                 'provider_id': types.STRING},
        admin_filters={'project_id': types.STRING, 'id': types.STRING},
        sort_keys=('id', 'status', 'type', 'created_at')),
    answer=types.listing('operations', types.object_(_OPERATION))),))

SHOW = Method('Show an operation with its resources.', 'operation:get', (
    Form(since=V1_1, answer=types.answer('operation', types.object_(
        {**_OPERATION, 'resources': RESOURCES}))),))

CANCEL = Method(
    'Cancel an operation: at once if it waits, else soon.',
    'operation:cancel', (Form(
        since=V1_1, status=202,
        answer=types.answer('operation', types.object_(_OPERATION))),))
