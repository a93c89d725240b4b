# SPDX-License-Identifier: Apache-2.0
"""What can be scheduled, and what each type of operation needs to know."""

from collections.abc import Mapping
from dataclasses import dataclass
import json
import re
from typing import Any

import jsonschema

from karbor import exception
from karbor.i18n import _

MOST_BYTES = 65_536
# what a client's shell sends for a number
_DIGITS = re.compile(r'-1|[0-9]{1,10}', re.ASCII)


@dataclass(frozen=True)
class OperationType:
    """A type of scheduled operations.

    :ivar name: as users write it
    :ivar schema: JSON schema of each member of the definition beside
        ``provider_id`` and ``plan_id``, which all types have
    """

    name: str
    schema: Mapping[str, Mapping[str, Any]]


def _number(what: str, most: int) -> dict[str, Any]:
    return {'type': 'integer', 'minimum': -1, 'maximum': most,
            'not': {'const': 0},
            'description': f'expected {what}: 1 to {most}, or -1 for all'}


TYPES = {type_.name: type_ for type_ in (
    OperationType('protect', {}),
    OperationType('retention_protect', {
        'max_backups': _number('how many checkpoints to keep', 2 ** 31 - 1),
        'retention_duration': _number('how many days to keep a checkpoint',
                                      36_500)}))}


def check(name: str, definition: Mapping[str, Any], *,
          strict: bool) -> dict[str, Any]:
    """A definition as it is stored: numbers that came as text are numbers.

    :param strict: refuse members that the type does not know; else they are
        stored and mean nothing
    :raises exception.Invalid: names the member and what was expected
    """
    if name not in TYPES:
        raise exception.Invalid(
            field='operation_type',
            reason=_('expected one of %(known)s, not %(name)s')
            % {'known': ', '.join(TYPES), 'name': name})
    schema = TYPES[name].schema
    result = dict(definition)
    for key, value in definition.items():
        if key in schema:
            result[key] = _checked(key, value, schema[key])
        elif strict and key not in ('provider_id', 'plan_id'):
            raise _invalid(key, _('%(type)s does not know it; it knows '
                                  '%(known)s') % {
                'type': name, 'known': ', '.join(
                    ('provider_id', 'plan_id', *schema))})
    if len(json.dumps(result)) > MOST_BYTES:
        raise exception.Invalid(
            field='operation_definition',
            reason=_('it is longer than %d bytes') % MOST_BYTES)
    return result


def _checked(key: str, value: Any, schema: Mapping[str, Any]) -> Any:
    if (schema['type'] == 'integer' and isinstance(value, str)
            and _DIGITS.fullmatch(value)):
        value = int(value)
    if not jsonschema.Draft202012Validator(schema).is_valid(value):
        raise _invalid(key, schema['description'])
    return value


def _invalid(key: str, reason: str) -> exception.Invalid:
    return exception.Invalid(field=f'operation_definition.{key[:100]}',
                             reason=reason)
