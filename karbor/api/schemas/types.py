# SPDX-License-Identifier: Apache-2.0
"""Types that the bodies of requests are made of.

``description`` says what was expected; `validation` shows it to the user.
"""

from typing import Any

Schema = dict[str, Any]

MAX_TEXT = 255
# What `karbor.api.request.CONTROL` refuses elsewhere; of surrogates no body is
# free to have any.
_PRINTABLE = r'[^\x00-\x1f\x7f-\x9f]'
_LINES = r'[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]'
_UUID = r'[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}'

NAME: Schema = {
    'type': 'string', 'maxLength': MAX_TEXT,
    'pattern': rf'\A(?=.*\S){_PRINTABLE}+\Z',
    'description': 'Expected a name of 1 to 255 printable characters that '
                   'is not blank.'}
TEXT: Schema = {
    'type': 'string', 'minLength': 1, 'maxLength': MAX_TEXT,
    'pattern': rf'\A{_PRINTABLE}*\Z',
    'description': 'Expected text of 1 to 255 printable characters.'}
TEXT_OR_EMPTY: Schema = {
    'type': 'string', 'maxLength': MAX_TEXT,
    'pattern': rf'\A{_PRINTABLE}*\Z',
    'description': 'Expected text of at most 255 printable characters.'}
DESCRIPTION: Schema = {
    'type': ['string', 'null'], 'maxLength': MAX_TEXT,
    'pattern': rf'\A{_LINES}*\Z',
    'description': 'Expected null or text of at most 255 printable '
                   'characters.'}
UUID: Schema = {
    'type': 'string', 'pattern': rf'\A{_UUID}\Z',
    'description': 'Expected a UUID.'}
OBJECT_OR_NULL: Schema = {
    'type': ['object', 'null'],
    'description': 'Expected an object or null.'}
TEXT_OR_NULL: Schema = {
    'type': ['string', 'null'], 'maxLength': MAX_TEXT,
    'pattern': rf'\A{_PRINTABLE}*\Z',
    'description': 'Expected null or text of at most 255 printable '
                   'characters.'}
PARAMETERS: Schema = {
    'type': 'object',
    'description': 'Expected an object of objects, by resource type or by '
                   'resource type, # and id.',
    'additionalProperties': False,
    'patternProperties': {r'\A[a-zA-Z0-9\-_:.# ]{1,255}\Z': {
        'type': 'object',
        'description': 'Expected an object of parameters.',
        'additionalProperties': {
            'type': ['boolean', 'string', 'integer'],
            'description': 'Expected a boolean, a string or an integer.'}}}}
INTEGER: Schema = {'type': 'integer', 'description': 'Expected an integer.'}
COUNT: Schema = {'type': 'integer', 'minimum': 0,
                 'description': 'Expected an integer of 0 or more.'}
BOOLEAN: Schema = {'type': 'boolean', 'description': 'Expected a boolean.'}
FORCE: Schema = {
    'type': 'boolean',
    'description': 'Expected a boolean: whether to use a checkpoint that is '
                   'known to be damaged.'}

# Parts of answers. What is shown may have been written by another release or
# by a plugin, so text is just text.
STRING: Schema = {'type': 'string'}
STRING_OR_NULL: Schema = {'type': ['string', 'null']}
OBJECT: Schema = {'type': 'object'}
FRACTION: Schema = {'type': 'number', 'minimum': 0, 'maximum': 1}
# in UTC, like 2026-11-22T18:20:00.123456Z
_TIME = r'\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z\Z'
TIME: Schema = {'type': 'string', 'pattern': _TIME}
TIME_OR_NULL: Schema = {'type': ['string', 'null'], 'pattern': _TIME}
# as a clock on the wall shows it, like 2026-11-22T19:20:00+01:00
LOCAL_TIME: Schema = {
    'type': 'string',
    'pattern': r'\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d\Z'}


def array(items: Schema) -> Schema:
    """A list of such items."""
    return {'type': 'array', 'items': items}


def object_(properties: dict[str, Schema],
            optional: dict[str, Schema] | None = None) -> Schema:
    """An object with all of these properties and nothing unknown.

    :param optional: properties that may lack
    """
    return {'type': 'object', 'required': list(properties),
            'additionalProperties': False,
            'properties': {**properties, **(optional or {})}}


def answer(key: str, schema: Schema) -> Schema:
    """A body of one key."""
    return object_({key: schema})


def listing(collection: str, item: Schema) -> Schema:
    """A page of a list, with the link to the next if there may be one."""
    return object_({collection: array(item)}, {
        f'{collection}_links': array(object_(
            {'rel': {'enum': ['next']}, 'href': STRING}))})


def body(key: str, required: list[str], properties: dict[str, Schema],
         **more: Any) -> Schema:
    """A body of one key that holds an object with these properties."""
    return {
        'type': 'object', 'required': [key], 'additionalProperties': False,
        'properties': {key: {
            'type': 'object', 'required': required,
            'description': 'Expected an object.',
            'additionalProperties': False, 'properties': properties,
            **more}}}
