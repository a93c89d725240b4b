# SPDX-License-Identifier: Apache-2.0
"""The queue of operations: limits, and what one that waits is told."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Limits:
    """How many operations may run at the same time, over all workers.

    0 is no limit, and so is a provider that is not named.

    :ivar project: of each project
    :ivar providers: of a provider, by its id
    """

    project: int = 0
    providers: Mapping[str, int] = field(default_factory=dict)

    def provider(self, provider_id: str) -> int:
        return self.providers.get(provider_id, 0)

    def to_dict(self) -> dict[str, Any]:
        return {'project': self.project, 'providers': dict(self.providers)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> 'Limits':
        return cls(values.get('project', 0), values.get('providers', {}))


NONE = Limits()


@dataclass(frozen=True, slots=True)
class Running:
    """An operation that is running, or whose worker fell silent.

    :ivar lanes: in which nothing else may run
    :ivar silent: its lease is over, so it is to be resumed
    """

    id: str
    type: str
    project_id: str
    provider_id: str
    lanes: frozenset[str]
    silent: bool


@dataclass(frozen=True, slots=True)
class Head:
    """The first operation of a queue whose lane is free.

    :ivar lanes: all that it is in; of the others, some may not be free
    """

    id: str
    project_id: str
    provider_id: str
    created_at: Any
    lanes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Waiting:
    """What is told of an operation that waits.

    :ivar position: from 1, among those of its project and provider
    :ivar reason: a sentence
    """

    position: int
    reason: str


def count(running: Iterable[Running], name: str) -> dict[str, int]:
    """How many run, by an attribute of theirs."""
    counted: dict[str, int] = {}
    for one in running:
        value = getattr(one, name)
        counted[value] = counted.get(value, 0) + 1
    return counted


def pick(heads: Iterable[Head], running: Iterable[Running],
         limits: Limits, turns: Mapping[str, int] | None = None,
         ) -> Head | None:
    """Whose turn it is: of the project that has the fewest running.

    Of equal ones, the one whose last turn was before that of the others, and
    of those the one that has waited longest.

    :param turns: numbers that grow, by project; one that is not there had none
    """
    turns = turns or {}
    running = tuple(running)
    projects = count(running, 'project_id')
    providers = count(running, 'provider_id')

    def may_run(head: Head) -> bool:
        at_provider = limits.provider(head.provider_id)
        return not (
            0 < limits.project <= projects.get(head.project_id, 0)
            or 0 < at_provider <= providers.get(head.provider_id, 0))

    return min(filter(may_run, heads), default=None, key=lambda head: (
        projects.get(head.project_id, 0), turns.get(head.project_id, 0),
        head.created_at, head.id))
