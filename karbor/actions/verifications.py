# SPDX-License-Identifier: Apache-2.0
"""Use cases of verifications. One is an operation; they share the id."""

from collections.abc import Mapping, Sequence
from typing import Any

from karbor import exception
from karbor import policy
from karbor.actions import handover
from karbor.actions import operations
from karbor.actions import providers
from karbor.context import RequestContext
from karbor.db import checkpoints
from karbor.db import operations as db
from karbor.model.operation import Operation
from karbor.model.query import ListQuery
from karbor.model.run import Run
from karbor.model.subset import Subset


def create(context: RequestContext, *, provider_id: str, checkpoint_id: str,
           parameters: Mapping[str, Mapping[str, Any]],
           subset: Mapping[str, int] | None = None) -> Operation:
    """Begin to verify a checkpoint.

    :param subset: ``number`` and ``of``: only of these resources; else of all
    :raises exception.Invalid: a number is out of its range
    :raises exception.CheckpointNotFound: there is none in the project
    :raises exception.CheckpointNotAvailable: there is nothing to verify yet
    """
    checkpoint = checkpoints.get(context, provider_id, checkpoint_id)
    policy.authorize(context, 'verification:create',
                     {'project_id': checkpoint.project_id})
    providers.check_parameters(providers.find(context, provider_id),
                               'verify_schema', parameters)
    asked: dict[str, Any] = {}
    if subset is not None:
        asked['subset'] = Subset.from_dict(subset).to_dict()
    operation = handover.operation(
        context, 'verify', project_id=checkpoint.project_id,
        provider_id=provider_id, checkpoint_id=checkpoint_id,
        plan_id=checkpoint.plan_id, parameters=parameters, **asked)
    handover.record_use(context, operation)
    handover.cast(context, operation.id)
    return operation


def create_all(context: RequestContext, *, provider_id: str,
               checkpoint_ids: Sequence[str], run: Run,
               subsets: int = 1) -> list[Operation]:
    """Begin to verify checkpoints, all of them or none.

    :param run: of a scheduled operation, that begins with it
    :param subsets: each run takes the next of so many
    :raises exception.CheckpointNotFound: one is not in the project
    :raises exception.CheckpointNotAvailable: one cannot be verified now
    :raises exception.KarborError: as `db.runs.begin`
    """
    found = checkpoints.by_ids(context, provider_id, checkpoint_ids)
    made = []
    for checkpoint_id in checkpoint_ids:
        checkpoint = found.get(checkpoint_id)
        if checkpoint is None:
            raise exception.CheckpointNotFound(id=checkpoint_id)
        policy.authorize(context, 'verification:create',
                         {'project_id': checkpoint.project_id})
        made.append(handover.operation(
            context, 'verify', project_id=checkpoint.project_id,
            provider_id=provider_id, checkpoint_id=checkpoint_id,
            plan_id=checkpoint.plan_id, parameters={}, run=run))
    handover.record_use(context, *made, run=run, subsets=subsets)
    for operation in made:
        handover.cast(context, operation.id)
    return made


def get(context: RequestContext, verification_id: str) -> Operation:
    """One verification.

    :raises exception.VerificationNotFound: there is none in the project
    """
    try:
        operation = db.get(context, verification_id, type_='verify',
                           shown=True)
    except exception.OperationNotFound as error:
        raise exception.VerificationNotFound(id=verification_id) from error
    policy.authorize(context, 'verification:get',
                     {'project_id': operation.project_id})
    return operation


def list_(context: RequestContext, query: ListQuery,
          status: str | None = None, *,
          most: int = 0) -> list[Operation]:
    """A page of verifications.

    :param status: of the v1 contract: in_progress, success, fail
    :param most: so many resources of each
    """
    return operations.list_(context, query, status, 'verify',
                            rule='verification:get_all', most=most)
