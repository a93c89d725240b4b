# SPDX-License-Identifier: Apache-2.0
"""How limits are shown, of a project or of a class."""

from collections.abc import Mapping
from typing import Any

from karbor.model.quota import Usage


def show(limits: Mapping[str, int], id_: str | None = None) -> dict[str, Any]:
    """Limits by resource.

    :param id_: of what has them; the answer to a change does without
    """
    return dict(limits) if id_ is None else {**limits, 'id': id_}


def usage(usages: Mapping[str, Usage], id_: str) -> dict[str, Any]:
    """Limits, and what is in use."""
    shown: dict[str, Any] = {
        # nothing is ever reserved: rows are counted when they are made
        resource: {'limit': usage.limit, 'in_use': usage.in_use,
                   'reserved': 0}
        for resource, usage in usages.items()}
    return {**shown, 'id': id_}
