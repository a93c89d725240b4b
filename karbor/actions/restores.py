# SPDX-License-Identifier: Apache-2.0
"""Use cases of restores. A restore is an operation; they share the id."""

from collections.abc import Mapping
from typing import Any

from karbor import exception
from karbor import policy
from karbor.actions import handover
from karbor.actions import operations
from karbor.actions import providers
from karbor.context import RequestContext
from karbor.db import checkpoints
from karbor.db import operations as db
from karbor.i18n import _
from karbor.model.operation import Operation
from karbor.model.query import ListQuery


def create(context: RequestContext, *, provider_id: str, checkpoint_id: str,
           parameters: Mapping[str, Mapping[str, Any]],
           restore_target: str | None = None,
           restore_auth: Mapping[str, Any] | None = None) -> Operation:
    """Begin to restore a checkpoint.

    :param restore_target: another cloud; refused until plugins can reach one
    :raises exception.CheckpointNotFound: there is none in the project
    :raises exception.CheckpointNotAvailable: it cannot be restored now
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
    providers.check_parameters(providers.find(context, provider_id),
                               'restore_schema', parameters)
    operation = handover.operation(
        context, 'restore', project_id=checkpoint.project_id,
        provider_id=provider_id, checkpoint_id=checkpoint_id,
        plan_id=checkpoint.plan_id, parameters=parameters)
    handover.record_use(context, operation)
    handover.cast(context, operation.id)
    return operation


def get(context: RequestContext, restore_id: str) -> Operation:
    """One restore.

    :raises exception.RestoreNotFound: there is none in the project
    """
    try:
        operation = db.get(context, restore_id, type_='restore', shown=True)
    except exception.OperationNotFound as error:
        raise exception.RestoreNotFound(id=restore_id) from error
    policy.authorize(context, 'restore:get',
                     {'project_id': operation.project_id})
    return operation


def list_(context: RequestContext, query: ListQuery,
          status: str | None = None, *,
          most: int = 0) -> list[Operation]:
    """A page of restores.

    :param status: of the v1 contract: in_progress, success, fail
    :param most: so many resources of each
    """
    return operations.list_(context, query, status, 'restore',
                            rule='restore:get_all', most=most)
