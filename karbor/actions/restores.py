# SPDX-License-Identifier: Apache-2.0
"""Use cases of restores. A restore is an operation; they share the id."""

from collections.abc import Collection, Mapping
from typing import Any

from karbor import exception
from karbor import policy
from karbor.actions import handover
from karbor.actions import operations
from karbor.actions import providers
from karbor.context import RequestContext
from karbor.db import checkpoints
from karbor.db import operations as db
from karbor.db import undos
from karbor.i18n import _
from karbor.model import lane
from karbor.model.checkpoint import Checkpoint
from karbor.model.graph import Graph
from karbor.model.operation import Operation
from karbor.model.query import ListQuery


def create(context: RequestContext, *, provider_id: str, checkpoint_id: str,
           parameters: Mapping[str, Mapping[str, Any]],
           restore_target: str | None = None,
           restore_auth: Mapping[str, Any] | None = None,
           force: bool = False) -> Operation:
    """Begin to restore a checkpoint.

    :param restore_target: another cloud; refused until plugins can reach one
    :param force: though it is known to be damaged; what is, is not restored
    :raises exception.CheckpointNotFound: there is none in the project
    :raises exception.CheckpointNotAvailable: it cannot be restored now
    :raises exception.CheckpointDamaged: it is, and there is no force
    """
    checkpoint = checkpoints.get(context, provider_id, checkpoint_id)
    policy.authorize(context, 'restore:create',
                     {'project_id': checkpoint.project_id})
    # Taking it and restoring elsewhere than asked would be worse than to say
    # no. The secret is neither kept nor shown.
    for field, value in (('restore_target', restore_target),
                         ('restore_auth', restore_auth)):
        if value is not None:
            raise exception.Invalid(field=field, reason=_(
                'no plugin of this provider restores into another cloud; '
                'leave it out'))
    provider = providers.find(context, provider_id)
    providers.check_parameters(provider, 'restore_schema', parameters)
    operation = handover.operation(
        context, 'restore', project_id=checkpoint.project_id,
        provider_id=provider_id, checkpoint_id=checkpoint_id,
        plan_id=checkpoint.plan_id, parameters=parameters,
        lanes=_lanes(provider, checkpoint, parameters),
        **handover.forced(force))
    handover.record_use(context, operation, sound=not force)
    handover.cast(context, operation.id)
    return operation


def _lanes(provider: Mapping[str, Any], checkpoint: Checkpoint,
           parameters: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    text = checkpoint.resource_graph
    return lane.of_restore(
        checkpoint.plan_id, checkpoint.id,
        None if text is None else Graph.from_json(text).resources,
        # a protection service of an older release does not tell of them
        parameters, provider.get('restore_places', {}))


def undo(context: RequestContext, restore_id: str) -> Operation:
    """Begin to remove what a restore has made that was in vain.

    :return: the operation that does it
    :raises exception.RestoreNotFound: there is none in the project
    :raises exception.RestoreNotUndoable: it has not ended, was successful,
        or is or was undone
    """
    restore = _get(context, restore_id, most=0)
    policy.authorize(context, 'restore:undo',
                     {'project_id': restore.project_id})
    operation = handover.operation(
        context, 'undo', project_id=restore.project_id,
        provider_id=restore.provider_id, checkpoint_id=restore.checkpoint_id,
        plan_id=restore.plan_id, source_operation_id=restore.id,
        # into the same place, nobody else restores meanwhile
        lanes=restore.lanes,
        parameters=restore.parameters)
    undos.queue(context, operation)
    handover.cast(context, operation.id)
    return operation


def undone(context: RequestContext, restores: Collection[Operation],
           ) -> Mapping[str, tuple[str, str]]:
    """Id and status of the last undo of each restore that has one.

    :param restores: that the context was shown
    """
    return undos.latest(context, [restore.id for restore in restores])


def get(context: RequestContext, restore_id: str) -> Operation:
    """One restore.

    :raises exception.RestoreNotFound: there is none in the project
    """
    operation = _get(context, restore_id)
    policy.authorize(context, 'restore:get',
                     {'project_id': operation.project_id})
    return operation


def _get(context: RequestContext, restore_id: str,
         most: int | None = None) -> Operation:
    try:
        return db.get(context, restore_id, type_='restore', shown=True,
                      most=most)
    except exception.OperationNotFound as error:
        raise exception.RestoreNotFound(id=restore_id) from error


def list_(context: RequestContext, query: ListQuery,
          status: str | None = None, *,
          most: int = 0) -> list[Operation]:
    """A page of restores.

    :param status: of the v1 contract: in_progress, success, fail
    :param most: so many resources of each
    """
    return operations.list_(context, query, status, 'restore',
                            rule='restore:get_all', most=most)
