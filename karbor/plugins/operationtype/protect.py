# SPDX-License-Identifier: Apache-2.0
"""Protect a plan."""

from collections.abc import Mapping
from typing import Any

from karbor import plugin


class Protect(plugin.OperationType):
    """The operation type ``protect``; it removes nothing."""

    def run(self, definition: Mapping[str, Any],
            actions: plugin.Actions) -> None:
        actions.protect()
