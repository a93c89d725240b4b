# SPDX-License-Identifier: Apache-2.0
"""Methods of restores."""

from karbor.api.schemas import operations
from karbor.api.schemas import types
from karbor.api.schemas.method import Form
from karbor.api.schemas.method import Method
from karbor.api.schemas.method import V1_1
from karbor.api.schemas.method import V1_2
from karbor.model import states

_REQUIRED = ['provider_id', 'checkpoint_id', 'parameters']
_WANTED = {
    'provider_id': types.UUID, 'checkpoint_id': types.UUID,
    'parameters': types.PARAMETERS, 'restore_target': types.TEXT_OR_NULL,
    'restore_auth': types.OBJECT_OR_NULL}
_CREATE = types.body('restore', _REQUIRED, _WANTED)
_CREATE_1_2 = types.body('restore', _REQUIRED, {
    **_WANTED, 'force': types.FORCE})

_WHAT = operations.use(restore_target=types.STRING_OR_NULL)
_RESTORE = types.object_({**_WHAT, **operations.USE_RESOURCES})
_RESTORE_1_1 = {**_WHAT, **operations.PROGRESS}
# the operation that undoes it, or has
_UNDO: types.Schema = {'anyOf': [{'type': 'null'}, types.object_({
    'operation_id': types.UUID,
    'status': {'enum': sorted(states.OPERATION.states)}})]}
_RESTORE_1_2 = {**_RESTORE_1_1, 'undo': _UNDO}
_ONE = types.answer('restore', _RESTORE)

_index = Form(query=operations.USES,
              answer=types.listing('restores', _RESTORE))
INDEX = Method('List restores.', 'restore:get_all', (
    _index, *(_index.at(since, answer=types.listing(
        'restores', types.object_(shown))) for since, shown in (
            (V1_1, _RESTORE_1_1), (V1_2, _RESTORE_1_2)))))

_show = Form(answer=_ONE)
SHOW = Method('Show a restore.', 'restore:get', (
    _show, *(_show.at(since, answer=types.answer('restore', types.object_(
        {**shown, 'resources': resources})))
        for since, shown, resources in (
            (V1_1, _RESTORE_1_1, operations.RESOURCES),
            (V1_2, _RESTORE_1_2, operations.RESOURCES_1_2)))))

_create = Form(body=_CREATE, answer=_ONE)
CREATE = Method('Begin to restore a checkpoint.', 'restore:create', (
    _create, *(_create.at(since, status=202, body=body, answer=types.answer(
        'restore', types.object_(shown)))
        for since, body, shown in (
            (V1_1, _CREATE, _RESTORE_1_1),
            (V1_2, _CREATE_1_2, _RESTORE_1_2)))))

UNDO = Method(
    'Remove what a restore has made that failed or was cancelled.',
    'restore:undo', (
        Form(since=V1_2, status=202, answer=operations.ONE_1_2),))
