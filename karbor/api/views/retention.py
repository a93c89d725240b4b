# SPDX-License-Identifier: Apache-2.0
"""How it is shown what a sweep of checkpoints would remove."""

from typing import Any

from karbor.actions.retention import Fate
from karbor.actions.retention import Simulation
from karbor.api.views import times


def show(simulation: Simulation) -> dict[str, Any]:
    """That of a scheduled operation."""
    return {'scheduled_operation_id': simulation.operation_id,
            **simulated(simulation),
            'next_sweep_at': times.exact(simulation.next_sweep_at),
            'reason': simulation.reason}


def simulated(simulation: Simulation) -> dict[str, Any]:
    """That of a rule that no operation has."""
    return {'plan_id': simulation.plan_id,
            'provider_id': simulation.provider_id,
            'checkpoints': [_fate(fate) for fate in simulation.fates]}


def _fate(fate: Fate) -> dict[str, Any]:
    checkpoint = fate.checkpoint
    return {'id': checkpoint.id,
            'created_at': times.exact(checkpoint.created_at),
            'status': checkpoint.status, 'origin': checkpoint.origin,
            'size': checkpoint.size, 'action': fate.action,
            'reason': fate.reason}
