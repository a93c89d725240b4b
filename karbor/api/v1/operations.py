# SPDX-License-Identifier: Apache-2.0
"""``/operations``: what was asked for, as it is; from 1.1 on."""

from typing import Any

from karbor.actions import operations as actions
from karbor.api import base
from karbor.api import pagination
from karbor.api.request import check_uuid
from karbor.api.request import Request
from karbor.api.views import operations as views


class Operations:
    """What the protection service does, did or is to do."""

    @base.handler
    def index(self, request: Request, response: base.Response) -> Any:
        query = pagination.list_query(request)
        found = actions.list_(request.caller, query, rule='operation:list')
        return pagination.body(request, 'operations',
                               [views.show(one) for one in found], query,
                               found)

    @base.handler
    def show(self, request: Request, response: base.Response,
             operation_id: str) -> Any:
        check_uuid('operation', operation_id)
        return {'operation': views.detail(actions.get(
            request.caller, operation_id, rule='operation:get'))}

    @base.handler
    def cancel(self, request: Request, response: base.Response,
               operation_id: str) -> Any:
        check_uuid('operation', operation_id)
        return {'operation': views.show(
            actions.cancel(request.caller, operation_id))}
