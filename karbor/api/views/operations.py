# SPDX-License-Identifier: Apache-2.0
"""How an operation is shown: as what v1 calls it, and as operation log."""

import datetime
import json
from typing import Any

from microversion_parse import Version

from karbor.api.schemas.method import V1_1
from karbor.api.views import times
from karbor.model import states
from karbor.model.operation import Operation
from karbor.model.operation import OperationResource

_TIME = '%Y-%m-%dT%H:%M:%S.%f'


def restore(operation: Operation) -> dict[str, Any]:
    """One restore, in lists too."""
    # restoring into another cloud is refused when it is asked for
    return {**_use(operation), 'restore_target': None}


def verification(operation: Operation, version: Version) -> dict[str, Any]:
    """One verification, in lists too."""
    shown = _use(operation)
    if version >= V1_1:
        shown |= {
            'reason': operation.reason, 'progress': operation.fraction,
            'bytes_done': operation.bytes_done,
            'bytes_total': operation.bytes_total,
            'created_at': times.exact(operation.created_at),
            'started_at': times.exact(operation.started_at),
            'ended_at': times.exact(operation.ended_at)}
    return shown


def copy(operation: Operation, version: Version) -> dict[str, Any]:
    """A copy that was asked for; the rest tells its checkpoint."""
    shown = {
        'project_id': operation.project_id,
        'provider_id': operation.provider_id, 'plan_id': operation.plan_id,
        'checkpoint_id': operation.checkpoint_id,
        'parameters': operation.request.get('parameters', {})}
    if version >= V1_1:
        shown['source_checkpoint_id'] = operation.source_checkpoint_id
        shown['operation_id'] = operation.id
    return shown


def _use(operation: Operation) -> dict[str, Any]:
    """An operation that only uses its checkpoint."""
    resources = operation.resources or ()
    words = states.V1_RESOURCE_STATUS[operation.type]
    return {
        'id': operation.id, 'project_id': operation.project_id,
        'provider_id': operation.provider_id,
        'checkpoint_id': operation.checkpoint_id,
        'parameters': operation.request.get('parameters', {}),
        'status': _status(operation),
        'resources_status': {_key(resource): words[resource.status]
                             for resource in resources},
        'resources_reason': {_key(resource): resource.reason
                             for resource in resources if resource.reason}}


def log(operation: Operation) -> dict[str, Any]:
    """One operation log, with the resources that were read."""
    failed = operation.status in ('error', 'cancelled')
    return {
        'id': operation.id, 'operation_type': operation.type,
        'checkpoint_id': operation.checkpoint_id,
        'plan_id': operation.plan_id, 'provider_id': operation.provider_id,
        'restore_id': operation.id if operation.type == 'restore' else None,
        'scheduled_operation_id': operation.scheduled_operation_id,
        'status': _status(operation),
        'started_at': _time(operation.started_at),
        'ended_at': _time(operation.ended_at),
        'error_info': operation.reason if failed else None,
        'extra_info': json.dumps(_progress(operation))}


def _progress(operation: Operation) -> dict[str, Any]:
    words = states.V1_RESOURCE_STATUS[operation.type]
    resources = operation.resources or ()
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
            for resource in resources]}


def _status(operation: Operation) -> str:
    return states.V1_OPERATION_STATUS[operation.type][operation.status]


def _key(resource: OperationResource) -> str:
    return f'{resource.type}#{resource.id}'


def _time(value: datetime.datetime | None) -> str | None:
    return None if value is None else value.strftime(_TIME)
