# SPDX-License-Identifier: Apache-2.0
"""What every protection plugin must do, as a suite of tests.

Subclass `ProtectionConformance`, tell it how to make your plugin, a resource,
and how to damage it; the suite does the rest. Your own test is about twenty
lines.
"""

from collections.abc import Callable, Mapping
import copy
from typing import Any, ClassVar, final
import uuid

import jsonschema

from karbor.model.operation import TYPES
from karbor.model.resource import Resource
from karbor.plugin.base import Context
from karbor.plugin.errors import BankCorrupt
from karbor.plugin.errors import BankError
from karbor.plugin.errors import Cancelled
from karbor.plugin.errors import PluginError
from karbor.plugin.protection import Operation
from karbor.plugin.protection import ProtectionPlugin
from karbor.plugin.testing.checkpoint import Checkpoint
from karbor.plugin.testing.checkpoint import Run
from karbor.plugin.testing.trap import Killed
from karbor.plugin.testing.trap import Trap
from karbor.plugin.testing.trap import TrapStep
from karbor.plugin.testing.undoing import Undoing

OPERATIONS = frozenset(TYPES)
SCHEMAS = ('options', 'restore', 'saved_info', 'verify', 'copy')
# What a plan or a restore of REST v1 may carry as a parameter's value.
SIMPLE = frozenset({'string', 'integer', 'boolean'})
# calls just after something has changed outside
EFFECTS = frozenset({'effect', 'made', 'after remember'})


