# SPDX-License-Identifier: Apache-2.0
"""How a checkpoint is shown."""

import json
from typing import Any

from karbor.model.checkpoint import Checkpoint


def show(checkpoint: Checkpoint) -> dict[str, Any]:
    """One checkpoint, in lists too."""
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
