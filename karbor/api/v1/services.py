# SPDX-License-Identifier: Apache-2.0
"""``/os-services``."""

from typing import Any

from karbor import exception
from karbor.actions import services as actions
from karbor.api import base
from karbor.api import pagination
from karbor.api.request import Request
from karbor.api.views import services as views
from karbor.i18n import _

# what the column holds on every database
_MOST = 2 ** 31 - 1


class Services:
    """The daemons, as their heartbeats show them."""

    @base.handler
    def index(self, request: Request, response: base.Response) -> Any:
        filters = pagination.list_query(request).filters
        # the client names a filter that it does not use, with no value
        found = actions.list_(request.caller, filters.get('host') or None,
                              filters.get('binary') or None)
        return {'services': [views.show(service, request.version)
                             for service in found]}

    @base.handler
    def update(self, request: Request, response: base.Response,
               service_id: str) -> Any:
        wanted = request.wanted()
        service = actions.update(
            request.caller, _id(service_id), wanted['status'],
            wanted.get('disabled_reason'))
        return {'service': views.show(service, request.version)}


def _id(text: str) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise exception.Invalid(_('Invalid service id provided.'))
    number = int(text)
    if number > _MOST:
        raise exception.ServiceNotFound(id=text)
    return number
