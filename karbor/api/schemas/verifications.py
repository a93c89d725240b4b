# SPDX-License-Identifier: Apache-2.0
"""Methods of verifications."""

from karbor.api.schemas import operations
from karbor.api.schemas import types
from karbor.api.schemas.method import Form
from karbor.api.schemas.method import Method
from karbor.api.schemas.method import V1_1
from karbor.api.schemas.method import V1_2
from karbor.model import subset

_CREATE = types.body('verification', ['provider_id', 'checkpoint_id'], {
    'provider_id': types.UUID, 'checkpoint_id': types.UUID,
    'parameters': types.PARAMETERS})

_WHAT = operations.use()
_VERIFICATION = types.object_({**_WHAT, **operations.USE_RESOURCES})
_VERIFICATION_1_1 = {**_WHAT, **operations.PROGRESS}
_NUMBER: types.Schema = {
    'type': 'integer', 'minimum': 1, 'maximum': subset.MOST,
    'description': f'Expected an integer of 1 to {subset.MOST}.'}
_SUBSET: types.Schema = {
    'type': 'object', 'required': ['number', 'of'],
    'additionalProperties': False,
    'description': 'Expected an object with number and of.',
    'properties': {'number': _NUMBER, 'of': _NUMBER}}
_CREATE_1_2 = types.body('verification', ['provider_id', 'checkpoint_id'], {
    'provider_id': types.UUID, 'checkpoint_id': types.UUID,
    'parameters': types.PARAMETERS, 'subset': {
        **_SUBSET, 'type': ['object', 'null'],
        'description': 'Expected null or an object with number and of.'}})
_VERIFICATION_1_2 = {**_VERIFICATION_1_1, 'subset': {
    **_SUBSET, 'type': ['object', 'null']}}
_ONE = types.answer('verification', _VERIFICATION)

_index = Form(query=operations.USES,
              answer=types.listing('verifications', _VERIFICATION))
INDEX = Method('List verifications.', 'verification:get_all', (
    _index, _index.at(V1_1, answer=types.listing(
        'verifications', types.object_(_VERIFICATION_1_1))),
    _index.at(V1_2, answer=types.listing(
        'verifications', types.object_(_VERIFICATION_1_2)))))

_show = Form(answer=_ONE)
SHOW = Method('Show a verification.', 'verification:get', (
    _show, _show.at(V1_1, answer=types.answer(
        'verification', types.object_({
            **_VERIFICATION_1_1, 'resources': operations.RESOURCES}))),
    _show.at(V1_2, answer=types.answer(
        'verification', types.object_({
            **_VERIFICATION_1_2, 'resources': operations.RESOURCES_1_2})))))

_create = Form(body=_CREATE, answer=_ONE)
CREATE = Method('Begin to verify a checkpoint.', 'verification:create', (
    _create, _create.at(V1_1, status=202, answer=types.answer(
        'verification', types.object_(_VERIFICATION_1_1))),
    _create.at(V1_2, status=202, body=_CREATE_1_2, answer=types.answer(
        'verification', types.object_(_VERIFICATION_1_2)))))
