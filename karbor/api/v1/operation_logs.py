# SPDX-License-Identifier: Apache-2.0
"""``/operation_logs``: what was asked for, and how far it is."""

import dataclasses
from typing import Any

from karbor.actions import operations as actions
from karbor.api import base
from karbor.api import pagination
from karbor.api.request import check_uuid
from karbor.api.request import Request
from karbor.api.views import operations as views


class OperationLogs:
    """Operations of the protection service."""

    @base.handler
    def index(self, request: Request, response: base.Response) -> Any:
        query, status = pagination.query_and_status(request)
        # other words of the contract are only names of columns
        filters = dict(query.filters)
        type_ = None
        if 'operation_type' in filters:
            filters['type'] = filters.pop('operation_type')
        if 'restore_id' in filters:
            filters['id'] = filters.pop('restore_id')
            type_ = 'restore'
        found = actions.list_(request.caller,
                              dataclasses.replace(query, filters=filters),
                              status=status, type_=type_,
                              most=views.most(request.version))
        return pagination.body(
            request, 'operation_logs',
            [views.log(one, request.version) for one in found], query, found)

    @base.handler
    def show(self, request: Request, response: base.Response,
             operation_log_id: str) -> Any:
        check_uuid('operation_log', operation_log_id)
        return {'operation_log': views.log(
            actions.get(request.caller, operation_log_id), request.version,
            alone=True)}
