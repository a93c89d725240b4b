# SPDX-License-Identifier: Apache-2.0
"""Methods of checkpoints."""

import dataclasses

from karbor.api.schemas import operations
from karbor.api.schemas import types
from karbor.api.schemas.method import Form
from karbor.api.schemas.method import Method
from karbor.api.schemas.method import Query
from karbor.api.schemas.method import V1_1
from karbor.api.schemas.method import V1_2
from karbor.model import states

_CREATE = types.body('checkpoint', ['plan_id'], {
    'plan_id': types.UUID,
    # with a hyphen: so the contract has it
    'extra-info': types.OBJECT_OR_NULL})
_CREATE_1_1 = types.body('checkpoint', ['plan_id'], {
    'plan_id': types.UUID, 'extra_info': types.OBJECT_OR_NULL,
    'extra-info': types.OBJECT_OR_NULL})
_RESET_STATE = types.body('os-resetState', ['state'], {
    'state': {'enum': ['available', 'error'],
              'description': 'Expected available or error.'}})

_DAY: types.Schema = {
    'type': 'string', 'pattern': r'\A\d{4}-\d\d?-\d\d?\Z',
    'description': 'Expected a day like 2026-11-22.'}
_STATUS: types.Schema = {'enum': sorted(states.CHECKPOINT.states)}
# as it was when the checkpoint was made, maybe by another release
_PLAN: types.Schema = {'type': 'object', 'properties': {
    'id': types.STRING, 'name': types.STRING_OR_NULL,
    'provider_id': types.STRING, 'resources': types.array(types.OBJECT)}}
_WHAT = {'id': types.UUID, 'project_id': types.STRING, 'status': _STATUS,
         'protection_plan': _PLAN}
# texts of JSON, and a day
_CHECKPOINT = types.object_(
    {**_WHAT, 'extra_info': types.STRING, 'created_at': _DAY},
    {'resource_graph': types.STRING})
_CHECKPOINT_1_1 = {
    **_WHAT, 'provider_id': types.UUID, 'plan_id': types.STRING,
    'status_reason': types.STRING_OR_NULL, 'origin': types.STRING,
    'size': {'type': ['integer', 'null'], 'minimum': 0},
    'extra_info': types.OBJECT_OR_NULL,
    # resources by short id, and pairs of an id and those it depends on
    'resource_graph': {'type': ['array', 'null']},
    'created_at': types.TIME, 'updated_at': types.TIME_OR_NULL}

_DAMAGE: types.Schema = {**types.object_({
    'operation_id': types.UUID, 'reason': types.STRING,
    'found_at': types.TIME}), 'type': ['object', 'null']}
_CHECKPOINT_1_2 = {
    **_CHECKPOINT_1_1, 'damage': _DAMAGE,
    'missing_resources': types.array(types.object_({
        'type': types.STRING, 'id': types.STRING, 'name': types.STRING}))}

_NONE = types.object_({})
_ONE = types.answer('checkpoint', _CHECKPOINT)

_QUERY = Query(
    filters={'project_id': types.STRING, 'plan_id': types.STRING,
             'status': _STATUS},
    admin_filters={'id': types.STRING},
    sort_keys=('id', 'status', 'created_at'),
    others={'start_date': _DAY, 'end_date': _DAY})
_index = Form(
    # clients of v1 may sort every list by name
    query=dataclasses.replace(_QUERY, sort_keys=('name', *_QUERY.sort_keys)),
    answer=types.listing('checkpoints', _CHECKPOINT))
INDEX = Method('List checkpoints.', 'provider:checkpoint_get_all', (
    _index, _index.at(V1_1, query=_QUERY, answer=types.listing(
        'checkpoints', types.object_(_CHECKPOINT_1_1))),
    _index.at(V1_2, query=_QUERY, answer=types.listing(
        'checkpoints', types.object_(_CHECKPOINT_1_2)))))

_show = Form(answer=_ONE)
SHOW = Method('Show a checkpoint.', 'provider:checkpoint_get', (
    _show, *(_show.at(since, answer=types.answer('checkpoint', types.object_({
        **shown,
        # null where the operation that made it is not known
        'resources': {**resources, 'type': ['array', 'null']}})))
        for since, shown, resources in (
            (V1_1, _CHECKPOINT_1_1, operations.RESOURCES),
            (V1_2, _CHECKPOINT_1_2, operations.RESOURCES_1_2)))))

_create = Form(body=_CREATE, answer=_ONE)
CREATE = Method('Begin to make a checkpoint of a plan.',
                'provider:checkpoint_create', (
                    _create, *(_create.at(
                        since, status=202, body=_CREATE_1_1,
                        answer=types.answer('checkpoint',
                                            types.object_(shown)))
                        for since, shown in ((V1_1, _CHECKPOINT_1_1),
                                             (V1_2, _CHECKPOINT_1_2)))))

_update = Form(body=_RESET_STATE, answer=_NONE)
UPDATE = Method('Reset the state of a checkpoint.',
                'provider:checkpoint_update', (
                    _update, _update.at(V1_1, answer=None, status=204)))

_delete = Form(answer=_NONE)
DELETE = Method('Begin to delete a checkpoint.',
                'provider:checkpoint_delete', (
                    _delete, _delete.at(V1_1, answer=None, status=202)))
