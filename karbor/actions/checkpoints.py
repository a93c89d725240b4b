# SPDX-License-Identifier: Apache-2.0
"""Use cases of checkpoints."""

from collections.abc import Callable, Mapping
import dataclasses
from dataclasses import dataclass
import datetime
from typing import Any
import uuid

from oslo_utils import timeutils
from sqlalchemy import orm

from karbor import exception
from karbor import policy
from karbor.actions import handover
from karbor.actions.operations import authorize_cancel
from karbor.context import RequestContext
from karbor.db import cancelling
from karbor.db import checkpoints as db
from karbor.db import operations
from karbor.db import plans
from karbor.db import retention
from karbor.db import session as db_session
from karbor.i18n import _
from karbor.model import lane
from karbor.model import states
from karbor.model.checkpoint import Checkpoint
from karbor.model.operation import MAKING
from karbor.model.operation import Operation
from karbor.model.plan import Plan
from karbor.model.query import ListQuery
from karbor.model.run import Run


@dataclass(frozen=True, slots=True)
class Expiry:
    """Why a sweep removes a checkpoint; it must hold when that is recorded.

    :ivar claimed: whose sweep it is
    :ivar status: of the checkpoint when it was decided
    :ivar newer: a good checkpoint of the plan that is newer; None: it does
        not matter, because no data of it can be restored any more
    """

    claimed: retention.Claim
    status: str
    newer: str | None


DELETABLE = ('available', 'error', 'error-deleting')
RESETTABLE = ('available', 'error')
# In which it sticks if nobody is at work on it any more, and whether the bank
# may still hold all of it.
_PASSING = {'protecting': True, 'wait_copying': True, 'copying': True,
            'deleting': False, 'error-deleting': False}


def create(context: RequestContext, provider_id: str, plan_id: str,
           extra_info: Mapping[str, Any] | None = None,
           origin: str = 'manual', run: Run | None = None) -> Checkpoint:
    """Begin a checkpoint of a plan.

    :param extra_info: what the user attaches; ``created_by`` is ours
    :param origin: only the code of a daemon passes ``schedule``
    :param run: of a scheduled operation, that begins with it
    :raises exception.PlanNotFound: there is none in the project
    :raises exception.InvalidPlan: the plan belongs to another provider
    :raises exception.QuotaExceeded: the project has no room
    :raises exception.KarborError: as `db.runs.begin`
    """
    return create_of(context, provider_id, plans.get(context, plan_id),
                     extra_info, origin, run)


def create_of(context: RequestContext, provider_id: str, plan: Plan,
              extra_info: Mapping[str, Any] | None = None,
              origin: str = 'manual', run: Run | None = None) -> Checkpoint:
    """Begin a checkpoint of a plan that was just read; as `create`."""
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
        plan_id=plan.id, lanes=[lane.of_plan(plan.id)],
        # as they are now: the plan may change before a worker is free
        parameters=plan.parameters, run=run,
        missing_resources=plan.missing_resources)
    checkpoint = handover.record_making(context, checkpoint, operation, run)
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


def delete(context: RequestContext, provider_id: str, checkpoint_id: str,
           expiry: Expiry | None = None, cancel: bool = False) -> None:
    """Begin to delete a checkpoint.

    :param expiry: only the code of a daemon passes it
    :param cancel: what makes it is cancelled first, if that goes on
    :raises exception.CheckpointNotFound: there is none in the project
    :raises exception.CheckpointNotDeletable: it is being made or deleted, or
        something uses it now
    :raises exception.SweepLost: the sweep is not to go on
    :raises exception.CheckpointNeeded: no newer one is available
    """
    checkpoint = db.get(context, provider_id, checkpoint_id)
    policy.authorize(context, 'provider:checkpoint_delete',
                     {'project_id': checkpoint.project_id})
    operation = handover.operation(
        context, 'delete', project_id=checkpoint.project_id,
        provider_id=provider_id, checkpoint_id=checkpoint_id,
        plan_id=checkpoint.plan_id)
    if expiry is not None:
        operation = dataclasses.replace(
            operation, scheduled_operation_id=expiry.claimed.operation_id)
    cancel = cancel and checkpoint.status in states.BEING_MADE
    if cancel:
        authorize_cancel(
            context, 'copy' if checkpoint.origin == 'copy' else 'protect',
            checkpoint.project_id)
    told = _begin_delete(context, checkpoint, operation, expiry, cancel)
    if told is not None:
        handover.cast_cancel(context, told)
    handover.cast(context, operation.id)


