# SPDX-License-Identifier: Apache-2.0
"""``/verifications``."""

from typing import Any

from karbor.actions import verifications as actions
from karbor.api import base
from karbor.api import pagination
from karbor.api.request import check_uuid
from karbor.api.request import Request
from karbor.api.views import operations as views


class Verifications:
    """Checkpoints that are being or were proved."""

    @base.handler
    def index(self, request: Request, response: base.Response) -> Any:
        query, status = pagination.query_and_status(request)
        found = actions.list_(request.caller, query, status=status,
                              most=views.most(request.version))
        return pagination.body(
            request, 'verifications',
            [views.verification(one, request.version) for one in found],
            query, found)

    @base.handler
    def show(self, request: Request, response: base.Response,
             verification_id: str) -> Any:
        check_uuid('verification', verification_id)
        return {'verification': views.verification(
            actions.get(request.caller, verification_id), request.version,
            alone=True)}

    @base.handler
    def create(self, request: Request, response: base.Response) -> Any:
        operation = actions.create(request.caller, **{
            'parameters': {}, **request.wanted()})
        base.created(request, response, operation.id)
        return {'verification': views.verification(operation,
                                                   request.version)}
