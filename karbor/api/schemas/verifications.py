# SPDX-License-Identifier: Apache-2.0
"""Methods of verifications."""

from karbor.api.schemas import operations
from karbor.api.schemas import types
from karbor.api.schemas.method import Form
from karbor.api.schemas.method import Method
from karbor.api.schemas.method import Query
from karbor.api.schemas.method import V1_1

_CREATE = types.body('verification', ['provider_id', 'checkpoint_id'], {
    'provider_id': types.UUID, 'checkpoint_id': types.UUID,
    'parameters': types.PARAMETERS})

_STATUS: types.Schema = {'enum': ['in_progress', 'success', 'fail']}
_FIELDS = {
    'id': types.UUID, 'project_id': types.STRING, 'provider_id': types.UUID,
    'checkpoint_id': types.UUID, 'parameters': types.OBJECT,
    'status': _STATUS}
# by TYPE#ID
_WORDS: types.Schema = {'type': 'object',
                        'additionalProperties': types.STRING}
_VERIFICATION = types.object_({
    **_FIELDS, 'resources_status': _WORDS, 'resources_reason': _WORDS})
_LISTED_1_1 = {**_FIELDS, **operations.PROGRESS}
_VERIFICATION_1_1 = types.object_(_LISTED_1_1)
_ONE = types.answer('verification', _VERIFICATION)
_ONE_1_1 = types.answer('verification', _VERIFICATION_1_1)

_index = Form(
    query=Query(
        filters={'status': _STATUS},
        admin_filters={'project_id': types.STRING,
                       'provider_id': types.STRING,
                       'checkpoint_id': types.STRING, 'id': types.STRING},
        sort_keys=('id', 'status', 'created_at')),
    answer=types.listing('verifications', _VERIFICATION))
INDEX = Method('List verifications.', 'verification:get_all', (
    _index, _index.at(V1_1, answer=types.listing('verifications',
                                                 _VERIFICATION_1_1))))

_show = Form(answer=_ONE)
SHOW = Method('Show a verification.', 'verification:get', (
    _show, _show.at(V1_1, answer=types.answer(
        'verification', types.object_(
            {**_LISTED_1_1, 'resources': operations.RESOURCES})))))

_create = Form(body=_CREATE, answer=_ONE)
CREATE = Method('Begin to verify a checkpoint.', 'verification:create', (
    _create, _create.at(V1_1, answer=_ONE_1_1, status=202)))
