# SPDX-License-Identifier: Apache-2.0
"""How a protectable type and its instances are shown."""

from collections.abc import Mapping
from typing import Any


def show(type_: Mapping[str, Any]) -> dict[str, Any]:
    """One type."""
    return {'name': type_['name'],
            'dependent_types': list(type_['dependent_types'])}


def instance(found: Mapping[str, Any]) -> dict[str, Any]:
    """One instance, in lists too."""
    return {'id': found['id'], 'type': found['type'], 'name': found['name'],
            'extra_info': found['extra_info'],
            'dependent_resources': list(found['dependent_resources'])}
