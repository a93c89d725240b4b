# SPDX-License-Identifier: Apache-2.0
"""The protectable suite passes a sound plugin and refuses broken ones."""

import itertools
import unittest

import pytest

from karbor import plugin
from karbor.plugin import testing
from karbor.tests.conformance import suites

TYPE, PARENT = 'Test::Page', 'Test::Book'
OWNED = {'owner': {'a': 'b1', 'b': 'b1', 'c': 'b2'}, 'stranger': {'d': 'b4'}}


class Sound(plugin.ProtectablePlugin):
    resource_type = TYPE
    parent_types = frozenset({PARENT})

    def __init__(self):
        self.config = None

    def list(self, context, parameters):
        return [self.one(found) for found in sorted(self.owned(context))]

    def show(self, context, resource_id, parameters):
        if resource_id not in self.owned(context):
            raise plugin.InstanceNotFound(type=TYPE, id=resource_id)
        return self.one(resource_id)

    def dependents(self, context, parents):
        owned = self.owned(context)
        return {parent.key: [self.one(page) for page in sorted(owned)
                             if owned[page] == parent.id]
                for parent in parents}

    def owned(self, context):
        return OWNED[context.project_id]

    def one(self, found):
        return plugin.Resource(TYPE, found, f'page {found}', {'n': 1})


def suite_of(made):
    class Suite(testing.ProtectableConformance):
        def make_plugin(self):
            return made()

        def expected(self):
            return list(OWNED['owner'])

        def parents(self):
            return {plugin.Resource(PARENT, 'b1'): ['a', 'b'],
                    plugin.Resource(PARENT, 'b2'): ['c'],
                    plugin.Resource(PARENT, 'b3'): []}
    return Suite


# -- how a plugin can be broken -----------------------------------------------

class NoType(Sound):
    resource_type = ''


class ItsOwnParent(Sound):
    parent_types = frozenset({PARENT, TYPE})


class FirstPageOnly(Sound):
    def list(self, context, parameters):
        return super().list(context, parameters)[:2]


class Dictionaries(Sound):
    def list(self, context, parameters):
        return [found.to_dict() for found in super().list(context,
                                                          parameters)]


class NotPlain(Sound):
    def one(self, found):
        return plugin.Resource(TYPE, found, found, {'set': {1}})


class AnyOrder(Sound):
    turns = itertools.count()

    def list(self, context, parameters):
        found = super().list(context, parameters)
        return found[::-1] if next(self.turns) % 2 else found


class TellsLess(Sound):
    def show(self, context, resource_id, parameters):
        super().show(context, resource_id, parameters)
        return plugin.Resource(TYPE, resource_id)


class MakesUp(Sound):
    def show(self, context, resource_id, parameters):
        return self.one(resource_id)


class AnswersNone(Sound):
    def show(self, context, resource_id, parameters):
        if resource_id in self.owned(context):
            return self.one(resource_id)
        return None


class FindsHalf(Sound):
    def find(self, context, resource_ids):
        return super().find(context, resource_ids[1:])


class NoFence(Sound):
    def owned(self, context):
        return {**OWNED['owner'], **OWNED['stranger']}


class NoFenceInShow(Sound):
    def show(self, context, resource_id, parameters):
        if any(resource_id in owned for owned in OWNED.values()):
            return self.one(resource_id)
        raise plugin.InstanceNotFound(type=TYPE, id=resource_id)


class KeepsTheFirstContext(Sound):
    def owned(self, context):
        self.first = getattr(self, 'first', context)
        return OWNED[self.first.project_id]


class OneParentOnly(Sound):
    def dependents(self, context, parents):
        return super().dependents(context, parents[:1])


class LeavesOutTheChildless(Sound):
    def dependents(self, context, parents):
        return {key: found for key, found
                in super().dependents(context, parents).items() if found}


class WrongKeys(Sound):
    def dependents(self, context, parents):
        return {key[1]: found for key, found
                in super().dependents(context, parents).items()}


class AllChildren(Sound):
    def dependents(self, context, parents):
        return {parent.key: self.list(context, {}) for parent in parents}


BREAKAGES = [
    (NoType, 'test_declaration'),
    (ItsOwnParent, 'test_declaration'),
    (FirstPageOnly, 'test_list_is_complete'),
    (Dictionaries, 'test_list_has_resources_of_the_type'),
    (NotPlain, 'test_list_has_resources_of_the_type'),
    (AnyOrder, 'test_list_has_a_stable_order'),
    (TellsLess, 'test_show_tells_what_list_tells'),
    (MakesUp, 'test_what_does_not_exist_is_not_found'),
    (AnswersNone, 'test_what_does_not_exist_is_not_found'),
    (FindsHalf, 'test_find_answers_for_many'),
    (NoFence, 'test_a_stranger_finds_nothing'),
    (NoFenceInShow, 'test_a_stranger_finds_nothing'),
    (KeepsTheFirstContext, 'test_a_stranger_finds_nothing'),
    (OneParentOnly, 'test_dependents_are_those_of_the_parents'),
    (LeavesOutTheChildless, 'test_dependents_are_those_of_the_parents'),
    (WrongKeys, 'test_dependents_are_those_of_the_parents'),
    (AllChildren, 'test_dependents_are_those_of_the_parents'),
]


def test_a_sound_plugin_passes():
    assert suites.failures(suite_of(Sound)) == set()


@pytest.mark.parametrize(('made', 'test'), BREAKAGES)
def test_a_broken_plugin_is_refused(made, test):
    assert test in suites.failures(suite_of(made))


def test_every_test_of_the_suite_has_caught_something():
    tests = unittest.TestLoader().getTestCaseNames(suite_of(Sound))
    assert set(tests) == {test for _made, test in BREAKAGES}


def test_the_base_itself_is_no_test():
    result = unittest.TestResult()
    unittest.TestLoader().loadTestsFromTestCase(
        testing.ProtectableConformance).run(result)
    assert result.testsRun == 0
    assert result.skipped
