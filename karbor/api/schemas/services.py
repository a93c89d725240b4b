# SPDX-License-Identifier: Apache-2.0
"""Methods of services, which are the daemons."""

from karbor.api.schemas import types
from karbor.api.schemas.method import Form
from karbor.api.schemas.method import Method
from karbor.api.schemas.method import Query
from karbor.api.schemas.method import V1_1

_STATUS: types.Schema = {'enum': ['enabled', 'disabled'],
                         'description': 'Expected enabled or disabled.'}
_UPDATE: types.Schema = {
    'type': 'object', 'required': ['status'],
    'description': 'Expected an object with status.',
    'properties': {'status': _STATUS, 'disabled_reason': types.TEXT_OR_NULL}}

_SERVICE = {
    'id': types.INTEGER, 'binary': types.STRING, 'host': types.STRING,
    'status': _STATUS, 'state': {'enum': ['up', 'down']},
    'updated_at': types.STRING, 'disabled_reason': types.STRING_OR_NULL}
_SERVICE_1_1 = {**_SERVICE, 'updated_at': types.TIME}

_index = Form(
    query=Query(paged=False, filters={'host': types.STRING,
                                      'binary': types.STRING}),
    answer=types.answer('services', types.array(types.object_(_SERVICE))))
INDEX = Method('List the daemons.', 'service:get_all', (
    _index, _index.at(V1_1, answer=types.answer(
        'services', types.array(types.object_(_SERVICE_1_1))))))

_update = Form(body=_UPDATE,
               answer=types.answer('service', types.object_(_SERVICE)))
UPDATE = Method('Enable or disable a daemon.', 'service:update', (
    _update, _update.at(
        V1_1, body={**_UPDATE, 'additionalProperties': False},
        answer=types.answer('service', types.object_(_SERVICE_1_1)))))
