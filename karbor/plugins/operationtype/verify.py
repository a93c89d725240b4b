# SPDX-License-Identifier: Apache-2.0
"""Prove that the newest checkpoints of a plan can be restored."""

from collections.abc import Mapping
from typing import Any

from karbor import plugin

MOST = 10
MOST_SUBSETS = 1000


class Verify(plugin.OperationType):
    """The operation type ``verify``."""

    members = {
        'checkpoints': {
            'type': 'integer', 'minimum': 1, 'maximum': MOST,
            'description': 'expected how many of the newest available '
                           f'checkpoints to verify: 1 to {MOST}'},
        'subsets': {
            'type': 'integer', 'minimum': 1, 'maximum': MOST_SUBSETS,
            'description': 'expected in how many runs all resources are '
                           f'verified: 1 to {MOST_SUBSETS}'}}

    def run(self, definition: Mapping[str, Any],
            actions: plugin.Actions) -> None:
        found = actions.available(definition.get('checkpoints', 1))
        if not found:
            actions.skip('The plan has no available checkpoint to verify.')
        actions.verify(found, subsets=definition.get('subsets', 1))
