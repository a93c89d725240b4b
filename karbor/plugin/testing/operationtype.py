# SPDX-License-Identifier: Apache-2.0
"""What every operation type must do, as a suite of tests.

Subclass `OperationTypeConformance` and tell it what definitions of your type
look like.
"""

from collections.abc import Mapping, Sequence
import copy
import datetime
import json
from typing import Any, NoReturn
import zoneinfo

import jsonschema

from karbor.model.retention import PERIODS
from karbor.model.retention import Retention
from karbor.plugin.errors import Invalid
from karbor.plugin.errors import PluginError
from karbor.plugin.operationtype import Actions
from karbor.plugin.operationtype import OperationType
from karbor.plugin.testing.suite import Suite

_COMMON = {'provider_id': '7b0c1f0e-4f70-4d0f-9a5e-0d1f6f3a1c11',
           'plan_id': '3d9d0d36-6a0b-4f3c-a1a9-1b6d2c7a5e01'}
# so many available checkpoints a plan has
_PLANS = (0, 1, 2, 30)
_LONGEST = 1000
_ZONES = (zoneinfo.ZoneInfo('Asia/Kathmandu'), datetime.UTC)
Definition = Mapping[str, Any]


class Skipped(Exception):
    """A run was ended by `Actions.skip`."""


class MemoryActions(Actions):
    """Actions that only remember what was asked for.

    :param checkpoints: so many the plan has available
    :ivar did: what was called, and with what, in order; but `available`
    :ivar shown: ids that `available` has answered
    :ivar subsets: with how many `verify` was called
    """

    def __init__(self, checkpoints: int = 0) -> None:
        self.did: list[tuple[Any, ...]] = []
        self.shown: set[str] = set()
        self.subsets = 1
        self._checkpoints = [f'checkpoint-{number}'
                             for number in range(checkpoints)]

    def available(self, most: int) -> Sequence[str]:
        found = self._checkpoints[:most]
        self.shown.update(found)
        return found

    def protect(self) -> None:
        self.did.append(('protect',))

    def verify(self, checkpoint_ids: Sequence[str], *,
               subsets: int = 1) -> None:
        if subsets < 1:
            raise AssertionError(f'there cannot be {subsets} subsets')
        self.subsets = subsets
        self.did.append(('verify', *checkpoint_ids))

    def skip(self, reason: str) -> NoReturn:
        self.did.append(('skip', reason))
        raise Skipped(reason)


class _Stop(Exception):
    """What the engine raises is nothing that a type knows."""


class _Refusing(Actions):
    """Nothing can be done in the run, whatever is tried."""

    def __init__(self) -> None:
        self.tried: list[str] = []

    def available(self, most: int) -> Sequence[str]:
        if self.tried:
            self.tried.append('available')
        return ['checkpoint-0']

    def protect(self) -> None:
        self._refuse('protect')

    def verify(self, checkpoint_ids: Sequence[str], *,
               subsets: int = 1) -> None:
        self._refuse('verify')

    def skip(self, reason: str) -> NoReturn:
        self._refuse('skip')

    def _refuse(self, name: str) -> NoReturn:
        self.tried.append(name)
        raise _Stop


