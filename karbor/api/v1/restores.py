# SPDX-License-Identifier: Apache-2.0
"""``/restores``."""

from collections.abc import Mapping
from typing import Any

from karbor.actions import queue
from karbor.actions import restores as actions
from karbor.api import base
from karbor.api import pagination
from karbor.api.request import check_uuid
from karbor.api.request import Request
from karbor.api.schemas.method import V1_2
from karbor.api.views import operations as views
from karbor.model.operation import Operation


class Restores:
    """Checkpoints that are being or were brought back."""

    @base.handler
    def index(self, request: Request, response: base.Response) -> Any:
        query, status = pagination.query_and_status(request)
        found = actions.list_(request.caller, query, status=status,
                              most=views.most(request.version))
        undone = self._undone(request, found)
        return pagination.body(
            request, 'restores',
            [views.restore(one, request.version, undo=undone.get(one.id))
             for one in found], query, found)

    @base.handler
    def show(self, request: Request, response: base.Response,
             restore_id: str) -> Any:
        check_uuid('restore', restore_id)
        found = actions.get(request.caller, restore_id)
        return {'restore': views.restore(
            found, request.version, alone=True,
            undo=self._undone(request, [found]).get(found.id))}

    @base.handler
    def create(self, request: Request, response: base.Response) -> Any:
        made = actions.create(request.caller, **request.wanted())
        base.created(request, response, made.id)
        return {'restore': views.restore(made, request.version)}

    @base.handler
    def undo(self, request: Request, response: base.Response,
             restore_id: str) -> Any:
        check_uuid('restore', restore_id)
        made = actions.undo(request.caller, restore_id)
        project = request.path_info.split('/restores/', 1)[0]
        base.created(request, response, made.id, f'{project}/operations')
        return {'operation': views.show(
            made, request.version, queue.waiting(request.caller, [made]))}

    @staticmethod
    def _undone(request: Request, found: list[Operation],
                ) -> Mapping[str, tuple[str, str]]:
        # older versions do not show it
        return ({} if request.version < V1_2
                else actions.undone(request.caller, found))
