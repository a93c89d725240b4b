# SPDX-License-Identifier: Apache-2.0
"""Methods of checkpoints."""

from karbor.api.schemas import types
from karbor.api.schemas.method import Form
from karbor.api.schemas.method import Method
from karbor.api.schemas.method import Query
from karbor.api.schemas.method import V1_1

_CREATE = types.body('checkpoint', ['plan_id'], {
    'plan_id': types.UUID,
    # with a hyphen: so the contract has it
    'extra-info': types.OBJECT_OR_NULL})
_RESET_STATE = types.body('os-resetState', ['state'], {
    'state': {'enum': ['available', 'error'],
              'description': 'Expected available or error.'}})

_DAY: types.Schema = {
    'type': 'string', 'pattern': r'\A\d{4}-\d\d?-\d\d?\Z',
    'description': 'Expected a day like 2026-11-22.'}
_CHECKPOINT = types.object_({
    'id': types.UUID, 'project_id': types.STRING, 'status': types.STRING,
    'protection_plan': types.OBJECT, 'extra_info': types.STRING,
    'created_at': _DAY}, {'resource_graph': types.STRING})

_NONE = types.object_({})
_ONE = types.answer('checkpoint', _CHECKPOINT)

_index = Form(
    query=Query(
        filters={'project_id': types.STRING, 'plan_id': types.STRING,
                 'status': types.STRING},
        admin_filters={'id': types.STRING},
        sort_keys=('id', 'status', 'created_at'),
        others={'start_date': _DAY, 'end_date': _DAY}),
    answer=types.listing('checkpoints', _CHECKPOINT))
INDEX = Method('List checkpoints.', 'provider:checkpoint_get_all', (_index,))

SHOW = Method('Show a checkpoint.', 'provider:checkpoint_get', (
    Form(answer=_ONE),))

_create = Form(body=_CREATE, answer=_ONE)
CREATE = Method('Begin to make a checkpoint of a plan.',
                'provider:checkpoint_create', (
                    _create, _create.at(V1_1, status=202)))

_update = Form(body=_RESET_STATE, answer=_NONE)
UPDATE = Method('Reset the state of a checkpoint.',
                'provider:checkpoint_update', (
                    _update, _update.at(V1_1, answer=None, status=204)))

_delete = Form(answer=_NONE)
DELETE = Method('Begin to delete a checkpoint.',
                'provider:checkpoint_delete', (
                    _delete, _delete.at(V1_1, answer=None, status=202)))
