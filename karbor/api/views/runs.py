# SPDX-License-Identifier: Apache-2.0
"""How a run is shown."""

from typing import Any

from karbor.api.views import times
from karbor.model.run import Run


def show(run: Run) -> dict[str, Any]:
    """One run, in lists too."""
    return {
        'id': run.id, 'scheduled_operation_id': run.scheduled_operation_id,
        'project_id': run.project_id, 'plan_id': run.plan_id,
        'trigger_id': run.trigger_id, 'origin': run.origin,
        'status': run.status, 'reason': run.reason, 'cause': run.cause,
        'late': run.late, 'expected_at': times.exact(run.expected_at),
        'triggered_at': times.exact(run.triggered_at),
        'start_by': times.exact(run.start_by),
        'complete_by': times.exact(run.complete_by),
        'waits_for': run.waits_for, 'checkpoint_id': run.checkpoint_id,
        'operation_id': run.operation_id,
        'started_at': times.exact(run.started_at),
        'ended_at': times.exact(run.ended_at)}
