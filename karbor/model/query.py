# SPDX-License-Identifier: Apache-2.0
"""What a list request asks for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class ListQuery:
    """One page of a list.

    :ivar limit: at most so many items; None is no limit
    :ivar marker: id of the last item of the page before
    :ivar offset: items to leave out after the marker
    :ivar sort: (key, ``asc`` or ``desc``) pairs, most important first
    :ivar filters: wanted values by column
    :ivar all_projects: lift the project fence; only for administrators
    """

    limit: int | None = None
    marker: str | None = None
    offset: int = 0
    sort: tuple[tuple[str, str], ...] = ()
    filters: Mapping[str, Any] = field(default_factory=dict)
    all_projects: bool = False
