# SPDX-License-Identifier: Apache-2.0
"""Use cases of scheduled operations."""

from collections.abc import Mapping
from typing import Any
import uuid

from karbor import exception
from karbor import policy
from karbor.actions import operation_types
from karbor.context import RequestContext
from karbor.db import plans
from karbor.db import scheduled_operations as db
from karbor.db import triggers
from karbor.i18n import _
from karbor.model.query import ListQuery
from karbor.model.scheduled_operation import ScheduledOperation


def create(context: RequestContext, *, name: str | None, operation_type: str,
           trigger_id: str, operation_definition: Mapping[str, Any],
           description: str | None = None,
           strict: bool = True) -> ScheduledOperation:
    """Bind an operation to a trigger.

    :param operation_definition: ``provider_id``, ``plan_id`` and what the
        type has beside them
    :param strict: refuse what the type does not know
    :raises exception.Invalid: names the field and what was expected
    :raises exception.TriggerNotFound: there is none in the project
    :raises exception.PlanNotFound: there is none in the project
    :raises exception.InvalidPlan: the plan belongs to another provider
    """
    policy.authorize(context, 'scheduled_operation:create')
    if not name:
        raise exception.Invalid(_(
            'Operation name or type or definition is not provided.'))
    definition = operation_types.check(operation_type, operation_definition,
                                       strict=strict)
    # An administrator sees those of other projects, too; but who runs for one
    # project must not be set off by another.
    if triggers.get(context, trigger_id).project_id != context.project_id:
        raise exception.TriggerNotFound(id=trigger_id)
    plan = plans.get(context, definition['plan_id'])
    if plan.project_id != context.project_id:
        raise exception.PlanNotFound(id=plan.id)
    plan.check_provider(definition['provider_id'])
    return db.create(context, ScheduledOperation(
        id=str(uuid.uuid4()), project_id=plan.project_id,
        user_id=context.user_id, name=name, description=description,
        operation_type=operation_type, trigger_id=trigger_id,
        plan_id=plan.id, operation_definition=definition))


def get(context: RequestContext, operation_id: str) -> ScheduledOperation:
    """One operation.

    :raises exception.ScheduledOperationNotFound: none in the project
    """
    operation = db.get(context, operation_id)
    policy.authorize(context, 'scheduled_operation:get',
                     {'project_id': operation.project_id})
    return operation


def list_(context: RequestContext,
          query: ListQuery) -> list[ScheduledOperation]:
    """A page of operations."""
    policy.authorize(context, 'scheduled_operation:list')
    return db.list_(context, query)


def delete(context: RequestContext, operation_id: str) -> None:
    """Delete an operation; what it has made stays."""
    operation = db.get(context, operation_id)
    policy.authorize(context, 'scheduled_operation:delete',
                     {'project_id': operation.project_id})
    db.delete(context, operation_id)
