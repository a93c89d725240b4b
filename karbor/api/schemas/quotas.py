# SPDX-License-Identifier: Apache-2.0
"""Methods of quotas, and what quota classes have of them."""

from karbor.api.schemas import types
from karbor.api.schemas.method import Form
from karbor.api.schemas.method import Method
from karbor.api.schemas.method import V1_1
from karbor.model import quota

_EXPECTED = f'Expected an integer from -1, which is no limit, to {quota.MOST}.'
_INTEGER: types.Schema = {
    'type': 'integer', 'minimum': quota.UNLIMITED, 'maximum': quota.MOST,
    'description': _EXPECTED}
# with its digits in a text, too; `actions.quotas` knows how large it may be
_INTEGER_OR_TEXT: types.Schema = {
    **_INTEGER, 'type': ['integer', 'string'],
    'pattern': r'\A(-1|[0-9]{1,10})\Z'}
_ANYTHING: types.Schema = {
    'type': ['boolean', 'string', 'integer'],
    'description': 'Expected a boolean, a string or an integer.'}


def limits(key: str) -> types.Schema:
    """A body that changes limits; what is not known is left out."""
    return types.body(
        key, [], dict.fromkeys(quota.RESOURCES, _INTEGER_OR_TEXT),
        additionalProperties=_ANYTHING)


def limits_1_1(key: str) -> types.Schema:
    """A body that changes limits, and all that it may name."""
    return types.body(key, [], dict.fromkeys(quota.RESOURCES, _INTEGER),
                      minProperties=1)


def shown(key: str, value: types.Schema = types.INTEGER,
          **more: types.Schema) -> types.Schema:
    """A body that shows something of each resource."""
    return types.answer(key, types.object_(
        {**dict.fromkeys(quota.RESOURCES, value), **more}))


_SHOWN = shown('quota', id=types.STRING)
_USAGE = types.object_({'limit': types.INTEGER, 'in_use': types.COUNT,
                        'reserved': types.COUNT})

SHOW = Method("Show a project's limits.", 'quota:get', (
    Form(answer=_SHOWN),))
DETAIL = Method("Show a project's limits and what it has.", 'quota:get', (
    Form(answer=shown('quota', _USAGE, id=types.STRING)),))
DEFAULTS = Method(
    'Show the limits of projects without limits of their own.',
    'quota:get_default', (Form(answer=_SHOWN),))

_update = Form(body=limits('quota'), answer=shown('quota'))
UPDATE = Method('Give a project limits of its own.', 'quota:update', (
    _update, _update.at(V1_1, body=limits_1_1('quota'))))

DELETE = Method('Take its own limits from a project.', 'quota:delete', (
    Form(), Form(since=V1_1, status=204)))
