# SPDX-License-Identifier: Apache-2.0
"""Types that the bodies of requests are made of.

``description`` says what was expected; `validation` shows it to the user.
"""

from typing import Any

Schema = dict[str, Any]

MAX_TEXT = 255
# what `karbor.api.request.CONTROL` refuses elsewhere
_PRINTABLE = '[^\x00-\x1f\x7f-\x9f\ud800-\udfff]'
_LINES = '[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]'
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
