# SPDX-License-Identifier: Apache-2.0
"""Methods of operations, and what others show of them."""

from collections.abc import Collection

from karbor.api.schemas import types
from karbor.api.schemas.method import Form
from karbor.api.schemas.method import Method
from karbor.api.schemas.method import Query
from karbor.api.schemas.method import V1_1
from karbor.api.schemas.method import V1_2
from karbor.model import operation
from karbor.model import states

_STATUS: types.Schema = {'enum': sorted(states.OPERATION.states)}
# what came later is shown by older versions, too, but not asked for
_OLD_TYPES = [type_ for type_ in operation.TYPES if type_ != 'undo']
TYPE_1_1: types.Schema = {'enum': _OLD_TYPES}
TYPE_1_2: types.Schema = {'enum': list(operation.TYPES)}

# what is shown as undefined at 1.1
NEW_STATUSES = frozenset({'skipped'})


def _resources(statuses: Collection[str]) -> types.Schema:
    return types.array(types.object_({
        'type': types.STRING, 'id': types.STRING, 'name': types.STRING,
        'status': {'enum': sorted(statuses)},
        'fraction': types.FRACTION, 'bytes_done': types.COUNT,
        'bytes_total': types.COUNT, 'reason': types.STRING_OR_NULL,
        'new_id': types.STRING_OR_NULL}))


RESOURCES = _resources(states.OPERATION_RESOURCE.states - NEW_STATUSES)
RESOURCES_1_2 = _resources(states.OPERATION_RESOURCE.states)
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

# the run of a schedule that wanted it
RUN = {'scheduled_run_id': types.STRING_OR_NULL}
RUN_FILTER = {'scheduled_run_id': types.STRING}
# null but for what is queued
_WAITING: types.Schema = {
    **types.object_({'position': types.COUNT, 'reason': types.STRING}),
    'type': ['object', 'null']}
_OPERATION_1_2 = {**_OPERATION, **RUN,
                  'source_operation_id': types.STRING_OR_NULL,
                  'waiting': _WAITING}
# of what answers with the operation that it has begun
ONE_1_2 = types.answer('operation', types.object_(_OPERATION_1_2))

_query = Query(
    filters={'type': TYPE_1_1, 'status': _STATUS,
             'checkpoint_id': types.STRING, 'plan_id': types.STRING,
             'provider_id': types.STRING},
    admin_filters={'project_id': types.STRING, 'id': types.STRING},
    sort_keys=('id', 'status', 'type', 'created_at'))
INDEX = Method('List operations.', 'operation:list', tuple(
    Form(since=since, query=query,
         answer=types.listing('operations', types.object_(shown)))
    for since, query, shown in (
        (V1_1, _query, _OPERATION),
        (V1_2, _query.with_filters({'type': TYPE_1_2, **RUN_FILTER}),
         _OPERATION_1_2))))

SHOW = Method(
    'Show an operation with its resources.', 'operation:get', tuple(
        Form(since=since, answer=types.answer('operation', types.object_(
            {**shown, 'resources': resources})))
        for since, shown, resources in (
            (V1_1, _OPERATION, RESOURCES),
            (V1_2, _OPERATION_1_2, RESOURCES_1_2))))

CANCEL = Method(
    'Cancel an operation: at once if it waits, else soon.',
    'operation:cancel', tuple(
        Form(since=since, status=202,
             answer=types.answer('operation', types.object_(shown)))
        for since, shown in ((V1_1, _OPERATION), (V1_2, _OPERATION_1_2))))
