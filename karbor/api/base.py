# SPDX-License-Identifier: Apache-2.0
"""What every handler is made of.

A handler is a method ``(request, response, *ids of the path)``. It answers
the body as plain data, or what `empty` makes.
"""

from typing import Any

import pecan

handler: Any = pecan.expose(template='json')


class Response(pecan.Response):
    """JSON unless something else is said."""

    default_content_type = 'application/json'


def empty(response: Response) -> Response:
    """The answer 200 without a body, as v1 has it where others say 204."""
    response.body = b''
    return response
