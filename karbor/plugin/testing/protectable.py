# SPDX-License-Identifier: Apache-2.0
"""What every protectable plugin must do, as a suite of tests.

Subclass `ProtectableConformance` and tell it how to make your plugin, and
what exists for whom.
"""

from collections.abc import Mapping, Sequence
import json
from typing import ClassVar
import uuid

from karbor.model.resource import Resource
from karbor.plugin.base import Context
from karbor.plugin.errors import InstanceNotFound
from karbor.plugin.protectable import ProtectablePlugin
from karbor.plugin.testing.suite import Suite


class ProtectableConformance(Suite):
    """The suite; its own methods are what a plugin's author fills in.

    :cvar fenced: resources belong to projects; False for those that all
        projects share
    :cvar knows_all: whatever id is asked for exists
    :cvar single: a project has no more than one of the type
    """

    __test__ = False
    fenced: ClassVar[bool] = True
    knows_all: ClassVar[bool] = False
    single: ClassVar[bool] = False

    # -- for the author of a plugin -----------------------------------------

    def make_plugin(self) -> ProtectablePlugin:
        """A new plugin, each time, for the same outside."""
        raise NotImplementedError

    def owner(self) -> Context:
        """Of a project that owns resources of the type: at least two.

        One, where it cannot have more.
        """
        return Context(project_id='owner')

    def stranger(self) -> Context:
        """Of a project that owns other resources of the type, or none."""
        return Context(project_id='stranger')

    def expected(self) -> Sequence[str]:
        """Ids of all that the owner has, in any order."""
        raise NotImplementedError

    def parents(self) -> Mapping[Resource, Sequence[str]]:
        """Resources of the owner that depend on some of the type.

        With the ids of those, and at least one that depends on none.
        """
        return {}

    # -- the suite ----------------------------------------------------------

    def test_declaration(self) -> None:
        plugin = self.make_plugin()
        self.assertIsInstance(plugin.resource_type, str)
        self.assertTrue(plugin.resource_type)
        self.assertNotIn(plugin.resource_type, plugin.parent_types)
        for parent in self.parents():
            self.assertIn(parent.type, plugin.parent_types)
        if plugin.parent_types:
            self.assertTrue(self.parents(), 'parents() is to name some')

    def test_list_is_complete(self) -> None:
        self.assertGreaterEqual(len(self.expected()),
                                1 if self.single else 2, 'too few to tell')
        found = self.make_plugin().list(self.owner(), {})
        self.assertEqual(sorted(self.expected()),
                         sorted(resource.id for resource in found))

    def test_list_has_resources_of_the_type(self) -> None:
        plugin = self.make_plugin()
        for resource in plugin.list(self.owner(), {}):
            self._is_one(plugin, resource)

    def test_list_has_a_stable_order(self) -> None:
        plugin = self.make_plugin()
        first = [r.id for r in plugin.list(self.owner(), {})]
        self.assertEqual(first, [r.id for r in plugin.list(self.owner(), {})])
        self.assertEqual(first, [r.id for r in self.make_plugin().list(
            self.owner(), {})])

    def test_show_tells_what_list_tells(self) -> None:
        plugin = self.make_plugin()
        for resource in plugin.list(self.owner(), {}):
            shown = plugin.show(self.owner(), resource.id, {})
            self.assertEqual(resource.to_dict(), shown.to_dict())

    def test_what_does_not_exist_is_not_found(self) -> None:
        plugin = self.make_plugin()
        for unknown in (str(uuid.uuid4()), 'no/such ..\N{SNOWMAN}'):
            if self.knows_all:
                self.assertEqual(unknown, plugin.show(
                    self.owner(), unknown, {}).id)
            else:
                with self.assertRaises(InstanceNotFound):
                    plugin.show(self.owner(), unknown, {})
                self.assertEqual({}, dict(plugin.find(self.owner(),
                                                      [unknown])))

    def test_find_answers_for_many(self) -> None:
        plugin = self.make_plugin()
        found = plugin.find(self.owner(), list(self.expected()))
        self.assertEqual(set(self.expected()), set(found))
        for resource_id, resource in found.items():
            self._is_one(plugin, resource)
            self.assertEqual(resource_id, resource.id)

    def test_a_stranger_finds_nothing(self) -> None:
        if not self.fenced:
            # all share them, so a stranger finds the same
            self.assertEqual(
                sorted(self.expected()),
                sorted(r.id for r in self.make_plugin().list(
                    self.stranger(), {})))
            return
        # in both orders, with one plugin: it must not remember who asked
        for first, second in ((self.owner(), self.stranger()),
                              (self.stranger(), self.owner())):
            plugin = self.make_plugin()
            plugin.list(first, {})
            self._fence(plugin, second)
            self._fence(plugin, first)

    def test_dependents_are_those_of_the_parents(self) -> None:
        plugin, parents = self.make_plugin(), self.parents()
        self.assertEqual({}, dict(plugin.dependents(self.owner(), ())))
        by_type: dict[str, list[Resource]] = {}
        for parent in parents:
            by_type.setdefault(parent.type, []).append(parent)
        for group in by_type.values():
            answer = plugin.dependents(self.owner(), tuple(group))
            self.assertEqual({p.key for p in group}, set(answer))
            for parent in group:
                children = answer[parent.key]
                self.assertEqual(sorted(parents[parent]),
                                 sorted(child.id for child in children))
                for child in children:
                    self._is_one(plugin, child)
                one = plugin.dependents(self.owner(), (parent,))
                self.assertEqual(list(children), list(one[parent.key]))

    # -- helpers ------------------------------------------------------------

    def _is_one(self, plugin: ProtectablePlugin, resource: object) -> None:
        assert isinstance(resource, Resource), f'{resource!r}'
        self.assertEqual(plugin.resource_type, resource.type)
        self.assertIsInstance(resource.id, str)
        self.assertIsInstance(resource.name, str)
        plain = resource.to_dict()
        self.assertEqual(plain, json.loads(json.dumps(plain)))

    def _fence(self, plugin: ProtectablePlugin, context: Context) -> None:
        listed = {r.id for r in plugin.list(context, {})}
        mine = set(self.expected())
        if context.project_id == self.owner().project_id:
            self.assertEqual(mine, listed)
            return
        self.assertEqual(set(), listed & mine)
        for resource_id in mine:
            with self.assertRaises(InstanceNotFound):
                plugin.show(context, resource_id, {})
        self.assertEqual({}, dict(plugin.find(context, list(mine))))
