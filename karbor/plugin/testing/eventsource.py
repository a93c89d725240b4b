# SPDX-License-Identifier: Apache-2.0
"""What every event source must do, as a suite of tests.

Subclass `EventSourceConformance` and tell it what your triggers say and which
events they want.
"""

from collections.abc import Mapping, Sequence
import copy
import datetime
import json
from typing import Any

import jsonschema

from karbor.model.event import Event
from karbor.plugin.errors import Invalid
from karbor.plugin.eventsource import COMMON
from karbor.plugin.eventsource import EventSource
from karbor.plugin.eventsource import NOTIFICATION
from karbor.plugin.eventsource import WEBHOOK
from karbor.plugin.testing.suite import Suite

_NOW = datetime.datetime(2027, 1, 1, tzinfo=datetime.UTC)


def _deep(depth: int) -> Any:
    found: Any = 'x'
    for _level in range(depth):
        found = {'a': [found]}
    return found


# what a stranger may send
_HOSTILE: Sequence[Mapping[str, Any]] = (
    {}, {'': ''}, {'a': None}, {'a': [[]], 'b': [{}]}, {'a.b': {'.': 1}},
    {'a': 10 ** 18, 'b': -1e308, 'c': True}, {'a': '\x00\N{SNOWMAN}'},
    _deep(30), {str(number): number for number in range(10_000)})
_TYPES = ('', '.', '*', 'a' * 255, '\N{SNOWMAN}', '[!a', 'x\ny')


class EventSourceConformance(Suite):
    """The suite; its own methods are what a plugin's author fills in."""

    __test__ = False

    # -- for the author of a plugin -----------------------------------------

    def make_source(self) -> EventSource:
        """A new one, each time."""
        raise NotImplementedError

    def properties(self) -> Mapping[str, Any]:
        """What a trigger says, with as many members as go together."""
        raise NotImplementedError

    def wanted(self) -> Sequence[tuple[str, Mapping[str, Any]]]:
        """Type and payload of events that such a trigger fires for."""
        raise NotImplementedError

    def unwanted(self) -> Sequence[tuple[str, Mapping[str, Any]]]:
        """Of events that it does not fire for; none, if it takes all."""
        raise NotImplementedError

    def malformed(self) -> Sequence[Mapping[str, Any]]:
        """Properties that are near to sound ones, but none."""
        raise NotImplementedError

    # -- the suite ----------------------------------------------------------

    def test_it_says_how_its_events_arrive(self) -> None:
        self.assertIn(self.make_source().arrives, (WEBHOOK, NOTIFICATION))

    def test_members_have_schemas_that_say_what_was_expected(self) -> None:
        source = self.make_source()
        self.assertFalse(source.members.keys() & set(COMMON))
        self.assertLessEqual(source.required, source.members.keys())
        for schema in source.members.values():
            jsonschema.Draft202012Validator.check_schema(dict(schema))
            self.assertTrue(schema.get('description'))
            # what is stored and shown is JSON
            json.dumps(schema)

    def test_sound_properties_are_taken(self) -> None:
        properties = self.properties()
        self.assertTrue(self._is_taken(properties))
        # once more, as they come out of the database
        self.assertTrue(self._is_taken(json.loads(json.dumps(properties))))
        self.assertEqual(self.properties(), properties)

    def test_what_is_wrong_is_refused(self) -> None:
        self.assertTrue(self.malformed(), 'malformed() is to name some')
        for properties in self.malformed():
            self.assertFalse(self._is_taken(properties), properties)

    def test_wanted_events_match(self) -> None:
        self.assertTrue(self.wanted(), 'wanted() is to name some')
        for type_, payload in self.wanted():
            self.assertIs(True, self._matches(type_, payload))

    def test_other_events_do_not_match(self) -> None:
        for type_, payload in self.unwanted():
            self.assertIs(False, self._matches(type_, payload))

    def test_the_order_of_questions_does_not_matter(self) -> None:
        source = self.make_source()
        events = [*((True, *event) for event in self.wanted()),
                  *((False, *event) for event in self.unwanted())]
        for expected, type_, payload in [*events, *reversed(events), *events]:
            self.assertEqual(expected, source.matches(
                self.properties(), self._event(type_, payload)))

    def test_nothing_is_changed(self) -> None:
        for type_, payload in [*self.wanted(), *self.unwanted()]:
            properties = copy.deepcopy(dict(self.properties()))
            mine = copy.deepcopy(dict(payload))
            self.make_source().matches(properties, self._event(type_, mine))
            self.assertEqual(self.properties(), properties)
            self.assertEqual(payload, mine)

    def test_whatever_is_sent_has_an_answer(self) -> None:
        types = {*_TYPES, *(type_ for type_, _payload in self.wanted())}
        for type_ in sorted(types):
            for payload in _HOSTILE:
                self.assertIn(self._matches(type_, payload), (True, False))

    # -- helpers ------------------------------------------------------------

    def _event(self, type_: str, payload: Mapping[str, Any]) -> Event:
        return Event(id='e', type=type_, project_id='1' * 32,
                     payload=payload, received_at=_NOW)

    def _matches(self, type_: str, payload: Mapping[str, Any]) -> Any:
        return self.make_source().matches(self.properties(),
                                          self._event(type_, payload))

    def _is_taken(self, properties: Mapping[str, Any]) -> bool:
        """As Karbor asks: schemas, what is required, and then the source."""
        source = self.make_source()
        if (properties.keys() - source.members.keys()
                or source.required - properties.keys()):
            return False
        for name, value in properties.items():
            if not jsonschema.Draft202012Validator(
                    dict(source.members[name])).is_valid(value):
                return False
        try:
            source.check(properties)
        except Invalid as error:
            self.assertIn(error.facts.get('field'), source.members)
            self.assertLess(len(str(error)), 1000)
            return False
        return True
