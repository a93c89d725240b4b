# SPDX-License-Identifier: Apache-2.0
"""``/scheduled_operations``."""

from typing import Any

from karbor.actions import scheduled_operations as actions
from karbor.api import base
from karbor.api import pagination
from karbor.api.request import check_uuid
from karbor.api.request import Request
from karbor.api.schemas import scheduled_operations as schemas
from karbor.api.schemas.method import V1_1
from karbor.api.views import scheduled_operations as views


class ScheduledOperations:
    """What runs whenever a trigger fires."""

    @base.handler
    def index(self, request: Request, response: base.Response) -> Any:
        query = pagination.list_query(request)
        found = actions.list_(request.caller, query)
        return pagination.body(request, 'operations',
                               [views.show(operation, request.version)
                                for operation in found], query, found)

    @base.handler
    def show(self, request: Request, response: base.Response,
             operation_id: str) -> Any:
        check_uuid('operation', operation_id)
        return {'scheduled_operation': views.show(
            actions.get(request.caller, operation_id), request.version)}

    @base.handler
    def create(self, request: Request, response: base.Response) -> Any:
        wanted = request.wanted()
        operation = actions.create(
            request.caller, name=wanted.get('name'),
            description=wanted.get('description'),
            operation_type=wanted['operation_type'],
            trigger_id=wanted['trigger_id'],
            operation_definition=wanted['operation_definition'],
            **{name: wanted[name] for name
               in ('enabled', 'overlap', 'complete_within')
               if name in wanted},
            # at 1.0 a definition may hold anything beside
            strict=request.version >= V1_1,
            hidden=schemas.hidden(request.version))
        base.created(request, response, operation.id)
        return {'scheduled_operation': views.show(operation,
                                                  request.version)}

    @base.handler
    def update(self, request: Request, response: base.Response,
               operation_id: str) -> Any:
        check_uuid('operation', operation_id)
        operation = actions.update(request.caller, operation_id,
                                   request.wanted())
        return {'scheduled_operation': views.show(operation,
                                                  request.version)}

    @base.handler
    def adopt(self, request: Request, response: base.Response,
              operation_id: str) -> Any:
        check_uuid('operation', operation_id)
        return {'scheduled_operation': views.show(
            actions.adopt(request.caller, operation_id), request.version)}

    @base.handler
    def delete(self, request: Request, response: base.Response,
               operation_id: str) -> Any:
        check_uuid('operation', operation_id)
        actions.delete(request.caller, operation_id)
        return base.empty(response)
