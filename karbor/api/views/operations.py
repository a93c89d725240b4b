# SPDX-License-Identifier: Apache-2.0
"""How an operation is shown: also as what v1 makes of one.

That is a restore, a verification, a copy or an operation log.

From 1.1 on, what is in a list says how many resources there are, and what is
shown alone has them all: there may be 10,000.
"""

import json
from typing import Any

from microversion_parse import Version

from karbor.api.schemas.method import V1_1
from karbor.api.views import times
from karbor.model import states
from karbor.model.operation import Operation
from karbor.model.operation import OperationResource

# enough to see, few enough to read
LISTED = 100


def show(operation: Operation) -> dict[str, Any]:
    """One operation in a list."""
    return {
        'id': operation.id, 'type': operation.type,
        'status': operation.status, 'project_id': operation.project_id,
        'user_id': operation.user_id, 'provider_id': operation.provider_id,
        'checkpoint_id': operation.checkpoint_id,
        'plan_id': operation.plan_id,
        'scheduled_operation_id': operation.scheduled_operation_id,
        'parameters': operation.parameters,
        'attempt': operation.attempt,
        'cancel_requested_at': times.exact(operation.cancel_requested_at),
        **_how_far(operation)}


def detail(operation: Operation) -> dict[str, Any]:
    """One operation alone."""
    return {**show(operation), 'resources': resources(operation)}


def resources(operation: Operation) -> list[dict[str, Any]]:
    """The resources of an operation, in the order of the graph."""
    return [{
        'type': one.type, 'id': one.id, 'name': one.name,
        'status': one.status, 'fraction': one.fraction,
        'bytes_done': one.bytes_done, 'bytes_total': one.bytes_total,
        'reason': one.reason, 'new_id': one.new_id}
        for one in operation.resources or ()]


def _how_far(operation: Operation) -> dict[str, Any]:
    return {
        'reason': operation.reason, 'fraction': operation.fraction,
        'bytes_done': operation.bytes_done,
        'bytes_total': operation.bytes_total,
        'resources_count': operation.resource_count,
        'created_at': times.exact(operation.created_at),
        'started_at': times.exact(operation.started_at),
        'ended_at': times.exact(operation.ended_at)}


def most(version: Version) -> int:
    """How many resources of each operation a list is to show."""
    return LISTED if version < V1_1 else 0


def restore(operation: Operation, version: Version, *,
            alone: bool = False) -> dict[str, Any]:
    """One restore.

    :param alone: not in a list
    """
    # restoring into another cloud is refused when it is asked for
    return {**_use(operation, version, alone), 'restore_target': None}


def verification(operation: Operation, version: Version, *,
                 alone: bool = False) -> dict[str, Any]:
    """One verification.

    :param alone: not in a list
    """
    return _use(operation, version, alone)


def copy(operation: Operation, version: Version) -> dict[str, Any]:
    """A copy that was asked for; the rest tells its checkpoint."""
    shown = {
        'project_id': operation.project_id,
        'provider_id': operation.provider_id, 'plan_id': operation.plan_id,
        'checkpoint_id': operation.checkpoint_id,
        'parameters': operation.parameters}
    if version >= V1_1:
        shown['source_checkpoint_id'] = operation.source_checkpoint_id
        shown['operation_id'] = operation.id
    return shown


def _use(operation: Operation, version: Version,
         alone: bool) -> dict[str, Any]:
    """An operation that only uses its checkpoint."""
    shown: dict[str, Any] = {
        'id': operation.id, 'project_id': operation.project_id,
        'provider_id': operation.provider_id,
        'checkpoint_id': operation.checkpoint_id,
        'parameters': operation.parameters,
        'status': _status(operation)}
    if version >= V1_1:
        shown |= _how_far(operation)
        if alone:
            shown['resources'] = resources(operation)
        return shown
    found = operation.resources or ()
    words = states.V1_RESOURCE_STATUS[operation.type]
    return {
        **shown,
        'resources_status': {_key(resource): words[resource.status]
                             for resource in found},
        'resources_reason': {_key(resource): resource.reason
                             for resource in found if resource.reason}}


def log(operation: Operation, version: Version, *,
        alone: bool = False) -> dict[str, Any]:
    """One operation log, with the resources that were read.

    :param alone: not in a list
    """
    shown: dict[str, Any] = {
        'id': operation.id, 'operation_type': operation.type,
        'checkpoint_id': operation.checkpoint_id,
        'plan_id': operation.plan_id, 'provider_id': operation.provider_id,
        'restore_id': operation.id if operation.type == 'restore' else None,
        'scheduled_operation_id': operation.scheduled_operation_id,
        'status': _status(operation)}
    if version >= V1_1:
        shown |= {'project_id': operation.project_id, **_how_far(operation)}
        if alone:
            shown['resources'] = resources(operation)
        return shown
    failed = operation.status in ('error', 'cancelled')
    return {
        **shown,
        'started_at': times.naive(operation.started_at),
        'ended_at': times.naive(operation.ended_at),
        'error_info': operation.reason if failed else None,
        'extra_info': json.dumps(_progress(operation))}


def _progress(operation: Operation) -> dict[str, Any]:
    words = states.V1_RESOURCE_STATUS[operation.type]
    found = operation.resources or ()
    return {
        'progress': operation.fraction,
        'bytes_done': operation.bytes_done,
        'bytes_total': operation.bytes_total,
        'resources_count': operation.resource_count,
        'resources': [{
            'type': resource.type, 'id': resource.id, 'name': resource.name,
            'status': words[resource.status], 'progress': resource.fraction,
            'bytes_done': resource.bytes_done,
            'bytes_total': resource.bytes_total, 'reason': resource.reason}
            for resource in found]}


def _status(operation: Operation) -> str:
    return states.V1_OPERATION_STATUS[operation.type][operation.status]


def _key(resource: OperationResource) -> str:
    return f'{resource.type}#{resource.id}'
