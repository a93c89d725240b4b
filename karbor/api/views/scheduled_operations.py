# SPDX-License-Identifier: Apache-2.0
"""How a scheduled operation is shown."""

from typing import Any

from microversion_parse import Version

from karbor.api.schemas.method import V1_1
from karbor.api.schemas.method import V1_2
from karbor.api.views import times
from karbor.model.scheduled_operation import ScheduledOperation


def show(operation: ScheduledOperation, version: Version) -> dict[str, Any]:
    """One operation, in lists too."""
    shown: dict[str, Any] = {
        'id': operation.id, 'name': operation.name,
        'description': operation.description,
        'operation_type': operation.operation_type,
        'trigger_id': operation.trigger_id,
        'operation_definition': dict(operation.operation_definition),
        'enabled': operation.enabled}
    if version >= V1_1:
        shown['project_id'] = operation.project_id
        shown['user_id'] = operation.user_id
        shown['created_at'] = times.exact(operation.created_at)
        shown['updated_at'] = times.exact(operation.updated_at)
    if version >= V1_2:
        shown['overlap'] = operation.overlap
        shown['complete_within'] = operation.complete_within
    return shown
