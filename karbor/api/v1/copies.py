# SPDX-License-Identifier: Apache-2.0
"""``/providers/{provider_id}/checkpoints/action``."""

from typing import Any

from karbor.actions import copies as actions
from karbor.api import base
from karbor.api.request import check_uuid
from karbor.api.request import Request
from karbor.api.views import operations as views


class Copies:
    """Checkpoints that are made of others."""

    @base.handler
    def create(self, request: Request, response: base.Response,
               provider_id: str) -> Any:
        check_uuid('provider', provider_id)
        wanted = request.wanted()
        operation = actions.create(
            request.caller, provider_id, plan_id=wanted.get('plan_id'),
            checkpoint_id=wanted.get('checkpoint_id'),
            target_id=wanted.get('provider_id'),
            parameters=wanted.get('parameters', {}),
            force=wanted.get('force', False))
        base.created(request, response, operation.checkpoint_id, path=(
            f'/v1/{request.caller.project_id}/providers/'
            f'{operation.provider_id}/checkpoints'))
        return {'copy': views.copy(operation, request.version)}
