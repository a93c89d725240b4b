# SPDX-License-Identifier: Apache-2.0
"""The suite of operation types passes a sound one and refuses broken ones."""

import contextlib
import datetime
import unittest

import pytest

from karbor import plugin
from karbor.plugin import testing
from karbor.tests.conformance import suites


class Sound(plugin.OperationType):
    """Verifies when there are enough checkpoints, and keeps so many."""

    members = {
        'least': {'type': 'integer', 'minimum': 1,
                  'description': 'expected how many there have to be'},
        'most': {'type': 'integer', 'minimum': 1,
                 'description': 'expected how many to keep'},
        'daily': {'type': 'integer', 'minimum': 1,
                  'description': 'expected of how many days to keep one'}}

    def check(self, definition):
        if definition.get('least', 1) > definition.get('most', 2 ** 31):
            raise plugin.Invalid(field='most', reason='expected more')

    def run(self, definition, actions):
        least = definition.get('least', 1)
        found = actions.available(least)
        if len(found) < least:
            actions.skip('There are too few.')
        actions.verify(found)

    def retention(self, definition, *, zone=datetime.UTC):
        if 'most' not in definition:
            return None
        periods = ({'daily': definition['daily']} if 'daily' in definition
                   else {})
        return plugin.Retention(number=definition['most'], periods=periods,
                                zone=zone)


def suite_of(made):
    class Suite(testing.OperationTypeConformance):
        def make_type(self):
            return made()

        def definitions(self):
            return [{}, {'least': 2}, {'most': 2, 'daily': 7}]

        def refused(self):
            return [({'least': 0}, 'least'), ({'daily': '1'}, 'daily'),
                    ({'least': 3, 'most': 2}, 'most')]
    return Suite


# -- how a type can be broken -------------------------------------------------

def broken(**methods):
    return type('Broken', (Sound,), methods)


def members(**changes):
    return broken(members={**Sound.members, **changes})


def refuses_all(self, definition):
    raise plugin.Invalid(field='most', reason='no')


def takes_all(self, definition):
    pass


def refuses_without_a_field(self, definition):
    if definition.get('least', 1) > definition.get('most', 2 ** 31):
        raise plugin.Invalid('no')


def refuses_at_length(self, definition):
    if definition.get('least', 1) > definition.get('most', 2 ** 31):
        raise plugin.Invalid(field='most', reason='no ' * 1000)


def does_nothing(self, definition, actions):
    """Without a word."""


def does_two_things(self, definition, actions):
    actions.protect()
    actions.protect()


def says_nothing(self, definition, actions):
    actions.skip('')


def verifies_whatever(self, definition, actions):
    actions.verify(['checkpoint-0'])


def verifies_twice(self, definition, actions):
    found = actions.available(1)
    if not found:
        actions.skip('There is none.')
    actions.verify([*found, *found])


def swallows(self, definition, actions):
    with contextlib.suppress(Exception):
        Sound.run(self, definition, actions)


def tries_something_else(self, definition, actions):
    try:
        Sound.run(self, definition, actions)
    except testing.Skipped:
        raise
    except Exception:
        actions.protect()
        raise


class Counts(Sound):
    runs = 0

    def run(self, definition, actions):
        self.runs += 1
        if self.runs % 2:
            actions.protect()
        else:
            super().run(definition, actions)


class KeepsWhatItKept(Sound):
    rule = None

    def retention(self, definition, *, zone=datetime.UTC):
        self.rule = self.rule or super().retention(definition, zone=zone)
        return self.rule


def strict(self, definition):
    Sound.check(self, definition)
    if not set(definition) <= {*self.members, 'provider_id', 'plan_id'}:
        raise plugin.Invalid(field='x', reason='what is that?')


def counts_members(self, definition, actions):
    if len(definition) > 4:
        actions.protect()
    else:
        Sound.run(self, definition, actions)


def keeps_by_members(self, definition, *, zone=datetime.UTC):
    return plugin.Retention(number=len(definition))


def takes_out(self, definition, actions):
    definition.pop('least', None)
    actions.protect()


def completes(self, definition):
    definition.setdefault('least', 1)


def rule(**changes):
    def retention(self, definition, *, zone=datetime.UTC):
        return plugin.Retention(**changes)
    return broken(retention=retention)


BREAKAGES = [
    (members(plan_id={'type': 'string', 'description': 'expected it'}),
     'test_members_are_declared'),
    (members(most={'type': 'integer'}), 'test_members_are_declared'),
    (members(most={'type': 'number!', 'description': 'expected it'}),
     'test_members_are_declared'),
    (members(most={'type': 'integer', 'description': 'expected it',
                   'enum': (1, 2)}), 'test_members_are_declared'),
    (broken(check=refuses_all), 'test_what_is_right_is_accepted'),
    (members(daily={'type': 'string', 'description': 'expected a text'}),
     'test_what_is_right_is_accepted'),
    (broken(check=takes_all), 'test_what_is_wrong_is_refused'),
    (broken(check=refuses_without_a_field), 'test_what_is_wrong_is_refused'),
    (broken(check=refuses_at_length), 'test_what_is_wrong_is_refused'),
    (broken(run=does_nothing), 'test_a_run_does_one_thing'),
    (broken(run=does_two_things), 'test_a_run_does_one_thing'),
    (broken(run=says_nothing), 'test_a_skip_says_why'),
    (broken(run=verifies_whatever), 'test_what_is_verified_is_available'),
    (broken(run=verifies_twice), 'test_what_is_verified_is_available'),
    (broken(run=swallows), 'test_what_an_action_raises_passes'),
    (broken(run=tries_something_else), 'test_what_an_action_raises_passes'),
    (Counts, 'test_it_remembers_nothing'),
    (KeepsWhatItKept, 'test_it_remembers_nothing'),
    (broken(check=strict), 'test_what_it_does_not_know_means_nothing'),
    (broken(run=counts_members), 'test_what_it_does_not_know_means_nothing'),
    (broken(retention=keeps_by_members),
     'test_what_it_does_not_know_means_nothing'),
    (broken(run=takes_out), 'test_a_definition_is_only_read'),
    (broken(check=completes), 'test_a_definition_is_only_read'),
    (broken(retention=lambda self, definition, **more: 7),
     'test_retention_is_a_rule'),
    (rule(number=2.0), 'test_retention_is_a_rule'),
    (rule(seconds=-1), 'test_retention_is_a_rule'),
    (rule(periods={'dayly': 1}), 'test_retention_is_a_rule'),
    (rule(periods={'daily': 0}), 'test_retention_is_a_rule'),
    (rule(number=1), 'test_periods_are_of_the_zone'),
]


def test_a_sound_type_passes():
    assert suites.failures(suite_of(Sound)) == set()


@pytest.mark.parametrize(('made', 'test'), BREAKAGES)
def test_a_broken_type_is_refused(made, test):
    assert test in suites.failures(suite_of(made))


def test_every_test_of_the_suite_has_caught_something():
    tests = unittest.TestLoader().getTestCaseNames(suite_of(Sound))
    assert set(tests) == {test for _made, test in BREAKAGES}
