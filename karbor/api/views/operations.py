# SPDX-License-Identifier: Apache-2.0
"""How an operation is shown: also as what v1 makes of one.

That is a restore, a verification, a copy or an operation log.

From 1.1 on, what is in a list says how many resources there are, and what is
shown alone has them all: there may be 10,000.
"""

from collections.abc import Mapping
import json
from typing import Any

from microversion_parse import Version

from karbor.api.schemas.method import V1_1
from karbor.api.schemas.method import V1_2
from karbor.api.schemas.operations import NEW_STATUSES
from karbor.api.views import times
from karbor.model import states
from karbor.model.operation import Operation
from karbor.model.operation import OperationResource
from karbor.model.queue import Waiting

# enough to see, few enough to read
LISTED = 100


def show(operation: Operation, version: Version,
         waiting: Mapping[str, Waiting]) -> dict[str, Any]:
    """One operation in a list.

    :param waiting: what those are told that wait, by id; from 1.2 on
    """
    return {
        'id': operation.id, 'type': operation.type,
        'status': operation.status, 'project_id': operation.project_id,
        'user_id': operation.user_id, 'provider_id': operation.provider_id,
        'checkpoint_id': operation.checkpoint_id,
        'plan_id': operation.plan_id,
        'scheduled_operation_id': operation.scheduled_operation_id,
        **_run(operation, version),
        **({} if version < V1_2 else {
            'source_operation_id': operation.source_operation_id}),
        'parameters': operation.parameters,
        'attempt': operation.attempt,
        'cancel_requested_at': times.exact(operation.cancel_requested_at),
        **_how_far(operation), **_waiting(operation, version, waiting)}


def detail(operation: Operation, version: Version,
           waiting: Mapping[str, Waiting]) -> dict[str, Any]:
    """One operation alone."""
    return {**show(operation, version, waiting),
            'resources': resources(operation, version)}


def resources(operation: Operation,
              version: Version) -> list[dict[str, Any]]:
    """The resources of an operation, in the order of the graph."""
    unknown = NEW_STATUSES if version < V1_2 else ()
    return [{
        'type': one.type, 'id': one.id, 'name': one.name,
        'status': 'undefined' if one.status in unknown else one.status,
        'fraction': one.fraction,
        'bytes_done': one.bytes_done, 'bytes_total': one.bytes_total,
        'reason': one.reason, 'new_id': one.new_id}
        for one in operation.resources or ()]


def _run(operation: Operation, version: Version) -> dict[str, Any]:
    return {} if version < V1_2 else {
        'scheduled_run_id': operation.scheduled_run_id}


def _waiting(operation: Operation, version: Version,
             waiting: Mapping[str, Waiting]) -> dict[str, Any]:
    if version < V1_2:
        return {}
    told = waiting.get(operation.id)
    return {'waiting': None if told is None else {
        'position': told.position, 'reason': told.reason}}


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


def restore(operation: Operation, version: Version, *, alone: bool = False,
            undo: tuple[str, str] | None = None) -> dict[str, Any]:
    """One restore.

    :param alone: not in a list
    :param undo: id and status of the operation that undoes or has undone it
    """
    # restoring into another cloud is refused when it is asked for
    shown = {**_use(operation, version, alone), 'restore_target': None}
    if version >= V1_2:
        shown['undo'] = None if undo is None else {
            'operation_id': undo[0], 'status': undo[1]}
    return shown


def verification(operation: Operation, version: Version, *,
                 alone: bool = False) -> dict[str, Any]:
    """One verification.

    :param alone: not in a list
    """
    shown = _use(operation, version, alone)
    if version >= V1_2:
        shown['subset'] = operation.request.get('subset')
    return shown


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
            shown['resources'] = resources(operation, version)
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
        shown |= {'project_id': operation.project_id,
                  **_run(operation, version), **_how_far(operation)}
        if alone:
            shown['resources'] = resources(operation, version)
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
