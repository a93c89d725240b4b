# SPDX-License-Identifier: Apache-2.0
"""Methods of verifications."""

from karbor.api.schemas import operations
from karbor.api.schemas import types
from karbor.api.schemas.method import Form
from karbor.api.schemas.method import Method
from karbor.api.schemas.method import V1_1

_CREATE = types.body('verification', ['provider_id', 'checkpoint_id'], {
    'provider_id': types.UUID, 'checkpoint_id': types.UUID,
    'parameters': types.PARAMETERS})

_WHAT = operations.use()
_VERIFICATION = types.object_({**_WHAT, **operations.USE_RESOURCES})
_VERIFICATION_1_1 = {**_WHAT, **operations.PROGRESS}
_ONE = types.answer('verification', _VERIFICATION)

_index = Form(query=operations.USES,
              answer=types.listing('verifications', _VERIFICATION))
INDEX = Method('List verifications.', 'verification:get_all', (
    _index, _index.at(V1_1, answer=types.listing(
        'verifications', types.object_(_VERIFICATION_1_1)))))

_show = Form(answer=_ONE)
SHOW = Method('Show a verification.', 'verification:get', (
    _show, _show.at(V1_1, answer=types.answer(
        'verification', types.object_({
            **_VERIFICATION_1_1, 'resources': operations.RESOURCES})))))

_create = Form(body=_CREATE, answer=_ONE)
CREATE = Method('Begin to verify a checkpoint.', 'verification:create', (
    _create, _create.at(V1_1, status=202, answer=types.answer(
        'verification', types.object_(_VERIFICATION_1_1)))))
