# SPDX-License-Identifier: Apache-2.0
"""Holding bodies against their schemas."""

from collections.abc import Iterable
import functools
import json
from typing import Any

import jsonschema

from karbor import exception
from karbor.api import predicate
from karbor.api.schemas import types
from karbor.i18n import _

# so much of a value is shown to who sent it
_SHOWN = 100


class Body:
    """A kind of body; compiled once.

    :ivar key: the one key of the body, which holds the rest
    """

    def __init__(self, schema: types.Schema) -> None:
        self.schema = schema
        self.key: str = schema['required'][0]

    @functools.cached_property
    def _validator(self) -> Any:
        return jsonschema.Draft202012Validator(self.schema)

    @functools.cached_property
    def _is_right(self) -> predicate.Predicate:
        return predicate.build(self.schema)

    def read(self, document: dict[str, Any]) -> dict[str, Any]:
        """What the body holds under its key.

        :raises exception.Invalid: names the field and what was expected
        """
        if not self._is_right(document):
            # The first error will do. Which of many is the best one is a
            # costly question, and a list of 10,000 resources can have as
            # many.
            raise exception.Invalid(_message(
                next(self._validator.iter_errors(document))))
        content: dict[str, Any] = document[self.key]
        return content


def _message(problem: Any) -> str:
    path = _dotted(problem.absolute_path)
    reason = problem.message
    # Where a key is missing or unknown, the sentence of jsonschema names it,
    # and without the value, which may be long.
    if problem.validator not in ('required', 'additionalProperties'):
        reason = problem.schema.get('description') or _shorten(reason)
        if problem.validator == 'minProperties':
            reason = _('Expected at least one of %s.') % ', '.join(
                problem.schema['properties'])
    elif problem.validator == 'additionalProperties':
        # the patterns that a key may have are not for everybody to read
        reason = (problem.schema['description']
                  if 'patternProperties' in problem.schema
                  else _shorten(reason))
    if not path:
        return _('Invalid request body: %s') % reason
    return _('Invalid input for field/attribute %(path)s. Value: %(value)s. '
             '%(reason)s') % {'path': path, 'value': _value(problem.instance),
                              'reason': reason}


def _dotted(path: Iterable[str | int]) -> str:
    text = ''
    for part in path:
        text += f'[{part}]' if isinstance(part, int) else f'.{part}'
    return text.lstrip('.')


def _value(value: Any) -> str:
    if isinstance(value, str):
        return _shorten(value)
    return _shorten(json.dumps(value))


def _shorten(text: str) -> str:
    return text if len(text) <= _SHOWN else text[:_SHOWN] + '...'
