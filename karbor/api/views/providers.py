# SPDX-License-Identifier: Apache-2.0
"""How a provider is shown."""

from collections.abc import Mapping
from typing import Any

_SHOWN = ('id', 'name', 'description', 'extended_info_schema')


def show(provider: Mapping[str, Any]) -> dict[str, Any]:
    """One provider, in lists too."""
    return {key: provider[key] for key in _SHOWN}
