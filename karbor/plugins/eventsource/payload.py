# SPDX-License-Identifier: Apache-2.0
"""What is asked of the payload of an event."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

MOST = 32
_SCALAR = ['string', 'number', 'boolean', 'null']
SCHEMA: Mapping[str, Any] = {
    'type': 'object', 'maxProperties': MOST,
    'propertyNames': {'pattern': r'\A[^\x00-\x1f\x7f-\x9f]{1,255}\Z'},
    'additionalProperties': {
        'type': [*_SCALAR, 'array'], 'maxLength': 1024, 'minItems': 1,
        'maxItems': MOST,
        'items': {'type': _SCALAR, 'maxLength': 1024}},
    'description': f'expected an object of at most {MOST} paths like '
                   'instance.host, each with the value that an event has '
                   f'there, or a list of at most {MOST} such values'}


def fits(wanted: Mapping[str, Any], payload: Mapping[str, Any]) -> bool:
    """Whether a payload has one of the wanted values at each path."""
    return all(
        any(_is(found, value) for found in _at(payload, path.split('.'))
            for value in (values if isinstance(values, list) else [values]))
        for path, values in wanted.items())


def _at(value: Any, parts: Sequence[str]) -> Iterator[Any]:
    """What stands at a path; keys may have dots themselves.

    As the paths to two nodes differ, no node is met twice.
    """
    if not parts:
        yield value
    elif isinstance(value, Mapping):
        for end in range(1, len(parts) + 1):
            key = '.'.join(parts[:end])
            if key in value:
                yield from _at(value[key], parts[end:])


def _is(found: Any, value: Any) -> bool:
    # true is not 1 in JSON
    return (isinstance(found, bool) == isinstance(value, bool)
            and bool(found == value))
