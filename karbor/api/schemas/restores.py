# SPDX-License-Identifier: Apache-2.0
"""Methods of restores."""

from karbor.api.schemas import operations
from karbor.api.schemas import types
from karbor.api.schemas.method import Form
from karbor.api.schemas.method import Method
from karbor.api.schemas.method import V1_1

_CREATE = types.body(
    'restore', ['provider_id', 'checkpoint_id', 'parameters'], {
        'provider_id': types.UUID, 'checkpoint_id': types.UUID,
        'parameters': types.PARAMETERS,
        'restore_target': types.TEXT_OR_NULL,
        'restore_auth': types.OBJECT_OR_NULL})

_WHAT = operations.use(restore_target=types.STRING_OR_NULL)
_RESTORE = types.object_({**_WHAT, **operations.USE_RESOURCES})
_RESTORE_1_1 = {**_WHAT, **operations.PROGRESS}
_ONE = types.answer('restore', _RESTORE)

_index = Form(query=operations.USES,
              answer=types.listing('restores', _RESTORE))
INDEX = Method('List restores.', 'restore:get_all', (
    _index, _index.at(V1_1, answer=types.listing(
        'restores', types.object_(_RESTORE_1_1)))))

_show = Form(answer=_ONE)
SHOW = Method('Show a restore.', 'restore:get', (
    _show, _show.at(V1_1, answer=types.answer('restore', types.object_(
        {**_RESTORE_1_1, 'resources': operations.RESOURCES})))))

_create = Form(body=_CREATE, answer=_ONE)
CREATE = Method('Begin to restore a checkpoint.', 'restore:create', (
    _create, _create.at(V1_1, status=202, answer=types.answer(
        'restore', types.object_(_RESTORE_1_1)))))
