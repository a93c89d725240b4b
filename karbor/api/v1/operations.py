# SPDX-License-Identifier: Apache-2.0
"""``/operations``: what was asked for, as it is; from 1.1 on."""

from collections.abc import Mapping
from typing import Any

from karbor.actions import operations as actions
from karbor.actions import queue
from karbor.api import base
from karbor.api import pagination
from karbor.api.request import check_uuid
from karbor.api.request import Request
from karbor.api.schemas.method import V1_2
from karbor.api.views import operations as views
from karbor.model.operation import Operation
from karbor.model.queue import Waiting


class Operations:
    """What the protection service does, did or is to do."""

    @base.handler
    def index(self, request: Request, response: base.Response) -> Any:
        query = pagination.list_query(request)
        found = actions.list_(request.caller, query, rule='operation:list')
        waiting = _waiting(request, *found)
        return pagination.body(request, 'operations',
                               [views.show(one, request.version, waiting)
                                for one in found], query, found)

    @base.handler
    def show(self, request: Request, response: base.Response,
             operation_id: str) -> Any:
        check_uuid('operation', operation_id)
        found = actions.get(request.caller, operation_id,
                            rule='operation:get')
        return {'operation': views.detail(found, request.version,
                                          _waiting(request, found))}

    @base.handler
    def cancel(self, request: Request, response: base.Response,
               operation_id: str) -> Any:
        check_uuid('operation', operation_id)
        found = actions.cancel(request.caller, operation_id)
        return {'operation': views.show(found, request.version,
                                        _waiting(request, found))}


def _waiting(request: Request, *found: Operation) -> Mapping[str, Waiting]:
    return ({} if request.version < V1_2
            else queue.waiting(request.caller, found))