class ProtectionConformance(Undoing):
    """The suite; its own methods are what a plugin's author fills in.

    :cvar restore_parameters: with which a restore gives just the state of
        the checkpoint
    :cvar has_state: the plugin saves something; False for one that only
        goes through the motions
    :cvar most_points: at how many calls of an operation a crash is tried
    """

    __test__ = False
    restore_parameters: ClassVar[Mapping[str, Any]] = {}
    has_state: ClassVar[bool] = True
    most_points: ClassVar[int] = 60

    # -- for the author of a plugin -----------------------------------------

    def make_plugin(self) -> ProtectionPlugin:
        """A new plugin, each time, for the same outside."""
        raise NotImplementedError

    def make_resource(self) -> Resource:
        """A resource that exists outside and has something to save."""
        raise NotImplementedError

    def unknown_resource(self) -> Resource | None:
        """A resource that does not exist; None if all exist."""
        return Resource(self.make_resource().type, str(uuid.uuid4()))

    def damage(self, resource: Resource) -> None:
        """Change what is outside, so that its state differs."""
        raise NotImplementedError

    def state(self, resource: Resource) -> Any:
        """All of it that a restore must bring back, comparable."""
        raise NotImplementedError

    def outside(self, checkpoint_id: str) -> list[str]:
        """What a checkpoint has outside the bank, for example snapshots."""
        return []

    def made_by(self, operation_id: str) -> list[str]:
        """What an operation has made outside that is of no checkpoint.

        For example what a restore has made to restore into.
        """
        return []

    @final
    def effect(self) -> None:
        """To be called by what stands in for the outside, after each change.

        It may not return: then the process was killed there.
        """
        if self._trap is not None:
            self._trap.call('effect')

    def lose(self, checkpoint_id: str) -> None:
        """Lose or damage what a checkpoint has outside the bank.

        Needed of a plugin that verifies: it has to find it.
        """
        raise NotImplementedError

    def context(self) -> Context:
        """On whose behalf."""
        return Context(project_id='project')

    # -- the suite ----------------------------------------------------------

    def new(self, resource: Resource | None = None) -> Checkpoint:
        return Checkpoint(self.make_plugin, resource or self.make_resource(),
                          self.context())

    def can(self, operation: str) -> bool:
        return operation in self.make_plugin().operations

    def needs(self, operation: str) -> None:
        if not self.can(operation):
            self.skipTest(f'the plugin has no operation {operation}')

    def restoring(self) -> Run:
        return Run('restore', self.restore_parameters)

    def test_declaration(self) -> None:
        plugin = self.make_plugin()
        self.assertTrue(plugin.resource_types, 'it protects no type')
        self.assertTrue(all(isinstance(type_, str)
                            for type_ in plugin.resource_types))
        self.assertIn(self.make_resource().type, plugin.resource_types)
        self.assertLessEqual(set(plugin.operations), OPERATIONS)
        self.assertLessEqual({'protect', 'restore'}, set(plugin.operations))
        for name, operation in plugin.operations.items():
            self.assertTrue(issubclass(operation, Operation), name)
            self.assertIs(operation(plugin).plugin, plugin)

    def test_schemas(self) -> None:
        schemas = self.make_plugin().schemas
        for name in SCHEMAS:
            schema = getattr(schemas, name)
            jsonschema.Draft4Validator.check_schema(schema)
            self.assertEqual('object', schema.get('type'), name)
            self.assertIsInstance(schema.get('properties'), Mapping, name)
        for name in ('options', 'restore', 'verify', 'copy'):
            for key, value in getattr(schemas, name)['properties'].items():
                self.assertIn(value.get('type'), SIMPLE,
                              f'{name}: REST v1 cannot carry {key}')
        jsonschema.validate(self.restore_parameters, schemas.restore)

    def test_restore_brings_the_state_back(self) -> None:
        resource = self.make_resource()
        checkpoint = self.new(resource)
        before = self.state(resource)
        checkpoint.run(Run('protect'))
        self.assertEqual(before, self.state(resource),
                         'to protect changed the resource')
        self._damage(resource, before)
        checkpoint.run(self.restoring())
        self.assertEqual(before, self.state(resource))

    def test_a_checkpoint_is_restored_more_than_once(self) -> None:
        resource = self.make_resource()
        checkpoint = self.new(resource)
        before = self.state(resource)
        checkpoint.run(Run('protect'))
        for _time in range(2):
            self._damage(resource, before)
            checkpoint.run(self.restoring())
            self.assertEqual(before, self.state(resource))

    def test_every_hook_may_run_twice(self) -> None:
        resource = self.make_resource()
        checkpoint = self.new(resource)
        before = self.state(resource)
        run = Run('protect')
        checkpoint.run(run, times=2)
        self._made_once(checkpoint, run)
        if self.can('copy'):
            run, checkpoint = Run('copy'), checkpoint.copy()
            checkpoint.run(run, times=2)
            self._made_once(checkpoint, run)
        self._damage(resource, before)
        run = self.restoring()
        checkpoint.run(run, times=2)
        self._made_once(checkpoint, run)
        self.assertEqual(before, self.state(resource))

    def test_a_crash_while_protecting(self) -> None:
        def crash(at: int) -> bool:
            resource = self.make_resource()
            before = self.state(resource)
            checkpoint, struck = self.new(resource), Trap(at)
            self._crash(checkpoint, Run('protect'), struck)
            if self.has_state:
                self._damage(resource, before)
            checkpoint.run(self.restoring())
            self.assertEqual(before, self.state(resource))
            return struck.struck
        self._at_every_call(crash)

    def test_a_crash_while_restoring(self) -> None:
        def crash(at: int) -> bool:
            resource = self.make_resource()
            before = self.state(resource)
            checkpoint, struck = self.new(resource), Trap(at)
            checkpoint.run(Run('protect'))
            self._damage(resource, before)
            self._crash(checkpoint, self.restoring(), struck)
            self.assertEqual(before, self.state(resource))
            return struck.struck
        self._at_every_call(crash)

    def test_a_crash_while_copying(self) -> None:
        self.needs('copy')

        def crash(at: int) -> bool:
            resource = self.make_resource()
            before = self.state(resource)
            checkpoint, struck = self.new(resource), Trap(at)
            checkpoint.run(Run('protect'))
            copied = checkpoint.copy()
            self._crash(copied, Run('copy'), struck)
            if self.has_state:
                self._damage(resource, before)
            copied.run(self.restoring())
            self.assertEqual(before, self.state(resource))
            return struck.struck
        self._at_every_call(crash)

    def test_a_kill_after_an_effect_makes_nothing_twice(self) -> None:
        for name in ('protect', 'copy', 'restore', 'delete'):
            if not self.can(name):
                continue
            _struck, expected = self._killed(name, None)

            def kill(at: int, name: str = name,
                     expected: tuple[int, int] = expected) -> bool:
                struck, found = self._killed(name, at)
                self.assertEqual(expected, found, f'things outside after '
                                 f'{name} was killed at its effect {at + 1}')
                return struck
            self._at_every_call(kill)

    def test_a_copy_is_restored_without_its_source(self) -> None:
        self.needs('copy')
        resource = self.make_resource()
        checkpoint = self.new(resource)
        before = self.state(resource)
        checkpoint.run(Run('protect'))
        copied = checkpoint.copy()
        copied.run(Run('copy'))
        self.assertEqual(before, self.state(resource),
                         'to copy changed the resource')
        checkpoint.run(Run('delete'))
        self._damage(resource, before)
        copied.run(self.restoring())
        self.assertEqual(before, self.state(resource))

    def test_a_copy_is_deleted_without_its_source(self) -> None:
        self.needs('copy')
        resource = self.make_resource()
        checkpoint = self.new(resource)
        before = self.state(resource)
        checkpoint.run(Run('protect'))
        copied = checkpoint.copy()
        copied.run(Run('copy'))
        copied.run(Run('delete'))
        self.assertEqual([], self.outside(copied.id))
        self._damage(resource, before)
        checkpoint.run(self.restoring())
        self.assertEqual(before, self.state(resource))

    def test_verify_passes_what_is_sound(self) -> None:
        self.needs('verify')
        resource = self.make_resource()
        checkpoint = self.new(resource)
        before = self.state(resource)
        checkpoint.run(Run('protect'))
        outside = sorted(self.outside(checkpoint.id))
        for _time in range(2):
            checkpoint.run(Run('verify'), times=2)
        self.assertEqual(before, self.state(resource))
        self.assertEqual(outside, sorted(self.outside(checkpoint.id)))
        self._damage(resource, before)
        checkpoint.run(Run('verify'))       # the checkpoint is whole
        checkpoint.run(self.restoring())
        self.assertEqual(before, self.state(resource))

    def test_verify_finds_what_is_gone_outside(self) -> None:
        self.needs('verify')
        checkpoint = self.new()
        checkpoint.run(Run('protect'))
        self.lose(checkpoint.id)
        with self.assertRaises(PluginError) as caught:
            checkpoint.run(Run('verify'))
        self.assertTrue(str(caught.exception), 'the error has no sentence')

    def test_a_crash_while_deleting(self) -> None:
        def crash(at: int) -> bool:
            checkpoint, struck = self.new(), Trap(at)
            checkpoint.run(Run('protect'))
            self._crash(checkpoint, Run('delete'), struck)
            self.assertEqual([], self.outside(checkpoint.id))
            return struck.struck
        self._at_every_call(crash)

    def test_delete_may_repeat_and_leaves_nothing_outside(self) -> None:
        checkpoint = self.new()
        checkpoint.run(Run('protect'))
        for _time in range(2):
            checkpoint.run(Run('delete'), times=2)
            self.assertEqual([], self.outside(checkpoint.id))

    def test_delete_after_a_failed_protect(self) -> None:
        checkpoint = self.new()
        with self.assertRaises(Cancelled):
            checkpoint.run(Run('protect'), stop=True)
        checkpoint.run(Run('delete'))
        self.assertEqual([], self.outside(checkpoint.id))

    def test_what_does_not_exist_is_refused(self) -> None:
        unknown = self.unknown_resource()
        if unknown is None:
            # all exist, so any id will do
            self.new(Resource(self.make_resource().type, 'any')).run(
                Run('protect'))
            return
        checkpoint = self.new(unknown)
        with self.assertRaises(PluginError) as caught:
            checkpoint.run(Run('protect'))
        self.assertTrue(str(caught.exception), 'the error has no sentence')
        self.assertEqual({}, checkpoint.data.content)

    def test_progress_goes_forward(self) -> None:
        resource = self.make_resource()
        checkpoint = self.new(resource)
        for run in (Run('protect'), Run('verify'), self.restoring()):
            checkpoint.run(run, check=self._progress)
        if self.can('copy'):
            checkpoint.copy().run(Run('copy'), check=self._progress)
        checkpoint.run(Run('delete'), check=self._progress)

    def test_a_stopped_operation_ends(self) -> None:
        checkpoint = self.new()
        self._stopped(checkpoint, Run('protect'))
        restore = self.restoring()
        self._stopped(checkpoint, restore)
        if self.can('verify'):
            self._stopped(checkpoint, Run('verify'))
        if self.can('copy'):
            self._stopped(checkpoint.copy(), Run('copy'))
        if self.can('undo'):
            self._stopped(checkpoint, restore.undo())

    def test_the_bank_s_errors_are_passed_on(self) -> None:
        def full() -> Exception:
            return BankError(key='k', reason='the disk is full')

        def damaged() -> Exception:
            return BankCorrupt(key='k', reason='a digest is wrong')

        for name in ('save', 'write', 'close'):
            trap = Trap(0, name=name, error=full)
            self._passed_on(self.new(), Run('protect'), trap)
        checkpoint = self.new()
        checkpoint.run(Run('protect'))
        self._passed_on(checkpoint, self.restoring(),
                        Trap(0, name='read', error=damaged))
        if self.can('copy'):
            for name, error in (('save', full), ('write', full),
                                ('close', full), ('read', damaged)):
                self._passed_on(checkpoint.copy(), Run('copy'),
                                Trap(0, name=name, error=error))

    def test_saved_info_is_what_the_schema_says(self) -> None:
        checkpoint = self.new()
        checkpoint.run(Run('protect'))
        jsonschema.validate(checkpoint.data.info,
                            self.make_plugin().schemas.saved_info)
        if self.has_state:
            self.assertTrue(checkpoint.data.info or checkpoint.data.content,
                            'nothing was saved')

    # -- helpers ------------------------------------------------------------

    def _damage(self, resource: Resource, before: Any) -> None:
        self.damage(resource)
        if self.has_state:
            self.assertNotEqual(before, self.state(resource),
                                'damage() changed nothing: the test is void')

    def _stopped(self, checkpoint: Checkpoint, run: Run) -> None:
        before = copy.deepcopy(checkpoint.data)
        with self.assertRaises(Cancelled, msg=run.name):
            checkpoint.run(run, stop=True)
        self.assertEqual(before.content, checkpoint.data.content)
        checkpoint.run(run)

    def _made_once(self, checkpoint: Checkpoint, run: Run) -> None:
        made = checkpoint.made.get(run.id, [])
        self.assertEqual(sorted(set(made)), sorted(made))

    def _at_every_call(self, crash: Callable[[int], bool]) -> None:
        """Crash at the first call, the second, ... until there is none.

        After ``most_points``, the steps grow, so that long operations are
        tried to their end too.
        """
        at = 0
        while crash(at):
            at += 1 + at // self.most_points * self.most_points // 2

    def _crash(self, checkpoint: Checkpoint, run: Run, trap: Trap) -> None:
        """Run, crash, and run again on new ground."""
        try:
            checkpoint.run(run, trap=trap)
        except Cancelled:
            pass
        else:
            self.assertFalse(trap.struck, f'{run.name} went on although it '
                                          'was to stop')
        checkpoint.run(run)
        self._made_once(checkpoint, run)

    def _killed(self, name: str, at: int | None,
                ) -> tuple[bool, tuple[int, int]]:
        """Kill an operation after an effect, and run it again.

        :return: whether it was killed; how much there is of its checkpoint
            and of itself
        """
        resource = self.make_resource()
        before = self.state(resource)
        checkpoint = self.new(resource)
        if name != 'protect':
            checkpoint.run(Run('protect'))
        if name == 'copy':
            checkpoint = checkpoint.copy()
        run = Run(name)
        if name == 'restore':
            self._damage(resource, before)
            run = self.restoring()
        self._trap = trap = Trap(at, name=EFFECTS, error=Killed)
        try:
            checkpoint.run(run, trap=trap)
        except Killed:
            # neither the plugin nor what it held is there any more
            self._trap = None
            checkpoint.run(run)
        finally:
            self._trap = None
        if name == 'restore':
            self.assertEqual(before, self.state(resource))
        return trap.struck, (len(self.outside(checkpoint.id)),
                             len(self.made_by(run.id)))

    def _passed_on(self, checkpoint: Checkpoint, run: Run,
                   trap: Trap) -> None:
        try:
            checkpoint.run(run, trap=trap)
        except (BankError, PluginError):
            pass
        else:
            self.assertFalse(trap.struck, f'{run.name} ended well although '
                                          'the bank had failed')

    def _progress(self, step: TrapStep) -> None:
        last: dict[str, float] = {'fraction': 0.0, 'bytes_done': 0}
        for said in step.seen:
            for key, value in said.items():
                self.assertGreaterEqual(value, last.get(key, 0), key)
                last[key] = value
            self.assertLessEqual(last['fraction'], 1.0)
        if 'bytes_total' in last:
            self.assertLessEqual(last['bytes_done'], last['bytes_total'])
