# SPDX-License-Identifier: Apache-2.0
"""Use cases of checkpoints."""

from collections.abc import Callable, Mapping
import dataclasses
import datetime
from typing import Any
import uuid

from oslo_utils import timeutils

from karbor import exception
from karbor import policy
from karbor.actions import handover
from karbor.context import RequestContext
from karbor.db import checkpoints as db
from karbor.db import operations
from karbor.db import plans
from karbor.db import session as db_session
from karbor.i18n import _
from karbor.model.checkpoint import Checkpoint
from karbor.model.operation import MAKING
from karbor.model.operation import Operation
from karbor.model.query import ListQuery

RESETTABLE = ('available', 'error')
_COPYING = ('wait_copying', 'copying')


def create(context: RequestContext, provider_id: str, plan_id: str,
           extra_info: Mapping[str, Any] | None = None,
           origin: str = 'manual') -> Checkpoint:
    """Begin a checkpoint of a plan.

    :param extra_info: what the user attaches; ``created_by`` is ours
    :param origin: only the code of a daemon passes ``schedule``
    :raises exception.PlanNotFound: there is none in the project
    :raises exception.InvalidPlan: the plan belongs to another provider
    :raises exception.QuotaExceeded: the project has no room
    """
    plan = plans.get(context, plan_id)
    policy.authorize(context, 'provider:checkpoint_create',
                     {'project_id': plan.project_id})
    plan.check_provider(provider_id)
    checkpoint = Checkpoint(
        id=str(uuid.uuid4()), project_id=plan.project_id,
        provider_id=provider_id, plan_id=plan.id, plan=plan.snapshot(),
        status='protecting', origin=origin,
        extra_info={**(extra_info or {}), 'created_by': origin},
        created_at=timeutils.utcnow(with_timezone=True))
    operation = handover.operation(
        context, 'protect', project_id=plan.project_id,
        provider_id=provider_id, checkpoint_id=checkpoint.id,
        plan_id=plan.id,
        # as they are now: the plan may change before a worker is free
        parameters=plan.parameters)
    handover.record_making(context, checkpoint, operation)
    handover.cast(context, operation.id)
    return checkpoint


def get(context: RequestContext, provider_id: str,
        checkpoint_id: str) -> Checkpoint:
    """One checkpoint.

    :raises exception.CheckpointNotFound: there is none in the project
    """
    checkpoint = db.get(context, provider_id, checkpoint_id)
    policy.authorize(context, 'provider:checkpoint_get',
                     {'project_id': checkpoint.project_id})
    return checkpoint


def maker(context: RequestContext,
          checkpoint: Checkpoint) -> Operation | None:
    """The operation that made a checkpoint, with its resources.

    :param checkpoint: as `get` has returned it
    :return: None where it is not known, as after an import
    """
    return operations.latest(context, checkpoint.id, MAKING)


def list_(context: RequestContext, provider_id: str, query: ListQuery,
          begin: datetime.datetime | None = None,
          end: datetime.datetime | None = None) -> list[Checkpoint]:
    """A page of a provider's checkpoints; no bank is asked.

    :param begin: only those made at this moment or later
    :param end: only those made before this moment
    """
    policy.authorize(context, 'provider:checkpoint_get_all')
    return db.list_(context, provider_id, query, begin=begin, end=end)


def delete(context: RequestContext, provider_id: str,
           checkpoint_id: str) -> None:
    """Begin to delete a checkpoint.

    :raises exception.CheckpointNotFound: there is none in the project
    :raises exception.CheckpointNotDeletable: it is being made or deleted, or
        something uses it now
    """
    checkpoint = db.get(context, provider_id, checkpoint_id)
    policy.authorize(context, 'provider:checkpoint_delete',
                     {'project_id': checkpoint.project_id})
    operation = handover.operation(
        context, 'delete', project_id=checkpoint.project_id,
        provider_id=provider_id, checkpoint_id=checkpoint_id,
        plan_id=checkpoint.plan_id)
    _begin_delete(context, checkpoint, operation)
    handover.cast(context, operation.id)


@db_session.retry
def _begin_delete(context: RequestContext, checkpoint: Checkpoint,
                  operation: Operation) -> None:
    with db_session.writer(context) as session:
        # locked against a restore; what it is now may not be what was read
        status = db.lock(session, checkpoint.id)
        if status is None:
            raise exception.CheckpointNotFound(id=checkpoint.id)
        if not db.change(session, context, checkpoint.id, 'deleting'):
            raise exception.CheckpointNotDeletable(
                id=checkpoint.id, status=status,
                reason=_('it must be available, error or error-deleting'))
        busy = operations.active_on(session, checkpoint.id)
        if busy is not None:
            raise exception.CheckpointNotDeletable(
                id=checkpoint.id, status=status,
                reason=_('operation %s is at work on it') % busy)
        operations.insert(session, dataclasses.replace(
            # what it is again if nobody begins and the user takes it back
            operation, request={**operation.request, 'was': status}))


def reset_state(context: RequestContext, provider_id: str,
                checkpoint_id: str, state: str) -> None:
    """Set the state by hand.

    ``error`` takes a checkpoint out of use; ``available`` takes it back, if
    its bank has ever been told that it is complete. A copy that is being made
    is left to who makes it, unless nobody does.

    :raises exception.CheckpointNotResettable: with the reason
    """
    checkpoint = db.get(context, provider_id, checkpoint_id)
    policy.authorize(context, 'provider:checkpoint_update',
                     {'project_id': checkpoint.project_id})

    def refuse(reason: str) -> exception.CheckpointNotResettable:
        return exception.CheckpointNotResettable(
            id=checkpoint_id, state=state, reason=reason)

    if state not in RESETTABLE:
        raise refuse(_('expected available or error'))
    if checkpoint.status not in RESETTABLE + _COPYING:
        raise refuse(_('it is %s') % checkpoint.status)
    if state == 'available' and not checkpoint.sealed:
        raise refuse(_('it was never completed, so it cannot be restored'))
    if state != checkpoint.status:
        _reset(context, checkpoint, state, refuse)


@db_session.retry
def _reset(context: RequestContext, checkpoint: Checkpoint, state: str,
           refuse: Callable[[str], exception.KarborError]) -> None:
    with db_session.writer(context) as session:
        if not db.change(session, context, checkpoint.id, state,
                         sources=[checkpoint.status],
                         reason=_('set by hand')):
            raise refuse(_('it has changed meanwhile'))
        busy = operations.active_on(session, checkpoint.id)
        if checkpoint.status in _COPYING and busy is not None:
            raise refuse(_('operation %s is at work on it') % busy)
