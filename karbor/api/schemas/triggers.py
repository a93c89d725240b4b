# SPDX-License-Identifier: Apache-2.0
"""Methods of triggers."""

from karbor.api.schemas import types
from karbor.api.schemas.method import Form
from karbor.api.schemas.method import Method
from karbor.api.schemas.method import Query
from karbor.api.schemas.method import V1_1
from karbor.api.schemas.method import V1_2

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
_ZONE: types.Schema = {
    'type': ['string', 'null'], 'maxLength': types.MAX_TEXT,
    'description': 'Expected null or the name of a time zone such as '
                   'Europe/Berlin.'}


def _properties(time: types.Schema, **more: types.Schema) -> types.Schema:
    return {
        'type': 'object', 'required': ['format', 'pattern'],
        'description': 'Expected an object.', 'additionalProperties': False,
        'properties': {'format': types.TEXT, 'pattern': _PATTERN,
                       'start_time': time, 'end_time': time,
                       'window': _WINDOW, **more}}


_PROPERTIES = _properties(_TIME)
_PROPERTIES_1_1 = _properties(_TIME_1_1)
_PROPERTIES_1_2 = _properties(_TIME_1_1, timezone=_ZONE)
# Which of them belong together is said by the trigger's type, and by its
# source, which may know others.
_ANY: types.Schema = {
    'type': 'object', 'description': 'Expected an object.',
    'properties': {**_PROPERTIES_1_2['properties'],
                   'source': types.TEXT, 'debounce': _WINDOW,
                   'min_interval': _WINDOW}}


def _create(properties: types.Schema) -> types.Schema:
    return types.body('trigger_info', ['name', 'type', 'properties'], {
        'name': types.NAME, 'type': types.TEXT, 'properties': properties})


def _update(properties: types.Schema) -> types.Schema:
    return types.body('trigger_info', [], {
        'name': types.NAME, 'properties': properties}, minProperties=1)


def _shown(time: types.Schema, time_or_null: types.Schema,
           **more: types.Schema) -> types.Schema:
    return types.object_({
        'format': types.STRING, 'pattern': types.STRING, 'start_time': time,
        'end_time': time_or_null, 'window': types.INTEGER, **more})


# What a trigger of events has; its source may have more.
_EVENT: types.Schema = {
    'type': 'object',
    'required': ['source', 'window', 'debounce', 'min_interval'],
    'properties': {'source': types.STRING, 'window': types.INTEGER,
                   'debounce': types.INTEGER,
                   'min_interval': types.INTEGER}}


def _either(time: types.Schema) -> types.Schema:
    """The properties of a trigger of whatever type, as they are shown."""
    return {'anyOf': [time, _EVENT]}


_TRIGGER = {
    'id': types.UUID, 'name': types.STRING, 'type': types.STRING,
    'properties': _either(_shown(types.STRING, types.STRING_OR_NULL))}
_TRIGGER_1_1 = {
    **_TRIGGER, 'properties': _either(
        _shown(types.TIME, types.TIME_OR_NULL)),
    'project_id': types.STRING, 'created_at': types.TIME,
    'updated_at': types.TIME_OR_NULL}
_TIMES_1_2 = _shown(types.TIME, types.TIME_OR_NULL, timezone=types.STRING)
_TRIGGER_1_2 = {
    **_TRIGGER_1_1, 'next_time': types.TIME_OR_NULL,
    'properties': _either(_TIMES_1_2)}
_ONE = types.answer('trigger_info', types.object_(_TRIGGER))
_ONE_1_1 = types.answer('trigger_info', types.object_(_TRIGGER_1_1))
_ONE_1_2 = types.answer('trigger_info', types.object_(_TRIGGER_1_2))

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
INDEX = Method('List triggers.', 'trigger:list', (_index, *(
    _index.at(since, answer=types.listing('triggers', types.object_(shown)))
    for since, shown in ((V1_1, _TRIGGER_1_1), (V1_2, _TRIGGER_1_2)))))

_show = Form(answer=_ONE)
SHOW = Method('Show a trigger.', 'trigger:get', (
    _show, _show.at(V1_1, answer=_ONE_1_1),
    _show.at(V1_2, answer=_ONE_1_2)))

CREATE = Method('Create a trigger.', 'trigger:create', (
    Form(body=_create(_PROPERTIES), answer=_ONE),
    Form(since=V1_1, body=_create(_PROPERTIES_1_1), answer=_ONE_1_1,
         status=201),
    Form(since=V1_2, body=_create(_ANY), status=201,
         answer=types.answer('trigger_info', types.object_(
             _TRIGGER_1_2, {'secret': types.STRING})))))

# the most times that a preview shows
MOST_TIMES = 100
PREVIEW = Method('Show when a trigger would fire.', 'trigger:create', (Form(
    since=V1_2,
    query=Query(paged=False, others={'count': {
        'type': 'integer', 'minimum': 1, 'maximum': MOST_TIMES,
        'description': f'Expected 1 to {MOST_TIMES}, how many times to '
                       'show.'}}),
    body=types.body('trigger_info', ['type', 'properties'], {
        'name': types.NAME, 'type': types.TEXT,
        'properties': _PROPERTIES_1_2}),
    answer=types.answer('preview', types.object_({
        'properties': _TIMES_1_2,
        'times': types.array(types.object_({
            'time': types.TIME, 'local_time': types.LOCAL_TIME}))}))),))

UPDATE = Method('Change a trigger.', 'trigger:update', (
    Form(body=_update(_PROPERTIES), answer=_ONE),
    Form(since=V1_1, body=_update(_PROPERTIES_1_1), answer=_ONE_1_1),
    Form(since=V1_2, body=_update(_ANY), answer=_ONE_1_2)))

DELETE = Method('Delete a trigger that no operation uses.',
                'trigger:delete', (Form(), Form(since=V1_1, status=204)))

SECRET = Method(
    'Give a webhook another secret.', 'trigger:renew_secret', (Form(
        since=V1_2, answer=types.answer('webhook', types.object_({
            'trigger_id': types.UUID, 'secret': types.STRING}))),))

TIMESTAMP = 'X-Karbor-Timestamp'
SIGNATURE = 'X-Karbor-Signature'
EVENT_ID = 'X-Karbor-Event-Id'
# Who calls it is no client of the API, and speaks no version of it.
WEBHOOK = Method('Tell a webhook of an event.', None, (Form(
    headers={
        TIMESTAMP: {'type': 'string', 'pattern': r'\A[0-9]{1,12}\Z',
                    'description': 'Seconds since 1970.'},
        SIGNATURE: {'type': 'string', 'pattern': r'\Asha256=[0-9a-f]{64}\Z',
                    'description': 'HMAC by SHA-256, with the secret of the '
                                   'trigger, of the timestamp, a dot and '
                                   'the body.'},
        EVENT_ID: {'type': 'string', 'pattern': r'\A[!-~]{1,128}\Z',
                   'description': 'What the sender calls the event, if it '
                                  'may be sent again with another '
                                  'timestamp.'}},
    body={'type': 'object', 'properties': {},
          'description': 'The payload of the event, at most 64 KiB; it may '
                         'lack.'},
    answer=types.answer('event', types.object_({'wanted': types.BOOLEAN})),
    status=202),))
