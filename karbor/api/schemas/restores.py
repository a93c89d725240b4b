# SPDX-License-Identifier: Apache-2.0
"""Methods of restores."""

from karbor.api.schemas import operations
from karbor.api.schemas import types
from karbor.api.schemas.method import Form
from karbor.api.schemas.method import Method
from karbor.api.schemas.method import Query
from karbor.api.schemas.method import V1_1

_CREATE = types.body(
    'restore', ['provider_id', 'checkpoint_id', 'parameters'], {
        'provider_id': types.UUID, 'checkpoint_id': types.UUID,
        'parameters': types.PARAMETERS,
        'restore_target': types.TEXT_OR_NULL,
        'restore_auth': types.OBJECT_OR_NULL})

_STATUS: types.Schema = {'enum': ['in_progress', 'success', 'fail']}
_WHAT = {
    'id': types.UUID, 'project_id': types.STRING, 'provider_id': types.UUID,
    'checkpoint_id': types.UUID, 'restore_target': types.STRING_OR_NULL,
    'parameters': types.OBJECT, 'status': _STATUS}
# by TYPE#ID
_WORDS: types.Schema = {'type': 'object',
                        'additionalProperties': types.STRING}
_RESTORE = types.object_({
    **_WHAT, 'resources_status': _WORDS, 'resources_reason': _WORDS})
_RESTORE_1_1 = {**_WHAT, **operations.PROGRESS}
_ONE = types.answer('restore', _RESTORE)

_index = Form(
    query=Query(
        filters={'status': _STATUS},
        admin_filters={'project_id': types.STRING,
                       'provider_id': types.STRING,
                       'checkpoint_id': types.STRING, 'id': types.STRING},
        sort_keys=('id', 'status', 'created_at')),
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
