# SPDX-License-Identifier: Apache-2.0
"""The contract of an event source: which events a trigger fires for.

A source reads events and nothing else: no file, no network, no clock. It is
asked for each event of a project and each of that project's triggers, so the
answer must come at once. What a trigger says comes from users, and an event
from anywhere, so neither may lead to an error.
"""

import abc
from collections.abc import Mapping
from typing import Any, ClassVar

from karbor.model.event import Event

# how events come to Karbor
WEBHOOK = 'webhook'
NOTIFICATION = 'notification'
# what every trigger of type event has; no source can have members called so
COMMON = ('source', 'window', 'debounce', 'min_interval')


class EventSource(abc.ABC):
    """A kind of events, and what triggers can ask of them.

    :cvar arrives: how its events come to Karbor: `WEBHOOK`, by calls of the
        URL that each such trigger has, or `NOTIFICATION`, over the bus of the
        cloud's services
    :cvar members: JSON schema of each property that a trigger may have beside
        those of `COMMON`. Its ``description`` tells users what was expected.
    :cvar required: names of those that a trigger must have
    """

    arrives: ClassVar[str]
    members: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    required: ClassVar[frozenset[str]] = frozenset()

    # most need none
    def check(self, properties: Mapping[str, Any]) -> None:  # noqa: B027
        """Refuse properties that do not go together.

        :param properties: those of `members`, each fits its schema
        :raises Invalid: of the field that is a name of a member
        """

    @abc.abstractmethod
    def matches(self, properties: Mapping[str, Any], event: Event) -> bool:
        """Whether a trigger fires for an event of its project.

        :param properties: of the trigger; they were checked, perhaps by an
            older release
        """
