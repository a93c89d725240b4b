# SPDX-License-Identifier: Apache-2.0
"""The suite of event sources passes a sound one and refuses broken ones."""

import unittest

import pytest

from karbor import plugin
from karbor.plugin import testing
from karbor.tests.conformance import suites

COLOURS = {'type': 'array', 'items': {'type': 'string'},
           'description': 'expected a list of colours'}


class Sound(plugin.EventSource):
    """Events of some colours."""

    arrives = plugin.WEBHOOK
    members = {'colours': COLOURS}
    required = frozenset({'colours'})

    def check(self, properties):
        if 'none' in properties['colours']:
            raise plugin.Invalid(field='colours', reason='none is no colour')

    def matches(self, properties, event):
        return event.payload.get('colour') in properties['colours']


def suite_of(made):
    class Suite(testing.EventSourceConformance):
        def make_source(self):
            return made()

        def properties(self):
            return {'colours': ['red', 'blue']}

        def wanted(self):
            return [('paint', {'colour': 'red'}),
                    ('paint', {'colour': 'blue'})]

        def unwanted(self):
            return [('paint', {'colour': 'grey'}), ('paint', {'a': 1})]

        def malformed(self):
            return [{}, {'colours': 'red'}, {'colours': ['none']},
                    {'colours': [], 'size': 1}]
    return Suite


# -- how an event source can be broken ----------------------------------------

def broken(**attributes):
    return type('Broken', (Sound,), attributes)


def takes_all(self, properties):
    """Looks at nothing."""


def names_no_field(self, properties):
    if 'none' in properties['colours']:
        raise plugin.Invalid('no')


def takes_no_text(self, properties):
    Sound.check(self, properties)
    if 'red' in properties['colours']:
        raise plugin.Invalid(field='colours', reason='red is no colour')


def sorts(self, properties):
    Sound.check(self, properties)
    properties['colours'].sort()


def blind(self, properties, event):
    return False


def says_what(self, properties, event):
    return [one for one in properties['colours']
            if one == event.payload.get('colour')]


def eager(self, properties, event):
    return True


def once(self, properties, event):
    """Only the first one of each kind."""
    seen = self.__dict__.setdefault('seen', [])
    if event.payload in seen:
        return False
    seen.append(event.payload)
    return Sound.matches(self, properties, event)


def takes_away(self, properties, event):
    found = Sound.matches(self, properties, event)
    event.payload.pop('colour', None)
    return found


def wants_text(self, properties, event):
    return (len(event.payload) == 1
            and next(iter(event.payload.values())).lower()
            in properties['colours'])


def trusts(self, properties, event):
    return event.payload['colour'] in properties['colours']


BREAKAGES = [
    (broken(arrives='pigeon'), 'test_it_says_how_its_events_arrive'),
    (broken(members={'colours': COLOURS, 'debounce': COLOURS}),
     'test_members_have_schemas_that_say_what_was_expected'),
    (broken(members={'colours': {'type': 'array'}}),
     'test_members_have_schemas_that_say_what_was_expected'),
    (broken(members={'colours': {**COLOURS, 'type': 'list'}}),
     'test_members_have_schemas_that_say_what_was_expected'),
    (broken(required=frozenset({'colours', 'size'})),
     'test_members_have_schemas_that_say_what_was_expected'),
    (broken(check=takes_no_text), 'test_sound_properties_are_taken'),
    (broken(check=sorts), 'test_sound_properties_are_taken'),
    (broken(check=takes_all), 'test_what_is_wrong_is_refused'),
    (broken(check=names_no_field), 'test_what_is_wrong_is_refused'),
    (broken(required=frozenset()), 'test_what_is_wrong_is_refused'),
    (broken(matches=blind), 'test_wanted_events_match'),
    (broken(matches=says_what), 'test_wanted_events_match'),
    (broken(matches=eager), 'test_other_events_do_not_match'),
    (broken(matches=once), 'test_the_order_of_questions_does_not_matter'),
    (broken(matches=takes_away), 'test_nothing_is_changed'),
    (broken(matches=wants_text), 'test_whatever_is_sent_has_an_answer'),
    (broken(matches=trusts), 'test_whatever_is_sent_has_an_answer'),
]


def test_a_sound_source_passes():
    assert suites.failures(suite_of(Sound)) == set()


@pytest.mark.parametrize(('made', 'test'), BREAKAGES)
def test_a_broken_source_is_refused(made, test):
    assert test in suites.failures(suite_of(made))


def test_every_test_of_the_suite_has_caught_something():
    tests = unittest.TestLoader().getTestCaseNames(suite_of(Sound))
    assert set(tests) == {test for _made, test in BREAKAGES}
