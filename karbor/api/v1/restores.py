# SPDX-License-Identifier: Apache-2.0
"""``/restores``."""

from typing import Any

from karbor.actions import restores as actions
from karbor.api import base
from karbor.api import pagination
from karbor.api.request import check_uuid
from karbor.api.request import Request
from karbor.api.views import operations as views


class Restores:
    """Checkpoints that are being or were brought back."""

    @base.handler
    def index(self, request: Request, response: base.Response) -> Any:
        query, status = pagination.query_and_status(request)
        found = actions.list_(request.caller, query, status=status,
                              most=views.most(request.version))
        return pagination.body(
            request, 'restores', [views.restore(one, request.version)
                                  for one in found], query, found)

    @base.handler
    def show(self, request: Request, response: base.Response,
             restore_id: str) -> Any:
        check_uuid('restore', restore_id)
        return {'restore': views.restore(
            actions.get(request.caller, restore_id), request.version,
            alone=True)}

    @base.handler
    def create(self, request: Request, response: base.Response) -> Any:
        made = actions.create(request.caller, **request.wanted())
        base.created(request, response, made.id)
        return {'restore': views.restore(made, request.version)}
