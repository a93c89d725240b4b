# SPDX-License-Identifier: Apache-2.0
"""A quota: how many of something a project may have."""

from dataclasses import dataclass

RESOURCES = ('plans', 'checkpoints')
UNLIMITED = -1
# what the column holds on every database
MOST = 2 ** 31 - 1
# the class that every project is in
DEFAULT_CLASS = 'default'


@dataclass(frozen=True, slots=True)
class Usage:
    """What a project may have of a resource, and what it has.

    :ivar limit: -1 is no limit
    :ivar in_use: counted now; may be more than a limit that was lowered
    """

    limit: int
    in_use: int
