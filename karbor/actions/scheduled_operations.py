# SPDX-License-Identifier: Apache-2.0
"""Use cases of scheduled operations."""

from collections.abc import Collection, Mapping
from typing import Any
import uuid

from karbor import exception
from karbor import policy
from karbor.actions import firing
from karbor.actions import operation_types
from karbor.actions import owners
from karbor.conf import CONF
from karbor.context import RequestContext
from karbor.db import plans
from karbor.db import scheduled_operations as db
from karbor.db import triggers
from karbor.i18n import _
from karbor.model.query import ListQuery
from karbor.model.scheduled_operation import ScheduledOperation


def create(context: RequestContext, *, name: str | None, operation_type: str,
           trigger_id: str, operation_definition: Mapping[str, Any],
           description: str | None = None, enabled: bool = True,
           overlap: str = 'skip', complete_within: int | None = None,
           strict: bool = True,
           hidden: Collection[str] = ()) -> ScheduledOperation:
    """Bind an operation to a trigger.

    :param operation_definition: ``provider_id``, ``plan_id`` and what the
        type has beside them
    :param overlap: one of `OVERLAPS`
    :param complete_within: seconds
    :param strict: refuse what the type does not know
    :param hidden: what the caller does not know of; as
        `operation_types.check` has it
    :raises exception.Invalid: names the field and what was expected
    :raises exception.TriggerNotFound: there is none in the project
    :raises exception.PlanNotFound: there is none in the project
    :raises exception.InvalidPlan: the plan belongs to another provider
    :raises exception.RetentionForbidden: the caller may not delete what it
        would not keep
    :raises exception.KarborError: as `owners.entrusted`
    """
    policy.authorize(context, 'scheduled_operation:create')
    if not name:
        raise exception.Invalid(_(
            'Operation name or type or definition is not provided.'))
    definition = operation_types.check(operation_type, operation_definition,
                                       strict=strict, hidden=hidden)
    project_id = str(context.project_id)
    _check_trigger(context, trigger_id, project_id)
    _check_plan(context, definition, project_id)
    _check_retention(context, operation_type, definition, project_id)
    _check_completion(complete_within)
    operation = ScheduledOperation(
        id=str(uuid.uuid4()), project_id=project_id,
        user_id=context.user_id, name=name, description=description,
        operation_type=operation_type, trigger_id=trigger_id,
        plan_id=definition['plan_id'], operation_definition=definition,
        enabled=enabled, overlap=overlap, complete_within=complete_within)
    return owners.entrusted(context, lambda trusted: db.create(
        context, operation, trusted=trusted,
        sweep_after=_sweep_after(operation_type, definition)))


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


def update(context: RequestContext, operation_id: str,
           changes: Mapping[str, Any]) -> ScheduledOperation:
    """Change an operation; what already runs goes on as it was.

    What it does can only be changed by its owner, on whose behalf that is.

    :param changes: new values by attribute, as in `create`; not its type
    :raises exception.KarborError: as in `create`
    :raises exception.NotOwner: it is somebody else's
    :raises exception.ScheduledOperationNotFound: none in the project
    """
    operation = db.get(context, operation_id)
    policy.authorize(context, 'scheduled_operation:update',
                     {'project_id': operation.project_id})
    if 'operation_definition' in changes:
        owners.check_is_owner(context, operation)
        definition = operation_types.check(
            operation.operation_type, changes['operation_definition'],
            strict=True)
        _check_plan(context, definition, operation.project_id)
        _check_retention(context, operation.operation_type, definition,
                         operation.project_id)
        changes = {**changes, 'operation_definition': definition,
                   'plan_id': definition['plan_id']}
    if 'trigger_id' in changes:
        _check_trigger(context, changes['trigger_id'], operation.project_id)
    _check_completion(changes.get('complete_within'))
    return db.update(context, operation_id, changes, firing.reckon,
                     tell=firing.tell)


def delete(context: RequestContext, operation_id: str) -> None:
    """Delete an operation; what it has made stays."""
    operation = db.get(context, operation_id)
    policy.authorize(context, 'scheduled_operation:delete',
                     {'project_id': operation.project_id})
    db.delete(context, operation_id)


def adopt(context: RequestContext, operation_id: str) -> ScheduledOperation:
    """Make the caller the owner, on whose behalf it runs from now on.

    By the owner himself it renews his trust.

    :raises exception.ScheduledOperationNotFound: none in the project
    :raises exception.KarborError: as `owners.entrusted`
    """
    operation = db.get(context, operation_id)
    policy.authorize(context, 'scheduled_operation:adopt',
                     {'project_id': operation.project_id})
    # an administrator has roles in his own project only
    if operation.project_id != context.project_id:
        raise exception.ScheduledOperationNotFound(id=operation_id)
    return owners.entrusted(context, lambda trusted: db.adopt(
        context, operation_id, trusted=trusted))


# An administrator sees triggers and plans of other projects, too; but who
# runs for one project must not be set off by another.

def _check_trigger(context: RequestContext, trigger_id: str,
                   project_id: str) -> None:
    if triggers.get(context, trigger_id).project_id != project_id:
        raise exception.TriggerNotFound(id=trigger_id)


def _check_plan(context: RequestContext, definition: Mapping[str, Any],
                project_id: str) -> None:
    plan = plans.get(context, definition['plan_id'])
    if plan.project_id != project_id:
        raise exception.PlanNotFound(id=plan.id)
    plan.check_provider(definition['provider_id'])


def _check_retention(context: RequestContext, operation_type: str,
                     definition: Mapping[str, Any], project_id: str) -> None:
    """Refuse limits by which nothing would ever be removed."""
    rule = operation_types.retention(operation_type, definition)
    if rule is None or rule.keeps_all:
        return
    try:
        policy.authorize(context, 'provider:checkpoint_delete',
                         {'project_id': project_id})
    except exception.Forbidden as error:
        raise exception.RetentionForbidden(reason=error) from error


def _check_completion(seconds: int | None) -> None:
    options = CONF.operationengine
    least, most = options.min_complete_within, options.max_complete_within
    if seconds is not None and not least <= seconds <= most:
        raise exception.Invalid(field='complete_within', reason=_(
            'expected null or %(least)d to %(most)d seconds, not '
            '%(seconds)d') % {'least': least, 'most': most,
                              'seconds': seconds})


def _sweep_after(operation_type: str,
                 definition: Mapping[str, Any]) -> float | None:
    """Seconds to the first sweep; before it, one can see what it would do."""
    if operation_types.retention(operation_type, definition) is None:
        return None
    interval: float = CONF.operationengine.retention_interval
    return interval
