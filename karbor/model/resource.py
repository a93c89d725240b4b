# SPDX-License-Identifier: Apache-2.0
"""A resource: one thing that can be protected."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Resource:
    """One thing that can be protected.

    :ivar type: resource type, for example ``OS::Cinder::Volume``
    :ivar id: its id in the system that owns it; opaque to Karbor
    :ivar name: what a person calls it
    :ivar extra_info: what its protectable plugin wants to know again, plain
        JSON data, or None

    Two resources are the same if type and id are: names change.
    """

    type: str
    id: str
    name: str = ''
    extra_info: Mapping[str, Any] | None = None

    @property
    def key(self) -> tuple[str, str]:
        """What identifies it: (type, id)."""
        return self.type, self.id

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Resource):
            return NotImplemented
        return self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    def __str__(self) -> str:
        return f'{self.type} {self.id}'

    def to_dict(self) -> dict[str, Any]:
        """Plain data in the shape of the REST API."""
        return {'id': self.id, 'type': self.type, 'name': self.name,
                'extra_info': (None if self.extra_info is None
                               else dict(self.extra_info))}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> 'Resource':
        """The reverse of :meth:`to_dict`; name and extra_info may lack."""
        return cls(type=data['type'], id=data['id'],
                   name=data.get('name') or '',
                   extra_info=data.get('extra_info'))
