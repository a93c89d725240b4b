# SPDX-License-Identifier: Apache-2.0
"""``/verifications``."""

import dataclasses
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
        query = pagination.list_query(request)
        filters = dict(query.filters)
        # a word of the contract, not of the column
        filters.pop('status', None)
        found = actions.list_(request.caller,
                              dataclasses.replace(query, filters=filters),
                              status=request.query.get('status'),
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
