# SPDX-License-Identifier: Apache-2.0
"""Record, commit, cast: how work reaches the protection service."""

from collections.abc import Mapping, Sequence
import dataclasses
import datetime
from typing import Any
import uuid

from oslo_log import log
from oslo_utils import timeutils
from sqlalchemy import orm

from karbor import exception
from karbor.actions import quotas
from karbor.context import RequestContext
from karbor.db import checkpoints
from karbor.db import operations
from karbor.db import quotas as db_quotas
from karbor.db import runs
from karbor.db import session as db_session
from karbor.db.clock import DATABASE
from karbor.model.checkpoint import Checkpoint
from karbor.model.operation import Operation
from karbor.model.run import Run
from karbor.model.subset import Subset
from karbor.rpc import protection as rpc

LOG = log.getLogger(__name__)


def operation(context: RequestContext, type_: str, *, project_id: str,
              provider_id: str, checkpoint_id: str,
              plan_id: str | None = None,
              source_checkpoint_id: str | None = None,
              lanes: Sequence[str] = (),
              source_operation_id: str | None = None,
              parameters: Mapping[str, Mapping[str, Any]] | None = None,
              run: Run | None = None,
              **request: Any) -> Operation:
    """An operation that is to be queued.

    :param lanes: see `karbor.model.lane`; none: it runs beside all others
    :param parameters: for the plugins, by ``TYPE`` or ``TYPE#ID``
    :param run: of a scheduled operation, if it is the work of one
    :param request: more plain data for the worker, without secrets
    """
    if parameters is not None:
        request['parameters'] = {
            key: dict(values) for key, values in parameters.items()}
    return Operation(
        id=str(uuid.uuid4()), type=type_, project_id=project_id,
        user_id=context.user_id, provider_id=provider_id,
        checkpoint_id=checkpoint_id, plan_id=plan_id,
        source_checkpoint_id=source_checkpoint_id,
        source_operation_id=source_operation_id,
        lane=lanes[0] if lanes else None, more_lanes=tuple(lanes[1:]),
        status='queued',
        request={**request, 'roles': list(context.roles or ())},
        scheduled_operation_id=(
            None if run is None else run.scheduled_operation_id),
        scheduled_run_id=None if run is None else run.id,
        request_id=context.request_id,
        created_at=timeutils.utcnow(with_timezone=True))


def forced(force: bool) -> dict[str, Any]:
    """What a request says, if a user insists on what is damaged."""
    return {'force': True} if force else {}


def hold(session: orm.Session, *ids: str, sound: bool = False) -> None:
    """Keep checkpoints that are to be used as they are, until the commit.

    Locks the rows against a deletion that begins at the same time; after the
    commit, the operations that were inserted hold them.

    :param sound: none may be known to be damaged
    :raises exception.CheckpointNotFound: one is gone
    :raises exception.CheckpointNotAvailable: one cannot be used now
    :raises exception.CheckpointDamaged: one is
    """
    found = checkpoints.lock_all(session, ids)
    for checkpoint_id in ids:
        held = found.get(checkpoint_id)
        if held is None:
            raise exception.CheckpointNotFound(id=checkpoint_id)
        if held.status != 'available':
            raise exception.CheckpointNotAvailable(id=checkpoint_id,
                                                   status=held.status)
        if sound and held.damage is not None:
            raise exception.CheckpointDamaged(id=checkpoint_id,
                                              reason=held.damage)


@db_session.retry
def record_use(context: RequestContext, *uses: Operation,
               run: Run | None = None, sound: bool = False,
               subsets: int = 1) -> None:
    """Queue operations that use their checkpoints and change nothing of them.

    All of them, or none.

    :param run: begins with them, or nothing does
    :param sound: as `hold`
    :param subsets: of a run's verifications: they take one of so many, the
        next run of its operation the next one
    :raises exception.KarborError: as `hold`, and as `db.runs.begin`
    """
    with db_session.writer(context) as session:
        hold(session, *(use.checkpoint_id for use in uses), sound=sound)
        at = _begin(session, run, uses[0].checkpoint_id, uses[0].id)
        if run is not None and subsets > 1:
            # counted in the transaction that begins the run: none is left
            # out, whichever engines are killed
            turn = runs.take_turn(session, run.scheduled_operation_id)
            subset = Subset(turn % subsets + 1, subsets).to_dict()
            uses = tuple(dataclasses.replace(
                use, request={**use.request, 'subset': subset})
                for use in uses)
        operations.insert(session, *uses, at=at)


@db_session.retry
def record_making(context: RequestContext, checkpoint: Checkpoint,
                  operation: Operation, run: Run | None = None) -> Checkpoint:
    """Queue an operation with the checkpoint that it makes.

    :param run: begins with it, or nothing does
    :return: the checkpoint as it is recorded. It is made now by the clock of
        the database, for by that it expires; but for a copy, which is as old
        as what it is a copy of.
    :raises exception.QuotaExceeded: the project has no room
    :raises exception.KarborError: as `hold`, of what is copied, and as
        `db.runs.begin`
    """
    with db_session.writer(context) as session:
        db_quotas.admit(session, checkpoint.project_id, 'checkpoints',
                        quotas.configured()['checkpoints'])
        if operation.source_checkpoint_id is not None:
            hold(session, operation.source_checkpoint_id,
                 sound=not operation.request.get('force'))
        at = _begin(session, run, checkpoint.id, operation.id)
        if at is None and operation.source_checkpoint_id is None:
            at = DATABASE.read(session)
        if at is not None:
            checkpoint = dataclasses.replace(checkpoint, created_at=at)
        checkpoints.insert(session, checkpoint)
        operations.insert(session, operation, at=at)
    return checkpoint


def _begin(session: orm.Session, run: Run | None, checkpoint_id: str,
           operation_id: str) -> datetime.datetime | None:
    """Begin the run that something is made for, if it is for one.

    :return: when it is made, by the clock of schedules: that of the engine's
        host may be wrong, and by these times it is decided what is kept and
        what comes first in the queue. None: as its maker says.
    :raises exception.KarborError: as `db.runs.begin`
    """
    if run is None:
        return None
    runs.begin(session, run, DATABASE, checkpoint_id=checkpoint_id,
               operation_id=operation_id)
    return DATABASE.read(session)


def cast(context: RequestContext, operation_id: str) -> None:
    """Tell the protection service, after the commit."""
    try:
        rpc.client().run(context, operation_id)
    except Exception:
        # The operation is committed and workers look for it anyhow: a bus
        # that is away makes it later, and failing the request would make
        # the user ask a second time for what is going to happen.
        LOG.warning('Operation %s was queued, but the bus did not take the '
                    'message; a worker will find it.', operation_id,
                    exc_info=True)


def cast_cancel(context: RequestContext, operation_id: str) -> None:
    """Tell the worker that has it, after the commit."""
    try:
        rpc.client().cancel(context, operation_id)
    except Exception:
        # as above: the wish is committed, and heartbeats find it
        LOG.warning('Operation %s is to be cancelled, but the bus did not '
                    'take the message; its worker will find it.',
                    operation_id, exc_info=True)
