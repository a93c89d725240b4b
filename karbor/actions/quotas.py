# SPDX-License-Identifier: Apache-2.0
"""How much a project may have."""

from karbor.conf import CONF


def limit(resource: str) -> int | None:
    """The most of a resource that a project may have; None is no limit."""
    configured = int(CONF.quota[resource])
    return None if configured < 0 else configured
