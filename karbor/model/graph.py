# SPDX-License-Identifier: Apache-2.0
"""The graph of an application: its resources and what they depend on.

An edge leads from a parent to a child that it depends on (a server to its
volume). A child may have many parents. The graph is built breadth first with
one question for each resource type and level, never one for each resource.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
import json
from typing import Any

from karbor import exception
from karbor.i18n import _
from karbor.model.resource import Resource

Key = tuple[str, str]
Dependents = Callable[[str, Sequence[Resource]],
                      Mapping[Key, Sequence[Resource]]]


@dataclass(frozen=True)
class Graph:
    """An acyclic graph of resources.

    :ivar resources: all of them, parents before their children
    :ivar children: children of each resource by its key, in order
    :ivar depths: length of the longest way from a root, by key; every parent
        is less deep than its child
    """

    resources: tuple[Resource, ...]
    children: Mapping[Key, tuple[Resource, ...]]
    depths: Mapping[Key, int]

    @classmethod
    def of(cls, resources: Iterable[Resource],
           children: Mapping[Key, Sequence[Resource]]) -> 'Graph':
        """Order resources so that parents come first.

        :raises exception.Invalid: the dependencies form a circle
        """
        nodes = {resource.key: resource for resource in resources}
        edges: dict[Key, tuple[Resource, ...]] = {}
        waiting = dict.fromkeys(nodes, 0)
        for key in nodes:
            unique = dict.fromkeys(nodes[child.key]
                                   for child in children.get(key, ()))
            edges[key] = tuple(unique)
            for child in edges[key]:
                waiting[child.key] += 1
        depths = {key: 0 for key, count in waiting.items() if not count}
        order = list(depths)
        for key in order:                       # grows while it is walked
            for child in edges[key]:
                depths[child.key] = max(depths.get(child.key, 0),
                                        depths[key] + 1)
                waiting[child.key] -= 1
                if not waiting[child.key]:
                    order.append(child.key)
        if len(order) < len(nodes):
            stuck = next(nodes[key] for key in nodes if waiting[key] > 0)
            raise exception.Invalid(field='resources', reason=_(
                'the dependencies of %s form a circle') % stuck)
        return cls(tuple(nodes[key] for key in order), edges, depths)

    @classmethod
    def discover(cls, roots: Iterable[Resource],
                 dependents: Dependents) -> 'Graph':
        """Find everything that the roots depend on.

        :param roots: the resources that a user named
        :param dependents: asked once for each type in each level with
            (type, resources); answers children by the key of the parent.
            Whatever it raises ends the discovery: an incomplete graph is
            never returned.
        """
        found: dict[Key, Resource] = {}
        children: dict[Key, Sequence[Resource]] = {}
        level = list(dict.fromkeys(roots))
        while level:
            by_type: dict[str, list[Resource]] = {}
            for resource in level:
                found[resource.key] = resource
                by_type.setdefault(resource.type, []).append(resource)
            fresh: dict[Key, Resource] = {}
            for type_, parents in by_type.items():
                answer = dependents(type_, tuple(parents))
                for parent in parents:
                    children[parent.key] = tuple(answer.get(parent.key, ()))
                    for child in children[parent.key]:
                        if child.key not in found:
                            fresh.setdefault(child.key, child)
            level = list(fresh.values())
        return cls.of(found.values(), children)

    def children_of(self, resource: Resource) -> tuple[Resource, ...]:
        return self.children.get(resource.key, ())

    def levels(self) -> list[list[Resource]]:
        """Resources by depth; the parents of a level are in earlier ones."""
        result: list[list[Resource]] = []
        for resource in self.resources:
            depth = self.depths[resource.key]
            while len(result) <= depth:
                result.append([])
            result[depth].append(resource)
        return result

    def to_json(self) -> str:
        """The text form of the v1 contract.

        A list of two: resources by short id (``0x0``), each as
        ``[type, id, name, extra_info]``, and ``[parent, [children]]`` pairs.
        """
        short = {resource.key: hex(number)
                 for number, resource in enumerate(self.resources)}
        nodes = {short[r.key]: [r.type, r.id, r.name,
                                None if r.extra_info is None
                                else dict(r.extra_info)]
                 for r in self.resources}
        edges = [[short[r.key], [short[c.key] for c in self.children_of(r)]]
                 for r in self.resources if self.children_of(r)]
        return json.dumps([nodes, edges])

    @classmethod
    def from_json(cls, text: str) -> 'Graph':
        """The reverse of :meth:`to_json`."""
        nodes: dict[str, list[Any]]
        nodes, edges = json.loads(text)
        resources = {short: Resource(*fields)
                     for short, fields in nodes.items()}
        return cls.of(resources.values(),
                      {resources[parent].key: [resources[c] for c in kids]
                       for parent, kids in edges})
