# SPDX-License-Identifier: Apache-2.0
"""Use cases of plans."""

from collections.abc import Mapping, Sequence
from typing import Any
import uuid

from karbor import exception
from karbor import policy
from karbor.actions import providers
from karbor.actions import quotas
from karbor.context import RequestContext
from karbor.db import plans as db
from karbor.i18n import _
from karbor.model.plan import Plan
from karbor.model.query import ListQuery
from karbor.model.resource import Resource


def create(context: RequestContext, *, name: str, provider_id: str,
           resources: Sequence[Resource],
           parameters: Mapping[str, Mapping[str, Any]],
           description: str | None = None,
           missing_resources: str = 'error') -> Plan:
    """Create a plan.

    :param missing_resources: as of `Plan`
    :raises exception.Invalid: provider unknown, a resource has no plugin, a
        parameter is not one of the plugin
    :raises exception.QuotaExceeded: the project has no room
    """
    policy.authorize(context, 'plan:create')
    plan = Plan(id=str(uuid.uuid4()), project_id=str(context.project_id),
                name=name, description=description, provider_id=provider_id,
                resources=_unique(resources), parameters=parameters,
                missing_resources=missing_resources)
    provider = providers.named(context, provider_id)
    providers.check_types(provider, plan.resources)
    providers.check_parameters(provider, 'options_schema', parameters)
    return db.create(context, plan, quotas.configured()['plans'])


def get(context: RequestContext, plan_id: str) -> Plan:
    """One plan.

    :raises exception.PlanNotFound: there is none in the project
    """
    plan = db.get(context, plan_id)
    policy.authorize(context, 'plan:get', {'project_id': plan.project_id})
    return plan


def list_(context: RequestContext, query: ListQuery) -> list[Plan]:
    """A page of plans."""
    policy.authorize(context, 'plan:get_all')
    return db.list_(context, query)


def update(context: RequestContext, plan_id: str,
           changes: Mapping[str, Any]) -> Plan:
    """Change attributes of a plan.

    :param changes: new values by attribute; resources as `Resource`
    :raises exception.InvalidPlan: the plan is not suspended
    """
    plan = db.get(context, plan_id)
    policy.authorize(context, 'plan:update', {'project_id': plan.project_id})
    if 'status' in changes and changes['status'] not in ('suspended',
                                                         'started'):
        raise exception.Invalid(
            field='status', reason=_('expected suspended or started, not %s')
            % changes['status'])
    if 'resources' in changes:
        changes = {**changes, 'resources': _unique(changes['resources'])}
        providers.check_types(providers.named(context, plan.provider_id),
                              changes['resources'])
    return db.update(context, plan_id, changes)


def delete(context: RequestContext, plan_id: str, *,
           used: bool = False) -> None:
    """Delete a plan; its checkpoints stay.

    :param used: even if scheduled operations need it; they have nothing to
        do then, and say so whenever they run
    :raises exception.PlanInUse: an operation needs it
    """
    plan = db.get(context, plan_id)
    policy.authorize(context, 'plan:delete', {'project_id': plan.project_id})
    db.delete(context, plan_id, used=used)


def _unique(resources: Sequence[Resource]) -> tuple[Resource, ...]:
    seen: set[tuple[str, str]] = set()
    for number, resource in enumerate(resources):
        if resource.key in seen:
            raise exception.Invalid(
                field=f'resources[{number}]',
                reason=_('%s is named twice') % resource)
        seen.add(resource.key)
    return tuple(resources)
