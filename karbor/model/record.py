# SPDX-License-Identifier: Apache-2.0
"""What a restore said that it was about to do, so that it can be undone."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Record:
    """One thing outside, named before a restore touches it.

    :ivar kind: what it is, a word or two that a user reads: ``directory``
    :ivar name: which one, as a user knows it and as an undo finds it
    :ivar details: plain data (JSON) that only the plugin reads
    :ivar made: False if the thing is there already and is overwritten
    """

    kind: str
    name: str
    details: Mapping[str, Any] = field(default_factory=dict)
    made: bool = True

    def to_list(self) -> list[Any]:
        """As it is stored."""
        return [int(self.made), self.kind, self.name,
                *([dict(self.details)] if self.details else ())]

    @classmethod
    def from_list(cls, stored: list[Any]) -> 'Record':
        """The reverse of `to_list`."""
        made, kind, name, *details = stored
        return cls(kind, name, details[0] if details else {}, bool(made))
