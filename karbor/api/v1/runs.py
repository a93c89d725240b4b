# SPDX-License-Identifier: Apache-2.0
"""``/scheduled_operations/{scheduled_operation_id}/runs``."""

import dataclasses
from typing import Any

from karbor.actions import runs as actions
from karbor.api import base
from karbor.api import pagination
from karbor.api.request import check_uuid
from karbor.api.request import Request
from karbor.api.views import runs as views


class Runs:
    """What has come of each time at which an operation was to run."""

    @base.handler
    def index(self, request: Request, response: base.Response,
              operation_id: str) -> Any:
        check_uuid('operation', operation_id)
        query = pagination.list_query(request)
        if 'late' in query.filters:
            query = dataclasses.replace(query, filters={
                **query.filters, 'late': query.filters['late'] == 'true'})
        found = actions.list_(request.caller, operation_id, query)
        return pagination.body(request, 'runs',
                               [views.show(run) for run in found], query,
                               found)

    @base.handler
    def show(self, request: Request, response: base.Response,
             operation_id: str, run_id: str) -> Any:
        check_uuid('operation', operation_id)
        check_uuid('run', run_id)
        return {'run': views.show(
            actions.get(request.caller, operation_id, run_id))}

    @base.handler
    def create(self, request: Request, response: base.Response,
               operation_id: str) -> Any:
        check_uuid('operation', operation_id)
        run = actions.create(request.caller, operation_id)
        base.created(request, response, run.id, path=(
            f'/v1/{request.caller.project_id}/scheduled_operations/'
            f'{operation_id}/runs'))
        return {'run': views.show(run)}
