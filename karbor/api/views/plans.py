# SPDX-License-Identifier: Apache-2.0
"""How a plan is shown."""

from typing import Any

from microversion_parse import Version

from karbor.api.schemas.method import V1_1
from karbor.api.schemas.method import V1_2
from karbor.api.views import times
from karbor.model.plan import Plan
from karbor.model.resource import Resource


def show(plan: Plan, version: Version) -> dict[str, Any]:
    """One plan, in lists too."""
    shown = {'id': plan.id, 'name': plan.name,
            'description': plan.description,
            'provider_id': plan.provider_id, 'status': plan.status,
            'resources': [_resource(resource) for resource in plan.resources],
            'parameters': {key: dict(values) for key, values
                           in plan.parameters.items()}}
    if version >= V1_1:
        shown['project_id'] = plan.project_id
        shown['created_at'] = times.exact(plan.created_at)
        shown['updated_at'] = times.exact(plan.updated_at)
    if version >= V1_2:
        shown['missing_resources'] = plan.missing_resources
    return shown


def _resource(resource: Resource) -> dict[str, Any]:
    shown = resource.to_dict()
    if shown['extra_info'] is None:
        # as the contract has it: only where there is any
        del shown['extra_info']
    return shown
