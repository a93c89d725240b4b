# SPDX-License-Identifier: Apache-2.0
"""``/scheduled_operations/{id}/retention``, ``/plans/{id}/retention``."""

from typing import Any

from karbor.actions import retention as actions
from karbor.api import base
from karbor.api.request import check_uuid
from karbor.api.request import Request
from karbor.api.views import retention as views


class Retention:
    """Which checkpoints are kept, and why; nothing is changed."""

    @base.handler
    def show(self, request: Request, response: base.Response,
             operation_id: str) -> Any:
        check_uuid('operation', operation_id)
        return {'retention': views.show(
            actions.simulate(request.caller, operation_id))}

    @base.handler
    def simulate(self, request: Request, response: base.Response,
                 plan_id: str) -> Any:
        check_uuid('plan', plan_id)
        wanted = request.wanted()
        provider_id = wanted.pop('provider_id', None)
        instead_of = wanted.pop('instead_of', None)
        return {'retention': views.simulated(actions.simulate_rule(
            request.caller, plan_id, wanted, provider_id=provider_id,
            instead_of=instead_of))}
