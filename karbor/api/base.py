# SPDX-License-Identifier: Apache-2.0
"""What every handler is made of.

A handler is a method ``(request, response, *ids of the path)``. It answers
the body as plain data, or what `empty` makes.
"""

import inspect
from typing import Any
import urllib.parse

from oslo_config import cfg
import pecan


def handler(function: Any) -> Any:
    """Make a method known to pecan."""
    # pecan asks with every request what arguments it takes
    function.__signature__ = inspect.signature(function)
    return pecan.expose(template='json')(function)


class Response(pecan.Response):
    """JSON unless something else is said."""

    default_content_type = 'application/json'


def empty(response: Response) -> Response:
    """An answer without a body; at 1.0 it is 200 where others say 204."""
    response.body = b''
    if response.status_int == 204:
        # what has no body has no type either
        response.content_type = None
    return response


def created(request: Any, response: Response, id_: str,
            path: str | None = None) -> None:
    """Say where that is what was made, or is being made.

    :param path: of its collection, by default that of the request
    """
    if response.status_int != 200:
        # what may stand at the end of a collection's URL is not within others
        path = urllib.parse.quote(path or request.path_info.removesuffix(
            '/').removesuffix('.json'))
        response.location = f'{base_url(request, request.conf)}{path}/{id_}'


def base_url(request: Any, conf: cfg.ConfigOpts) -> str:
    """Where the user reaches the API, without a slash at the end."""
    return str(conf.api.base_url or request.application_url).rstrip('/')
