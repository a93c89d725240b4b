# SPDX-License-Identifier: Apache-2.0
"""Use cases of copies: a checkpoint made of another, not of a plan."""

from collections.abc import Mapping
from typing import Any
import uuid

from karbor import exception
from karbor import policy
from karbor.actions import handover
from karbor.actions import providers
from karbor.context import RequestContext
from karbor.db import checkpoints
from karbor.db import plans
from karbor.i18n import _
from karbor.model.checkpoint import Checkpoint
from karbor.model.graph import Graph
from karbor.model.operation import Operation


def create(context: RequestContext, provider_id: str, *,
           plan_id: str | None = None, checkpoint_id: str | None = None,
           target_id: str | None = None,
           parameters: Mapping[str, Mapping[str, Any]],
           force: bool = False) -> Operation:
    """Begin to copy a checkpoint into a new one.

    :param plan_id: the newest available checkpoint of this plan is copied
    :param checkpoint_id: which checkpoint to copy; the plan may be gone then
    :param target_id: the provider that gets the copy, by default the same
    :param force: though it is known to be damaged; no copy comes of it unless
        it turns out to be whole
    :return: the operation on the new checkpoint
    :raises exception.PlanNotFound: there is none in the project
    :raises exception.CheckpointNotFound: the same of the checkpoint
    :raises exception.Invalid: nothing is available, or a plugin of the
        target cannot copy; nothing has been made
    :raises exception.CheckpointDamaged: it is, and there is no force
    :raises exception.QuotaExceeded: the project has no room
    """
    if checkpoint_id is None:
        source = _newest(context, provider_id, plan_id)
    else:
        source = checkpoints.get(context, provider_id, checkpoint_id)
        _authorize(context, source.project_id)
        if source.status != 'available':
            # and again when it is held; until then, its graph may be missing
            raise exception.CheckpointNotAvailable(id=source.id,
                                                   status=source.status)
        if plan_id not in (None, source.plan_id):
            raise exception.Invalid(field='plan_id', reason=_(
                'checkpoint %(checkpoint)s is one of plan %(plan)s') % {
                    'checkpoint': source.id, 'plan': source.plan_id})
    target = (providers.find(context, provider_id) if target_id is None
              else providers.named(context, target_id))
    _check_types(target, source)
    providers.check_parameters(target, 'copy_schema', parameters)
    made = Checkpoint(
        id=str(uuid.uuid4()), project_id=source.project_id,
        provider_id=target['id'], plan_id=source.plan_id, plan=source.plan,
        status='wait_copying', origin='copy',
        extra_info={**(source.extra_info or {}), 'created_by': 'copy',
                    'copied_from': source.id},
        resource_graph=source.resource_graph,
        # The state of the application is that of then. By the time of its
        # copying, an old state would look newer than a later one.
        created_at=source.created_at)
    operation = handover.operation(
        context, 'copy', project_id=made.project_id,
        provider_id=made.provider_id, checkpoint_id=made.id,
        plan_id=made.plan_id, source_checkpoint_id=source.id,
        parameters=parameters, source_provider_id=source.provider_id,
        **handover.forced(force))
    handover.record_making(context, made, operation)
    handover.cast(context, operation.id)
    return operation


def _authorize(context: RequestContext, project_id: str) -> None:
    policy.authorize(context, 'copy:create', {'project_id': project_id})


def _newest(context: RequestContext, provider_id: str,
            plan_id: str | None) -> Checkpoint:
    if plan_id is None:
        raise exception.Invalid(field='plan_id', reason=_(
            'expected plan_id or checkpoint_id'))
    plan = plans.get(context, plan_id)
    _authorize(context, plan.project_id)
    plan.check_provider(provider_id)
    source = checkpoints.newest(context, provider_id, plan_id)
    if source is None:
        raise exception.Invalid(field='plan_id', reason=_(
            'plan %s has no available checkpoint to copy') % plan_id)
    return source


def _check_types(provider: Mapping[str, Any], source: Checkpoint) -> None:
    """Refuse what the provider cannot copy, before anything is made."""
    graph = Graph.from_json(str(source.resource_graph))
    for type_ in sorted({resource.type for resource in graph.resources}):
        if 'copy' not in provider['operations'].get(type_, ()):
            raise exception.Invalid(field='provider_id', reason=_(
                'provider %(provider)s has no plugin that can copy %(type)s')
                % {'provider': provider['id'], 'type': type_})
