# SPDX-License-Identifier: Apache-2.0
"""A part of the resources of a checkpoint: subset n of t."""

from collections.abc import Mapping
from dataclasses import dataclass
import hashlib
from typing import Any

from karbor import exception
from karbor.i18n import _
from karbor.model.resource import Resource

MOST = 1000


@dataclass(frozen=True, slots=True)
class Subset:
    """Those resources whose digest, modulo ``of``, is ``number`` - 1.

    Nothing but type and id of a resource says in which subset it is. So
    subsets 1 to t have each resource exactly once, whenever they are asked
    for, of whichever checkpoint of a plan, and though others come and go. They
    are not of one size, and one may be empty.

    :ivar number: from 1
    :ivar of: how many subsets there are
    """

    number: int
    of: int

    def __post_init__(self) -> None:
        if not 1 <= self.of <= MOST:
            raise exception.Invalid(field='subset.of', reason=_(
                'expected 1 to %d') % MOST)
        if not 1 <= self.number <= self.of:
            raise exception.Invalid(field='subset.number', reason=_(
                'expected 1 to %d') % self.of)

    def __contains__(self, resource: Resource) -> bool:
        text = f'{resource.type}\0{resource.id}'
        # an id that was a file's name may have lone surrogates
        digest = hashlib.sha256(text.encode('utf-8', 'surrogatepass'))
        return (int.from_bytes(digest.digest()) % self.of
                == self.number - 1)

    def to_dict(self) -> dict[str, int]:
        """Plain data."""
        return {'number': self.number, 'of': self.of}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> 'Subset':
        """The reverse of :meth:`to_dict`.

        :raises exception.Invalid: a number is out of its range
        """
        return cls(data['number'], data['of'])
