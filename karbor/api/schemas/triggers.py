# SPDX-License-Identifier: Apache-2.0
"""Methods of triggers."""

from karbor.api.schemas import types
from karbor.api.schemas.method import Form
from karbor.api.schemas.method import Method
from karbor.api.schemas.method import Query
from karbor.api.schemas.method import V1_1

_PATTERN: types.Schema = {
    'type': 'string', 'minLength': 1, 'maxLength': 16384,
    'description': 'Expected text of 1 to 16384 characters in the format of '
                   'the trigger.'}
_TIME: types.Schema = {
    'type': ['string', 'null'],
    'pattern': r'\A\d{4}-\d\d?-\d\d? \d\d?:\d\d?:\d\d?\Z',
    'description': 'Expected null or a time in UTC like 2026-11-22 18:20:00.'}
_TIME_1_1: types.Schema = {
    'type': ['string', 'null'],
    'pattern': r'\A\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?'
               r'(Z|[+-]\d\d:?\d\d)?\Z',
    'description': 'Expected null or a time like 2026-11-22T18:20:00Z; '
                   'without a zone it is UTC.'}
_WINDOW: types.Schema = {
    'type': ['integer', 'null'],
    'description': 'Expected null or an integer, in seconds.'}


def _properties(time: types.Schema) -> types.Schema:
    return {
        'type': 'object', 'required': ['format', 'pattern'],
        'description': 'Expected an object.', 'additionalProperties': False,
        'properties': {'format': types.TEXT, 'pattern': _PATTERN,
                       'start_time': time, 'end_time': time,
                       'window': _WINDOW}}


def _create(time: types.Schema) -> types.Schema:
    return types.body('trigger_info', ['name', 'type', 'properties'], {
        'name': types.NAME, 'type': types.TEXT,
        'properties': _properties(time)})


def _update(time: types.Schema) -> types.Schema:
    return types.body('trigger_info', [], {
        'name': types.NAME, 'properties': _properties(time)},
        minProperties=1)


def _shown(time: types.Schema, time_or_null: types.Schema) -> types.Schema:
    return types.object_({
        'format': types.STRING, 'pattern': types.STRING, 'start_time': time,
        'end_time': time_or_null, 'window': types.INTEGER})


_TRIGGER = {
    'id': types.UUID, 'name': types.STRING, 'type': types.STRING,
    'properties': _shown(types.STRING, types.STRING_OR_NULL)}
_TRIGGER_1_1 = {
    **_TRIGGER, 'properties': _shown(types.TIME, types.TIME_OR_NULL),
    'project_id': types.STRING, 'created_at': types.TIME,
    'updated_at': types.TIME_OR_NULL}
_ONE = types.answer('trigger_info', types.object_(_TRIGGER))
_ONE_1_1 = types.answer('trigger_info', types.object_(_TRIGGER_1_1))

_index = Form(
    query=Query(
        filters={'name': types.STRING, 'type': types.STRING,
                 'properties': {
                     'type': 'string',
                     'description': 'The text of the JSON, as json.dumps '
                                    'of Python writes what 1.0 shows.'}},
        admin_filters={'project_id': types.STRING, 'id': types.STRING},
        sort_keys=('id', 'name', 'type', 'created_at')),
    answer=types.listing('triggers', types.object_(_TRIGGER)))
INDEX = Method('List triggers.', 'trigger:list', (_index, _index.at(
    V1_1, answer=types.listing('triggers', types.object_(_TRIGGER_1_1)))))

_show = Form(answer=_ONE)
SHOW = Method('Show a trigger.', 'trigger:get', (
    _show, _show.at(V1_1, answer=_ONE_1_1)))

_created = Form(body=_create(_TIME), answer=_ONE)
CREATE = Method('Create a trigger.', 'trigger:create', (
    _created, _created.at(V1_1, body=_create(_TIME_1_1), answer=_ONE_1_1,
                          status=201)))

_updated = Form(body=_update(_TIME), answer=_ONE)
UPDATE = Method('Change a trigger.', 'trigger:update', (
    _updated, _updated.at(V1_1, body=_update(_TIME_1_1), answer=_ONE_1_1)))

DELETE = Method('Delete a trigger that no operation uses.',
                'trigger:delete', (Form(), Form(since=V1_1, status=204)))
