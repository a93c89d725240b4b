# SPDX-License-Identifier: Apache-2.0
"""``/providers``."""

from typing import Any

from karbor.actions import providers as actions
from karbor.api import base
from karbor.api import pagination
from karbor.api.request import check_uuid
from karbor.api.request import Request
from karbor.api.views import providers as views


class Providers:
    """A bank with the plugins that protect into it."""

    @base.handler
    def index(self, request: Request, response: base.Response) -> Any:
        query = pagination.list_query(request)
        found = pagination.page([
            provider for provider in actions.list_(request.caller)
            if all(provider[key] == value
                   for key, value in query.filters.items())], query)
        return pagination.body(
            request, 'providers', [views.show(one) for one in found], query,
            found)

    @base.handler
    def show(self, request: Request, response: base.Response,
             provider_id: str) -> Any:
        check_uuid('provider', provider_id)
        return {'provider': views.show(
            actions.get(request.caller, provider_id))}
