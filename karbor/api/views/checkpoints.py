# SPDX-License-Identifier: Apache-2.0
"""How a checkpoint is shown."""

import json
from typing import Any

from microversion_parse import Version

from karbor.api.schemas.method import V1_1
from karbor.api.schemas.method import V1_2
from karbor.api.views import operations
from karbor.api.views import times
from karbor.model.checkpoint import Checkpoint
from karbor.model.checkpoint import Damage
from karbor.model.operation import Operation


def show(checkpoint: Checkpoint, version: Version) -> dict[str, Any]:
    """One checkpoint, in lists too."""
    if version < V1_1:
        return _show_1_0(checkpoint)
    graph, extra_info = checkpoint.resource_graph, checkpoint.extra_info
    shown = {
        'id': checkpoint.id, 'project_id': checkpoint.project_id,
        'provider_id': checkpoint.provider_id,
        'plan_id': checkpoint.plan_id, 'status': checkpoint.status,
        'status_reason': checkpoint.status_reason,
        'origin': checkpoint.origin, 'size': checkpoint.size,
        'protection_plan': dict(checkpoint.plan),
        'extra_info': None if extra_info is None else dict(extra_info),
        'resource_graph': None if graph is None else json.loads(graph),
        'created_at': times.exact(checkpoint.created_at),
        'updated_at': times.exact(checkpoint.updated_at)}
    if version >= V1_2:
        shown['damage'] = _damage(checkpoint.damage)
        shown['missing_resources'] = [
            {'type': one.type, 'id': one.id, 'name': one.name}
            for one in checkpoint.missing]
    return shown


def _damage(damage: Damage | None) -> dict[str, Any] | None:
    return None if damage is None else {
        'operation_id': damage.found_by, 'reason': damage.reason,
        'found_at': times.exact(damage.found_at)}


def detail(checkpoint: Checkpoint, version: Version,
           maker: Operation | None) -> dict[str, Any]:
    """One checkpoint alone, from 1.1 on.

    :param maker: the operation that made it, or None if it is not known
    """
    return {**show(checkpoint, version),
            'resources': maker and operations.resources(maker, version)}


def _show_1_0(checkpoint: Checkpoint) -> dict[str, Any]:
    shown = {'id': checkpoint.id, 'project_id': checkpoint.project_id,
             'status': checkpoint.status,
             'protection_plan': dict(checkpoint.plan),
             # texts of JSON, and a day: so clients of v1 know them
             'extra_info': json.dumps(checkpoint.extra_info),
             'created_at': checkpoint.created_at.strftime('%Y-%m-%d')}
    if checkpoint.resource_graph is not None:
        # the OSC client dies of a null, and of nothing if the key is missing
        shown['resource_graph'] = checkpoint.resource_graph
    return shown
