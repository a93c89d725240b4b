# SPDX-License-Identifier: Apache-2.0
"""``/quotas``."""

from typing import Any

from karbor.actions import quotas as actions
from karbor.api import base
from karbor.api.request import check_uuid
from karbor.api.request import Request
from karbor.api.views import quotas as views
from karbor.model import quota


class Quotas:
    """How much a project may have, and what it has."""

    @base.handler
    def show(self, request: Request, response: base.Response,
             project_id: str) -> Any:
        _check_project(request, project_id)
        return {'quota': views.show(
            actions.get(request.caller, project_id), project_id)}

    @base.handler
    def detail(self, request: Request, response: base.Response,
               project_id: str) -> Any:
        _check_project(request, project_id)
        return {'quota': views.usage(
            actions.usage(request.caller, project_id), project_id)}

    @base.handler
    def defaults(self, request: Request, response: base.Response,
                 project_id: str) -> Any:
        _check_project(request, project_id)
        return {'quota': views.show(
            actions.defaults(request.caller, project_id), project_id)}

    @base.handler
    def update(self, request: Request, response: base.Response,
               project_id: str) -> Any:
        _check_project(request, project_id)
        return {'quota': views.show(actions.update(
            request.caller, project_id, limits(request)))}

    @base.handler
    def delete(self, request: Request, response: base.Response,
               project_id: str) -> Any:
        _check_project(request, project_id)
        actions.delete(request.caller, project_id)
        return base.empty(response)


def limits(request: Request) -> dict[str, int]:
    """The limits of a body; at 1.0 there may be more in it."""
    wanted = request.wanted()
    return {resource: int(wanted[resource])
            for resource in quota.RESOURCES if resource in wanted}


def _check_project(request: Request, project_id: str) -> None:
    # without Keystone the caller's own may be any text
    if project_id != request.caller.project_id:
        check_uuid('project', project_id)
