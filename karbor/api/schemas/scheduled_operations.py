# SPDX-License-Identifier: Apache-2.0
"""Methods of scheduled operations."""

from microversion_parse import Version

from karbor.api.schemas import types
from karbor.api.schemas.method import Form
from karbor.api.schemas.method import Method
from karbor.api.schemas.method import Query
from karbor.api.schemas.method import V1_1
from karbor.api.schemas.method import V1_2
from karbor.model.scheduled_operation import OVERLAPS

# types, and members of their definitions, that came with a version
_SINCE = {V1_2: ('verify', 'retention_protect.max_age',
                 'retention_protect.keep', 'retention_protect.timezone')}
# what else there is depends on the type of the operation
_DEFINITION: types.Schema = {
    'type': 'object', 'required': ['provider_id', 'plan_id'],
    'description': 'Expected an object with provider_id and plan_id.',
    'properties': {'provider_id': types.UUID, 'plan_id': types.UUID}}
_FIELDS = {
    'name': types.NAME, 'description': types.DESCRIPTION,
    'operation_type': types.TEXT, 'trigger_id': types.UUID,
    'operation_definition': _DEFINITION}
_FIELDS_1_2 = {
    **_FIELDS, 'enabled': types.BOOLEAN,
    'overlap': {'enum': list(OVERLAPS),
                'description': f'Expected one of {", ".join(OVERLAPS)}.'},
    'complete_within': {
        'type': ['integer', 'null'],
        'description': 'Expected null or an integer, in seconds.'}}
_REQUIRED = ['operation_type', 'trigger_id', 'operation_definition']
_OPERATION = {
    'id': types.UUID, 'name': types.STRING,
    'description': types.STRING_OR_NULL, 'operation_type': types.STRING,
    'trigger_id': types.UUID, 'operation_definition': types.OBJECT,
    'enabled': types.BOOLEAN}
_OPERATION_1_1 = {
    **_OPERATION, 'project_id': types.STRING,
    'user_id': types.STRING_OR_NULL, 'created_at': types.TIME,
    'updated_at': types.TIME_OR_NULL}
_OPERATION_1_2 = {
    **_OPERATION_1_1, 'overlap': types.STRING,
    'complete_within': {'type': ['integer', 'null']}}
_ONE = types.answer('scheduled_operation', types.object_(_OPERATION))
_ONE_1_1 = types.answer('scheduled_operation', types.object_(_OPERATION_1_1))
_ONE_1_2 = types.answer('scheduled_operation', types.object_(_OPERATION_1_2))

_index = Form(
    query=Query(
        filters={'name': types.STRING, 'operation_type': types.STRING,
                 'trigger_id': types.STRING,
                 'operation_definition': {
                     'type': 'string',
                     'description': 'The text of the JSON, as json.dumps '
                                    'of Python writes what is shown.'}},
        admin_filters={'project_id': types.STRING, 'id': types.STRING},
        sort_keys=('id', 'name', 'operation_type', 'created_at')),
    answer=types.listing('operations', types.object_(_OPERATION)))
INDEX = Method('List scheduled operations.', 'scheduled_operation:list', (
    _index, *(_index.at(since, answer=types.listing(
        'operations', types.object_(shown)))
        for since, shown in ((V1_1, _OPERATION_1_1),
                             (V1_2, _OPERATION_1_2)))))

_show = Form(answer=_ONE)
SHOW = Method('Show a scheduled operation.', 'scheduled_operation:get', (
    _show, _show.at(V1_1, answer=_ONE_1_1),
    _show.at(V1_2, answer=_ONE_1_2)))

_create = Form(body=types.body('scheduled_operation', _REQUIRED, _FIELDS),
               answer=_ONE)
CREATE = Method(
    'Create a scheduled operation.', 'scheduled_operation:create', (
        _create, *(_create.at(
            since, body=types.body('scheduled_operation',
                                   ['name', *_REQUIRED], fields),
            answer=shown, status=201)
            for since, fields, shown in ((V1_1, _FIELDS, _ONE_1_1),
                                         (V1_2, _FIELDS_1_2, _ONE_1_2)))))

UPDATE = Method(
    'Change a scheduled operation.', 'scheduled_operation:update', (Form(
        since=V1_2, body=types.body('scheduled_operation', [], {
            name: schema for name, schema in _FIELDS_1_2.items()
            if name != 'operation_type'}, minProperties=1),
        answer=_ONE_1_2),))

ADOPT = Method(
    'Become the owner of a scheduled operation.',
    'scheduled_operation:adopt', (Form(since=V1_2, answer=_ONE_1_2),))

DELETE = Method('Delete a scheduled operation.', 'scheduled_operation:delete',
                (Form(), Form(since=V1_1, status=204)))


def hidden(version: Version) -> frozenset[str]:
    """What `operation_types` has and a version does not know of."""
    return frozenset(name for since, new in _SINCE.items() if version < since
                     for name in new)
