# SPDX-License-Identifier: Apache-2.0
"""``/protectables``: types, and the instances of a type."""

import ast
from collections.abc import Mapping
import json
from typing import Any

from karbor import exception
from karbor.actions import protectables as actions
from karbor.api import base
from karbor.api import pagination
from karbor.api.request import CONTROL
from karbor.api.request import MAX_INTEGER
from karbor.api.request import Request
from karbor.api.views import protectables as views
from karbor.i18n import _

# more than any plugin's parameters need; the parser sees no more
_MAX_PARAMETERS = 4096


class Protectables:
    """Types of resources that can be protected."""

    @base.handler
    def index(self, request: Request, response: base.Response) -> Any:
        # a list of names, by the singular: so the contract has it
        return {'protectable_type': actions.types(request.caller)}

    @base.handler
    def show(self, request: Request, response: base.Response,
             type_: str) -> Any:
        return {'protectable_type': views.show(
            actions.get(request.caller, type_))}


class Instances:
    """Resources of a type that the project has."""

    @base.handler
    def index(self, request: Request, response: base.Response,
              type_: str) -> Any:
        query = pagination.list_query(request)
        found = pagination.page(
            actions.instances(request.caller, type_,
                              _parameters(request.query)), query)
        return pagination.body(
            request, 'instances', [views.instance(one) for one in found],
            query, found)

    @base.handler
    def show(self, request: Request, response: base.Response,
             type_: str, instance_id: str) -> Any:
        return {'instance': views.instance(actions.instance(
            request.caller, type_, instance_id, _parameters(request.query)))}


def _parameters(query: Mapping[str, str]) -> dict[str, Any]:
    """Parameters for the plugin: an object of JSON, or a dict of Python.

    The latter is what the client library sends.
    """
    text = query.get('parameters')
    if not text:
        return {}
    if len(text) > _MAX_PARAMETERS:
        raise _invalid()
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        try:
            # literals only: nothing is evaluated
            value = ast.literal_eval(text)
        except (ValueError, SyntaxError, TypeError, RecursionError,
                MemoryError) as error:
            raise _invalid() from error
    if not isinstance(value, dict):
        raise _invalid()
    for key, item in value.items():
        if (not isinstance(key, str)
                or not isinstance(item, str | int | bool | None)
                # they may have come as escapes
                or CONTROL.search(key)
                or isinstance(item, str) and CONTROL.search(item)
                or isinstance(item, int) and abs(item) > MAX_INTEGER):
            raise _invalid()
    return value


def _invalid() -> exception.Invalid:
    return exception.Invalid(field='parameters', reason=_(
        "expected an object of texts, integers and booleans of at most %d "
        "characters, for example {'region_name': 'R2'}") % _MAX_PARAMETERS)
