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
    :ivar position: what that item was sorted by when it was seen, by key
        and without its id. With it the page begins where the one before
        ended, whatever has become of the item since; None: the page begins
        where the item is now.
    :ivar offset: items to leave out after the marker
    :ivar sort: (key, ``asc`` or ``desc``) pairs, most important first
    :ivar filters: wanted values by column
    :ivar all_projects: lift the project fence; only for administrators
    :ivar by: what decides, before the id, where all that is sorted by is
        equal, and if nothing was asked for
    """

    limit: int | None = None
    marker: str | None = None
    position: Mapping[str, Any] | None = None
    offset: int = 0
    sort: tuple[tuple[str, str], ...] = ()
    filters: Mapping[str, Any] = field(default_factory=dict)
    all_projects: bool = False
    by: str = 'created_at'

    def order(self) -> tuple[tuple[str, str], ...]:
        """What decides, down to the id: no two items are equal by it."""
        sort = self.sort or ((self.by, 'desc'),)
        order: dict[str, str] = {}
        for key, direction in (
                *sort, *((key, sort[0][1]) for key in (self.by, 'id'))):
            order.setdefault(key, direction)
            if key == 'id':
                break
        return tuple(order.items())