class OperationTypeConformance(Suite):
    """The suite; its own methods are what a plugin's author fills in."""

    __test__ = False

    # -- for the author of a plugin -----------------------------------------

    def make_type(self) -> OperationType:
        """A new one, each time."""
        raise NotImplementedError

    def definitions(self) -> Sequence[Definition]:
        """Members of definitions that are right, of every kind there is.

        Without ``provider_id`` and ``plan_id``.
        """
        raise NotImplementedError

    def refused(self) -> Sequence[tuple[Definition, str]]:
        """Members of definitions that are wrong, and which of them it is."""
        return []

    # -- the suite ----------------------------------------------------------

    def test_members_are_declared(self) -> None:
        for name, schema in self.make_type().members.items():
            self.assertNotIn(name, _COMMON)
            # the one thing that a user learns of the schema
            self.assertTrue(schema.get('description', '').strip(), name)
            jsonschema.Draft202012Validator.check_schema(schema)
            self.assertEqual(schema, json.loads(json.dumps(schema)))

    def test_what_is_right_is_accepted(self) -> None:
        self.assertTrue(self.definitions(), 'definitions() is to name some')
        made = self.make_type()
        for members in self.definitions():
            self.assertLessEqual(set(members), set(made.members))
            self.assertEqual(members, json.loads(json.dumps(members)))
            self._fit(made, members)
            made.check({**_COMMON, **members})

    def test_what_is_wrong_is_refused(self) -> None:
        made = self.make_type()
        for members, name in self.refused():
            with self.assertRaises(Invalid) as raised:
                self._fit(made, members)
                made.check({**_COMMON, **members})
            facts = raised.exception.facts
            self.assertEqual(name, facts.get('field'))
            self.assertTrue(facts.get('reason'))
            self.assertLess(len(str(raised.exception)), _LONGEST)

    def test_a_run_does_one_thing(self) -> None:
        for definition in self._all():
            for number in _PLANS:
                did = self._run(self.make_type(), definition, number).did
                self.assertEqual(1, len(did), (
                    f'a run begins work once or is skipped, not {did}'))

    def test_a_skip_says_why(self) -> None:
        for definition in self._all():
            for number in _PLANS:
                for name, *more in self._run(self.make_type(), definition,
                                             number).did:
                    if name == 'skip':
                        self.assertRegex(more[0], r'\A[A-Z].*\.\Z')
                        self.assertLess(len(more[0]), _LONGEST)

    def test_what_is_verified_is_available(self) -> None:
        for definition in self._all():
            for number in _PLANS:
                actions = self._run(self.make_type(), definition, number)
                for name, *ids in actions.did:
                    if name == 'verify':
                        self.assertTrue(ids)
                        self.assertLessEqual(set(ids), actions.shown)
                        self.assertEqual(len(set(ids)), len(ids))

    def test_what_an_action_raises_passes(self) -> None:
        for definition in self._all():
            actions = _Refusing()
            with self.assertRaises(_Stop):
                self.make_type().run(definition, actions)
            self.assertEqual(1, len(actions.tried), actions.tried)

    def test_it_remembers_nothing(self) -> None:
        used = self.make_type()
        for _again in range(2):
            for definition in self._all():
                for number in _PLANS:
                    self.assertEqual(
                        self._run(self.make_type(), definition, number).did,
                        self._run(used, definition, number).did)
                self.assertEqual(self.make_type().retention(definition),
                                 used.retention(definition))

    def test_what_it_does_not_know_means_nothing(self) -> None:
        # releases that come and go share the rows
        made = self.make_type()
        for definition in self._all():
            more = {**definition, 'of-another-release': {'x': [1]}}
            made.check(more)
            for number in _PLANS:
                self.assertEqual(self._run(made, definition, number).did,
                                 self._run(made, more, number).did)
            self.assertEqual(made.retention(definition),
                             made.retention(more))

    def test_a_definition_is_only_read(self) -> None:
        made = self.make_type()
        for definition in self._all():
            before = copy.deepcopy(definition)
            made.check(definition)
            self._run(made, definition, 1)
            made.retention(definition)
            self.assertEqual(before, definition)

    def test_retention_is_a_rule(self) -> None:
        for definition in self._all():
            rule = self.make_type().retention(definition)
            if rule is None:
                continue
            self.assertIsInstance(rule, Retention)
            for limit in (rule.number, rule.seconds):
                if limit is not None:
                    self.assertIs(int, type(limit))
                    self.assertGreaterEqual(limit, 0)
            self.assertLessEqual(set(rule.periods), set(PERIODS))
            for count in rule.periods.values():
                self.assertIs(int, type(count))
                self.assertGreater(count, 0)

    def test_periods_are_of_the_zone(self) -> None:
        made = self.make_type()
        for definition in self._all():
            rules = [made.retention(definition, zone=zone)
                     for zone in _ZONES]
            found = [rule.zone for rule in rules if rule is not None]
            # another one only if the definition names it
            self.assertTrue(found in ([], list(_ZONES))
                            or found == found[:1] * 2
                            and found[0] not in _ZONES, found)

    # -- helpers ------------------------------------------------------------

    def _all(self) -> Sequence[dict[str, Any]]:
        return [{**_COMMON, **copy.deepcopy(dict(members))}
                for members in self.definitions()]

    def _fit(self, made: OperationType, members: Definition) -> None:
        """As who calls a type does it before."""
        for name, value in members.items():
            schema = made.members[name]
            if not jsonschema.Draft202012Validator(schema).is_valid(value):
                raise Invalid(field=name,
                              reason=schema.get('description', ''))

    def _run(self, made: OperationType, definition: Definition,
             checkpoints: int) -> MemoryActions:
        actions = MemoryActions(checkpoints)
        try:
            made.run(definition, actions)
        except Skipped:
            pass
        except PluginError as error:
            # the run fails, which is one thing to do, too
            actions.did.append(('fail', str(error)))
        return actions
