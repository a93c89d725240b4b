# SPDX-License-Identifier: Apache-2.0
"""The operation types that are installed, and what each needs to know."""

from collections.abc import Collection, Mapping
import datetime
import functools
import json
import re
from typing import Any

import jsonschema

from karbor import exception
from karbor import extensions
from karbor import plugin
from karbor.i18n import _

MOST_BYTES = 65_536
# members of all definitions
COMMON = ('provider_id', 'plan_id')
# what a client's shell sends for a number
_DIGITS = re.compile(r'-1|[0-9]{1,10}', re.ASCII)

INSTALLED: extensions.Installed[plugin.OperationType] = extensions.Installed(
    extensions.OPERATION_TYPES, 'operation_type')
# What the type of a scheduled operation can be. Rows may tell of one that is
# not there: a newer release or a plugin that was removed has made them.
names = INSTALLED.names
get = INSTALLED.get


def check(name: str, definition: Mapping[str, Any], *, strict: bool = True,
          hidden: Collection[str] = (),
          field: str = 'operation_definition') -> dict[str, Any]:
    """A definition as it is stored: numbers that came as text are numbers.

    :param strict: refuse members that the type does not know; else they are
        stored and mean nothing
    :param hidden: what who asks does not know of, as ``TYPE`` or
        ``TYPE.MEMBER``. It is refused even if not strict, for it would mean
        something.
    :param field: where the definition stands
    :raises exception.Invalid: names the member and what was expected
    """
    type_ = get(name, hidden)
    known = [member for member in type_.members
             if f'{name}.{member}' not in hidden]
    result = dict(definition)
    for key, value in definition.items():
        if key in known:
            result[key] = _checked(type_, key, value, field)
        elif key not in COMMON and (strict or key in type_.members):
            raise _invalid(field, key, _('%(type)s does not know it; it knows '
                                         '%(known)s') % {
                'type': name, 'known': ', '.join((*COMMON, *known))})
    if len(json.dumps(result)) > MOST_BYTES:
        raise exception.Invalid(
            field=field, reason=_('it is longer than %d bytes') % MOST_BYTES)
    try:
        type_.check(result)
    except exception.Invalid as error:
        if 'reason' not in error.facts:
            raise
        raise _invalid(field, str(error.facts.get('field', '')),
                       error.facts['reason']) from error
    return result


def retention(name: str, definition: Mapping[str, Any], *,
              zone: datetime.tzinfo = datetime.UTC,
              ) -> plugin.Retention | None:
    """Which of the plan's checkpoints an operation keeps.

    :return: None: it has no rule, and leaves that to other operations

    :param definition: as it is stored
    :param zone: by whose clock on the wall periods begin, unless the
        definition names another
    :raises exception.Invalid: the type is not there, or does not take what
        another release has stored; so nothing may be removed
    """
    return get(name).retention(check(name, definition, strict=False),
                               zone=zone)


@functools.cache
def _validator(type_: plugin.OperationType, key: str) -> Any:
    return jsonschema.Draft202012Validator(type_.members[key])


def _checked(type_: plugin.OperationType, key: str, value: Any,
             field: str) -> Any:
    schema = type_.members[key]
    if (schema.get('type') == 'integer' and isinstance(value, str)
            and _DIGITS.fullmatch(value)):
        value = int(value)
    if not _validator(type_, key).is_valid(value):
        raise _invalid(field, key, schema['description'])
    return _whole(value)


def _whole(value: Any) -> Any:
    """The same, where 3 stands for 3.0, as to JSON both are one number."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: _whole(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_whole(one) for one in value]
    return value


def _invalid(field: str, key: str, reason: str) -> exception.Invalid:
    return exception.Invalid(field=f'{field}.{key[:100]}', reason=reason)