@db_session.retry
def _begin_delete(context: RequestContext, checkpoint: Checkpoint,
                  operation: Operation, expiry: Expiry | None,
                  cancel: bool) -> str | None:
    """Record it; id of the operation that is to end first, if one runs."""
    running = None
    with db_session.writer(context) as session:
        if expiry is not None:
            _hold(session, checkpoint, expiry)
        if cancel:
            operation, running = cancelling.cancel_maker(
                session, context, checkpoint.id, str(context.user_id),
                operation)
        # locked against a restore; what it is now may not be what was read
        status = db.lock(session, checkpoint.id)
        if status is None:
            raise exception.CheckpointNotFound(id=checkpoint.id)
        if expiry is not None and status != expiry.status:
            raise exception.CheckpointNotDeletable(
                id=checkpoint.id, status=status,
                reason=_('it was %s when it was found to expire')
                % expiry.status)
        if not db.change(session, context, checkpoint.id, 'deleting',
                         sources=[*DELETABLE,
                                  *(states.BEING_MADE if cancel else ())]):
            raise exception.CheckpointNotDeletable(
                id=checkpoint.id, status=status,
                reason=_('it must be available, error or error-deleting'))
        busy = operations.active_on(session, checkpoint.id, but=running)
        if busy is not None:
            raise exception.CheckpointNotDeletable(
                id=checkpoint.id, status=status,
                reason=_('operation %s is at work on it') % busy)
        operations.insert(session, dataclasses.replace(
            # what it is again if nobody begins and the user takes it back
            operation, request={**operation.request, 'was': status}))
    return running


def _hold(session: orm.Session, checkpoint: Checkpoint,
          expiry: Expiry) -> None:
    """Hold what the decision was made of, until the commit."""
    retention.fence(session, expiry.claimed)
    if expiry.status == 'available' and not db.hold_newer(
            session, checkpoint, expiry.newer):
        raise exception.CheckpointNeeded(id=checkpoint.id,
                                         newer=expiry.newer)


def reset_state(context: RequestContext, provider_id: str,
                checkpoint_id: str, state: str) -> None:
    """Set the state by hand.

    ``error`` takes a checkpoint out of use; ``available`` takes it back, if
    its bank has ever been told that it is complete. One that is being made or
    deleted is left to who does it, unless nobody does; what was to be deleted
    is not taken back into use.

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
    if state == 'available' and not (
            checkpoint.sealed and _PASSING.get(checkpoint.status, True)):
        raise refuse(_('it was never completed, or was to be deleted, so it '
                       'cannot be restored'))
    if state != checkpoint.status:
        _reset(context, checkpoint, state, refuse)


@db_session.retry
def _reset(context: RequestContext, checkpoint: Checkpoint, state: str,
           refuse: Callable[[str], exception.KarborError]) -> None:
    with db_session.writer(context) as session:
        if not db.change(session, context, checkpoint.id, state,
                         sources=[checkpoint.status],
                         reason=_('set by hand'),
                         sealed=(None if _PASSING.get(checkpoint.status, True)
                                 else False)):
            raise refuse(_('it has changed meanwhile'))
        busy = operations.active_on(session, checkpoint.id)
        if checkpoint.status in _PASSING and busy is not None:
            raise refuse(_('it is %(status)s, and operation %(type)s is at '
                           'work on it') % {'status': checkpoint.status,
                                            'type': busy})
