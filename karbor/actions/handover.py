# SPDX-License-Identifier: Apache-2.0
"""Record, commit, cast: how work reaches the protection service."""

from collections.abc import Mapping
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
from karbor.db import session as db_session
from karbor.model.checkpoint import Checkpoint
from karbor.model.operation import Operation
from karbor.rpc import protection as rpc

LOG = log.getLogger(__name__)


def operation(context: RequestContext, type_: str, *, project_id: str,
              provider_id: str, checkpoint_id: str,
              plan_id: str | None = None,
              source_checkpoint_id: str | None = None,
              parameters: Mapping[str, Mapping[str, Any]] | None = None,
              **request: Any) -> Operation:
    """An operation that is to be queued.

    :param parameters: for the plugins, by ``TYPE`` or ``TYPE#ID``
    :param request: more plain data for the worker, without secrets
    """
    if parameters is not None:
        request['parameters'] = {
            key: dict(values) for key, values in parameters.items()}
    return Operation(
        id=str(uuid.uuid4()), type=type_, project_id=project_id,
        user_id=context.user_id, provider_id=provider_id,
        checkpoint_id=checkpoint_id, plan_id=plan_id,
        source_checkpoint_id=source_checkpoint_id, status='queued',
        request={**request, 'roles': list(context.roles or ())},
        request_id=context.request_id,
        created_at=timeutils.utcnow(with_timezone=True))


def hold(session: orm.Session, checkpoint_id: str) -> None:
    """Keep a checkpoint that is to be used as it is, until the commit.

    Locks the row against a deletion that begins at the same time; after the
    commit, the operation that was inserted holds it.

    :raises exception.CheckpointNotFound: it is gone
    :raises exception.CheckpointNotAvailable: it cannot be used now
    """
    status = checkpoints.lock(session, checkpoint_id)
    if status is None:
        raise exception.CheckpointNotFound(id=checkpoint_id)
    if status != 'available':
        raise exception.CheckpointNotAvailable(id=checkpoint_id,
                                               status=status)


@db_session.retry
def record_use(context: RequestContext, operation: Operation) -> None:
    """Queue an operation that uses its checkpoint and changes nothing of it.

    :raises exception.KarborError: as `hold`
    """
    with db_session.writer(context) as session:
        hold(session, operation.checkpoint_id)
        operations.insert(session, operation)


@db_session.retry
def record_making(context: RequestContext, checkpoint: Checkpoint,
                  operation: Operation) -> None:
    """Queue an operation with the checkpoint that it makes.

    :raises exception.QuotaExceeded: the project has no room
    :raises exception.KarborError: as `hold`, of what is copied
    """
    with db_session.writer(context) as session:
        db_quotas.admit(session, checkpoint.project_id, 'checkpoints',
                        quotas.configured()['checkpoints'])
        if operation.source_checkpoint_id is not None:
            hold(session, operation.source_checkpoint_id)
        checkpoints.insert(session, checkpoint)
        operations.insert(session, operation)


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
