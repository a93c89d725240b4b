# SPDX-License-Identifier: Apache-2.0
"""Holding bodies against their schemas."""

from collections.abc import Iterable, Mapping
import functools
import json
import re
from typing import Any

import jsonschema

from karbor import exception
from karbor.api import predicate
from karbor.api.schemas import method
from karbor.api.schemas import types
from karbor.i18n import _

# so much of a value is shown to who sent it
_SHOWN = 100
# what lies below these keys is shown to nobody, also if it is wrong
_SECRETS = frozenset({'restore_auth'})
_HIDDEN = '***'
_DIGITS = re.compile('[0-9]{1,18}', re.ASCII)


class Body:
    """A kind of body; compiled once.

    :ivar key: the one key of the body, which holds the rest, if it has one
    """

    def __init__(self, schema: types.Schema) -> None:
        self.schema = schema
        keys = list(schema['properties'])
        self.key: str | None = keys[0] if len(keys) == 1 else None

    @functools.cached_property
    def _validator(self) -> Any:
        return jsonschema.Draft202012Validator(self.schema)

    @functools.cached_property
    def _is_right(self) -> predicate.Predicate:
        return predicate.build(self.schema)

    def read(self, document: dict[str, Any]) -> dict[str, Any]:
        """What the body holds, below its one key if it has one.

        :raises exception.Invalid: names the field and what was expected
        """
        if not self._is_right(document):
            # The first error will do. Which of many is the best one is a
            # costly question, and a list of 10,000 resources can have as
            # many.
            raise exception.Invalid(_message(
                next(self._validator.iter_errors(document))))
        content: dict[str, Any] = (document if self.key is None
                                   else document[self.key])
        return content


@functools.cache
def body_of(form: method.Form) -> Body:
    """The kind of body that a form takes."""
    if form.body is None:
        raise ValueError('this form takes no body')
    return Body(form.body)


@functools.cache
def _checks_of(query: method.Query) -> dict[str, predicate.Predicate]:
    return {name: _of_text(schema)
            for name, schema in query.parameters()
            # `pagination` reads them and says what is wrong about them
            if name not in method.PAGE and not name.startswith('sort')}


def _of_text(schema: types.Schema) -> predicate.Predicate:
    """Whether a text, as all parameters of a URL are, is of a schema."""
    check = predicate.build(schema)
    if schema.get('type') != 'integer':
        return check
    return lambda text: bool(_DIGITS.fullmatch(text)) and check(int(text))


def check_query(form: method.Form, values: Mapping[str, str]) -> None:
    """Refuse parameters of the URL that are unknown or have wrong values.

    :raises exception.Invalid: names the parameter and what was expected
    """
    query = form.query
    names = [] if query is None else [
        name for name, _schema in query.parameters()]
    unknown = sorted(set(values) - set(names))
    if unknown:
        raise exception.Invalid(field=_shorten(unknown[0]), reason=_(
            'no such parameter; expected any of: %s')
            % (', '.join(names) or _('none')))
    if query is None:
        return
    checks = _checks_of(query)
    schemas = dict(query.parameters())
    for name in checks.keys() & values.keys():
        if not checks[name](values[name]):
            raise exception.Invalid(field=name, reason=_(
                '%(expected)s It is %(value)s.')
                % {'expected': _expected(schemas[name]),
                   'value': _shorten(values[name])})


def _expected(schema: types.Schema) -> str:
    if 'enum' in schema:
        return _('Expected one of %s.') % ', '.join(schema['enum'])
    return str(schema.get('description', ''))


@functools.cache
def _answers_of(form: method.Form) -> Any:
    return jsonschema.Draft202012Validator(form.answer)


def check_answer(form: method.Form, text: str) -> str | None:
    """What is wrong about an answer, or None.

    :param text: the whole body
    """
    if form.answer is None:
        return f'a body: {_shorten(text)}' if text else None
    for problem in _answers_of(form).iter_errors(json.loads(text)):
        return f'{_dotted(problem.absolute_path)}: {problem.message}'
    return None


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
    value = (_value(problem.instance)
             if _SECRETS.isdisjoint(problem.absolute_path) else _HIDDEN)
    return _('Invalid input for field/attribute %(path)s. Value: %(value)s. '
             '%(reason)s') % {'path': path, 'value': value, 'reason': reason}


def _dotted(path: Iterable[str | int]) -> str:
    text = ''
    for part in path:
        text += f'[{part}]' if isinstance(part, int) else f'.{part}'
    return text.lstrip('.')


def _value(value: Any) -> str:
    if isinstance(value, str):
        return _shorten(value)
    return _shorten(json.dumps(_without_secrets(value)))


def _without_secrets(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _HIDDEN if key in _SECRETS else _without_secrets(one)
                for key, one in value.items()}
    if isinstance(value, list):
        return [_without_secrets(one) for one in value]
    return value


def _shorten(text: str) -> str:
    return text if len(text) <= _SHOWN else text[:_SHOWN] + '...'
