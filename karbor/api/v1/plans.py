# SPDX-License-Identifier: Apache-2.0
"""``/plans``."""

from typing import Any

from karbor.actions import plans as actions
from karbor.api import base
from karbor.api import pagination
from karbor.api.request import check_uuid
from karbor.api.request import Request
from karbor.api.schemas.method import V1_1
from karbor.api.views import plans as views
from karbor.model.resource import Resource


class Plans:
    """Which resources are protected together."""

    @base.handler
    def index(self, request: Request, response: base.Response) -> Any:
        query = pagination.list_query(request)
        plans = actions.list_(request.caller, query)
        return pagination.body(
            request, 'plans',
            [views.show(plan, request.version) for plan in plans], query,
            plans)

    @base.handler
    def show(self, request: Request, response: base.Response,
             plan_id: str) -> Any:
        check_uuid('plan', plan_id)
        return {'plan': views.show(
            actions.get(request.caller, plan_id), request.version)}

    @base.handler
    def create(self, request: Request, response: base.Response) -> Any:
        wanted = request.wanted()
        plan = actions.create(
            request.caller, name=wanted['name'],
            description=wanted.get('description'),
            provider_id=wanted['provider_id'],
            resources=_resources(wanted['resources']),
            parameters=wanted['parameters'],
            missing_resources=wanted.get('missing_resources', 'error'))
        base.created(request, response, plan.id)
        return {'plan': views.show(plan, request.version)}

    @base.handler
    def update(self, request: Request, response: base.Response,
               plan_id: str) -> Any:
        check_uuid('plan', plan_id)
        changes = request.wanted()
        if 'resources' in changes:
            changes['resources'] = _resources(changes['resources'])
        plan = actions.update(request.caller, plan_id, changes)
        return {'plan': views.show(plan, request.version)}

    @base.handler
    def start(self, request: Request, response: base.Response,
              plan_id: str) -> Any:
        return self._become('started', request, plan_id)

    @base.handler
    def suspend(self, request: Request, response: base.Response,
                plan_id: str) -> Any:
        return self._become('suspended', request, plan_id)

    def _become(self, status: str, request: Request, plan_id: str) -> Any:
        check_uuid('plan', plan_id)
        plan = actions.update(request.caller, plan_id, {'status': status})
        return {'plan': views.show(plan, request.version)}

    @base.handler
    def delete(self, request: Request, response: base.Response,
               plan_id: str) -> Any:
        check_uuid('plan', plan_id)
        # at 1.0 nothing keeps a plan from being deleted
        actions.delete(request.caller, plan_id, used=request.version < V1_1)
        return base.empty(response)


def _resources(wanted: list[dict[str, Any]]) -> tuple[Resource, ...]:
    return tuple(Resource.from_dict(resource) for resource in wanted)
