# SPDX-License-Identifier: Apache-2.0
"""``/plans``."""

from typing import Any

from karbor.actions import plans as actions
from karbor.api import base
from karbor.api import pagination
from karbor.api import validation
from karbor.api.request import check_uuid
from karbor.api.request import Request
from karbor.api.schemas import plans as schemas
from karbor.api.views import plans as views
from karbor.model.resource import Resource

CREATE = validation.Body(schemas.CREATE)
UPDATE = validation.Body(schemas.UPDATE)
SORT_KEYS = (*pagination.SORT_KEYS, 'name', 'provider_id')


class Plans:
    """Which resources are protected together."""

    @base.handler
    def index(self, request: Request, response: base.Response) -> Any:
        query = pagination.list_query(
            request, filters=('name', 'status', 'description'),
            admin_filters=('project_id', 'provider_id', 'id'),
            sort_keys=SORT_KEYS)
        plans = actions.list_(request.caller, query)
        return pagination.body(request, 'plans',
                               [views.show(plan) for plan in plans], query)

    @base.handler
    def show(self, request: Request, response: base.Response,
             plan_id: str) -> Any:
        check_uuid('plan', plan_id)
        return {'plan': views.show(actions.get(request.caller, plan_id))}

    @base.handler
    def create(self, request: Request, response: base.Response) -> Any:
        wanted = CREATE.read(request.document())
        plan = actions.create(
            request.caller, name=wanted['name'],
            description=wanted.get('description'),
            provider_id=wanted['provider_id'],
            resources=_resources(wanted['resources']),
            parameters=wanted['parameters'])
        return {'plan': views.show(plan)}

    @base.handler
    def update(self, request: Request, response: base.Response,
               plan_id: str) -> Any:
        check_uuid('plan', plan_id)
        changes = UPDATE.read(request.document())
        if 'resources' in changes:
            changes['resources'] = _resources(changes['resources'])
        plan = actions.update(request.caller, plan_id, changes)
        return {'plan': views.show(plan)}

    @base.handler
    def delete(self, request: Request, response: base.Response,
               plan_id: str) -> Any:
        check_uuid('plan', plan_id)
        actions.delete(request.caller, plan_id)
        return base.empty(response)


def _resources(wanted: list[dict[str, Any]]) -> tuple[Resource, ...]:
    return tuple(Resource.from_dict(resource) for resource in wanted)
