# SPDX-License-Identifier: Apache-2.0
"""The protection suite passes a sound plugin and refuses broken ones."""

import unittest
import uuid

import pytest

from karbor import plugin
from karbor.plugin import testing
from karbor.tests.conformance import suites

TYPE = 'Test::Text'


class Outside:
    """What the plugins below protect: texts, with snapshots of them.

    A restore opens a port for each text, and who has opened it is known.
    """

    def __init__(self):
        self.texts = {}
        self.snapshots = {}
        self.drafts = {}            # that a restore has made, by operation
        self.happened = lambda: None
        self.ports = {}


OUTSIDE = Outside()


class Protect(plugin.Operation):
    def on_prepare_finish(self, step):
        if step.resource.id not in OUTSIDE.texts:
            raise plugin.PluginError(reason='There is no such text.')
        step.check()
        step.remember('snapshot', lambda: self.snapshot(step))

    def snapshot(self, step):
        for found, (mark, _text) in OUTSIDE.snapshots.items():
            if mark == step.checkpoint_id:
                return found
        return self.another(step)

    def another(self, step):
        made = str(uuid.uuid4())
        OUTSIDE.snapshots[made] = (step.checkpoint_id,
                                   OUTSIDE.texts[step.resource.id])
        OUTSIDE.happened()
        return made

    def on_main(self, step):
        snapshot = step.recall('snapshot')
        text = OUTSIDE.snapshots[snapshot][1]
        step.progress(0.0, bytes_total=len(text))
        with step.data.writer() as writer:
            for at in range(0, len(text), 7):
                step.check()
                writer.write(text[at:at + 7])
        step.data.save({'snapshot': snapshot})
        step.progress(1.0)


class Restore(plugin.Operation):
    def on_main(self, step):
        with step.data.reader() as reader:
            text = reader.read()
        step.overwrites('text', step.resource.id)
        OUTSIDE.texts[step.resource.id] = text
        OUTSIDE.happened()
        self.open(step)
        step.progress(1.0)

    def open(self, step):
        step.will_make('port', f'port of {step.operation_id}')
        OUTSIDE.ports[f'port of {step.operation_id}'] = step.operation_id
        OUTSIDE.happened()


class Undo(plugin.Undo):
    def remove(self, step, record):
        OUTSIDE.ports.pop(record.name, None)
        OUTSIDE.happened()


class Delete(plugin.Operation):
    def on_main(self, step):
        for found, (mark, _text) in list(OUTSIDE.snapshots.items()):
            step.check()
            if mark == step.checkpoint_id:
                OUTSIDE.snapshots.pop(found, None)
                OUTSIDE.happened()


class Verify(plugin.Operation):
    def on_main(self, step):
        step.check()
        if step.data.load()['snapshot'] not in OUTSIDE.snapshots:
            raise plugin.PluginError(reason='The snapshot is gone.')


class Copy(plugin.Operation):
    """The copy has a snapshot of its own."""

    def on_main(self, step):
        with step.source.reader() as reader:
            text = reader.read()
        made = step.remember('snapshot', lambda: self.snapshot(step, text))
        with step.data.writer() as writer:
            writer.write(text)
        step.data.save({'snapshot': made})

    def snapshot(self, step, text):
        for found, (mark, _text) in OUTSIDE.snapshots.items():
            if mark == step.checkpoint_id:
                return found
        made = str(uuid.uuid4())
        OUTSIDE.snapshots[made] = (step.checkpoint_id, text)
        OUTSIDE.happened()
        return made


class Sound(plugin.ProtectionPlugin):
    resource_types = frozenset({TYPE})
    operations = {'protect': Protect, 'restore': Restore, 'delete': Delete,
                  'verify': Verify, 'copy': Copy, 'undo': Undo}
    schemas = plugin.Schemas(saved_info={
        'type': 'object', 'properties': {'snapshot': {'type': 'string'}},
        'additionalProperties': False})

    def __init__(self):
        self.config = None


def suite_of(made):
    class Suite(testing.ProtectionConformance):
        def setUp(self):
            super().setUp()
            OUTSIDE.happened = self.effect

        def made_by(self, operation_id):
            return OUTSIDE.drafts.get(operation_id, [])

        def make_plugin(self):
            return made()

        def make_resource(self):
            OUTSIDE.texts['one'] = b'some text that is worth keeping'
            OUTSIDE.ports = {'port of somebody else': 'else'}
            return plugin.Resource(TYPE, 'one', 'the one')

        def damage(self, resource):
            OUTSIDE.texts['one'] = b'damaged'

        def state(self, resource):
            return OUTSIDE.texts.get(resource.id)

        def around(self, resource):
            return [*OUTSIDE.texts, *OUTSIDE.ports]

        def outside(self, checkpoint_id):
            return [found for found, (mark, _text)
                    in OUTSIDE.snapshots.items() if mark == checkpoint_id]

        def lose(self, checkpoint_id):
            for found in self.outside(checkpoint_id):
                OUTSIDE.snapshots.pop(found)
    return Suite


def broken(**more):
    """The sound plugin with some operations or attributes replaced."""
    replaced = {name: more.pop(name) for name in Sound.operations
                if name in more}
    operations = {**Sound.operations, **replaced}
    return type('Broken', (Sound,), {
        'operations': {k: v for k, v in operations.items() if v}, **more})


# -- how a plugin can be broken -----------------------------------------------

class KeepsOnSelf(Protect):
    def on_prepare_finish(self, step):
        super().on_prepare_finish(step)
        self.mine = step.recall('snapshot')

    def on_main(self, step):
        OUTSIDE.snapshots[self.mine]
        super().on_main(step)


class ForgetsWhatItMade(Protect):
    """No `remember`: every run makes another snapshot."""

    def on_prepare_finish(self, step):
        if step.resource.id not in OUTSIDE.texts:
            raise plugin.PluginError(reason='There is no such text.')
        step.check()
        step.memo['snapshot'] = self.another(step)


class RemembersTooLate(Protect):
    """What was made when it was killed is not looked for."""

    def snapshot(self, step):
        return self.another(step)


class RestoresIntoAnother(Restore):
    """Each run makes a draft, and only the last is used."""

    def on_main(self, step):
        OUTSIDE.drafts.setdefault(step.operation_id, []).append('draft')
        OUTSIDE.happened()
        super().on_main(step)


class RemembersAnew(Protect):
    """A new key each time, so it is made each time."""

    def on_prepare_finish(self, step):
        super().on_prepare_finish(step)
        step.memo.pop('snapshot')
        super().on_prepare_finish(step)


class SwallowsTheStop(Protect):
    def on_main(self, step):
        try:
            super().on_main(step)
        except plugin.Cancelled:
            step.note('stopped')


class SwallowsTheBank(Protect):
    def on_main(self, step):
        try:
            super().on_main(step)
        except plugin.BankError:
            step.note('the bank does not feel well')


class NeverLooks(Restore):
    """Neither checks nor reads before it has acted."""

    def on_main(self, step):
        OUTSIDE.texts[step.resource.id] = step.data._inner.content['content']


class SavesLess(Protect):
    def on_main(self, step):
        with step.data.writer() as writer:
            writer.write(b'some')


class SavesNothing(Protect):
    def on_main(self, step):
        step.check()


class TakesAnyId(Protect):
    def on_prepare_finish(self, step):
        OUTSIDE.texts.setdefault(step.resource.id, b'')
        super().on_prepare_finish(step)


class FailsOddly(Protect):
    def on_prepare_finish(self, step):
        OUTSIDE.texts[step.resource.id]
        super().on_prepare_finish(step)


class GoesBack(Protect):
    def on_main(self, step):
        super().on_main(step)
        step.progress(0.5)


class GoesTooFar(Protect):
    def on_main(self, step):
        super().on_main(step)
        step.progress(1.5)


class SavesWhatNobodyKnows(Protect):
    def on_main(self, step):
        super().on_main(step)
        step.data.save({'path': '/on/the/host'})


class ChangesTheResource(Protect):
    def on_main(self, step):
        super().on_main(step)
        OUTSIDE.texts[step.resource.id] += b'!'


class Appends(Restore):
    """Right once; the second run makes it wrong."""

    def on_main(self, step):
        with step.data.reader() as reader:
            text = reader.read()
        step.check()
        old = OUTSIDE.texts[step.resource.id]
        OUTSIDE.texts[step.resource.id] = (
            text if old == b'damaged' else old + text)


class StopsHalfWay(Restore):
    """A crash leaves what the next run takes for done."""

    def on_main(self, step):
        with step.data.reader() as reader:
            if OUTSIDE.texts[step.resource.id] != b'damaged':
                return
            OUTSIDE.texts[step.resource.id] = b''
            while part := reader.read(5):
                step.check()
                OUTSIDE.texts[step.resource.id] += part


class UsesUpTheSnapshot(Restore):
    """Restores from what is outside, and takes it away."""

    def on_main(self, step):
        step.check()
        mark, text = OUTSIDE.snapshots[step.data.load()['snapshot']]
        OUTSIDE.texts[step.resource.id] = text
        OUTSIDE.snapshots.pop(step.data.load()['snapshot'])


class DeletesOnce(Delete):
    def on_main(self, step):
        mine = [found for found, (mark, _text) in OUTSIDE.snapshots.items()
                if mark == step.checkpoint_id]
        if not mine:
            raise KeyError(step.checkpoint_id)
        super().on_main(step)


class DeletesInTwoRuns(Delete):
    """Forgets what it has begun when it is stopped."""

    def on_main(self, step):
        step.remember('begun', lambda: True)
        if step.recall('gone') is None:
            step.memo['gone'] = True
            step.check()
            super().on_main(step)


class FromTheSnapshot(Restore):
    """Needs what is outside, and leaves it there."""

    def on_main(self, step):
        step.check()
        _mark, text = OUTSIDE.snapshots[step.data.load()['snapshot']]
        OUTSIDE.texts[step.resource.id] = text


class DeletesWhatIsNamed(Delete):
    """By what was saved, whoever has made it."""

    def on_main(self, step):
        step.check()
        if step.data.load():
            OUTSIDE.snapshots.pop(step.data.load()['snapshot'], None)


class CopiesTheNameOnly(Copy):
    def on_main(self, step):
        step.check()
        step.data.save(step.source.load())


class CopiesOnce(Copy):
    """Takes what it has begun for done."""

    def on_main(self, step):
        if step.recall('begun') is None:
            step.remember('begun', lambda: True)
            super().on_main(step)


class CopiesIntoTheSource(Copy):
    def on_main(self, step):
        super().on_main(step)
        step.source.save({'snapshot': step.recall('snapshot')})


class CopySwallowsTheBank(Copy):
    def on_main(self, step):
        try:
            super().on_main(step)
        except plugin.BankError:
            step.note('the bank does not feel well')


class FindsNothing(Verify):
    def on_main(self, step):
        step.check()


class FindsTheWrongThing(Verify):
    """Holds the checkpoint against what the resource is now."""

    def on_main(self, step):
        super().on_main(step)
        _mark, text = OUTSIDE.snapshots[step.data.load()['snapshot']]
        if OUTSIDE.texts[step.resource.id] != text:
            raise plugin.PluginError(reason='They differ.')


class WritesWhatItFound(Verify):
    def on_main(self, step):
        super().on_main(step)
        step.data.save({'snapshot': 'found'})


class VerifiesWithoutAStop(Verify):
    def on_main(self, step):
        if step.data.load()['snapshot'] not in OUTSIDE.snapshots:
            raise plugin.PluginError(reason='The snapshot is gone.')


class AnnouncesLate(Restore):
    """A crash between the two leaves what nobody knows of."""

    def open(self, step):
        OUTSIDE.ports[f'port of {step.operation_id}'] = step.operation_id
        step.will_make('port', f'port of {step.operation_id}')


class SaysNothing(Restore):
    def open(self, step):
        OUTSIDE.ports[f'port of {step.operation_id}'] = step.operation_id


class UndoesNothing(Undo):
    def remove(self, step, record):
        """And says that all is well."""


class UndoesOnce(Undo):
    """What is gone is an error."""

    def remove(self, step, record):
        if step.operation_id not in self.done:
            self.done.append(step.operation_id)
            del OUTSIDE.ports[record.name]

    done = []


class UndoesInOneRun(Undo):
    """Takes what it has begun for done."""

    def remove(self, step, record):
        if step.recall('begun') is None:
            step.remember('begun', lambda: True)
            step.check()
            super().remove(step, record)


class UndoesMore(Undo):
    """Whoever has made it."""

    def on_main(self, step):
        step.check()
        OUTSIDE.ports.clear()


class UndoesWithoutAStop(Undo):
    def on_main(self, step):
        for record in step.made():
            self.remove(step, record)


class NeedsTheCheckpoint(Undo):
    """Which may be why the restore has failed."""

    def on_main(self, step):
        step.check()
        if step.data.load()['snapshot']:
            super().on_main(step)


class UndoAnnounces(Undo):
    def remove(self, step, record):
        step.overwrites(record.kind, record.name)
        super().remove(step, record)


BREAKAGES = [
    (broken(protect=KeepsOnSelf), 'test_restore_brings_the_state_back'),
    (broken(protect=SavesLess), 'test_restore_brings_the_state_back'),
    (broken(protect=SavesNothing), 'test_restore_brings_the_state_back'),
    (broken(protect=ChangesTheResource),
     'test_restore_brings_the_state_back'),
    (broken(protect=RemembersAnew), 'test_every_hook_may_run_twice'),
    (broken(protect=ForgetsWhatItMade, delete=None),
     'test_delete_may_repeat_and_leaves_nothing_outside'),
    (broken(protect=ForgetsWhatItMade),
     'test_a_kill_after_an_effect_makes_nothing_twice'),
    (broken(protect=RemembersTooLate),
     'test_a_kill_after_an_effect_makes_nothing_twice'),
    (broken(restore=RestoresIntoAnother),
     'test_a_kill_after_an_effect_makes_nothing_twice'),
    (broken(protect=SwallowsTheStop), 'test_a_crash_while_protecting'),
    (broken(protect=SwallowsTheBank),
     'test_the_bank_s_errors_are_passed_on'),
    (broken(protect=TakesAnyId), 'test_what_does_not_exist_is_refused'),
    (broken(protect=FailsOddly), 'test_what_does_not_exist_is_refused'),
    (broken(protect=GoesBack), 'test_progress_goes_forward'),
    (broken(protect=GoesTooFar), 'test_progress_goes_forward'),
    (broken(protect=SavesWhatNobodyKnows),
     'test_saved_info_is_what_the_schema_says'),
    (broken(restore=NeverLooks), 'test_a_stopped_operation_ends'),
    (broken(restore=Appends), 'test_every_hook_may_run_twice'),
    (broken(restore=StopsHalfWay), 'test_a_crash_while_restoring'),
    (broken(restore=UsesUpTheSnapshot),
     'test_a_checkpoint_is_restored_more_than_once'),
    (broken(delete=DeletesOnce),
     'test_delete_may_repeat_and_leaves_nothing_outside'),
    (broken(delete=DeletesOnce), 'test_delete_after_a_failed_protect'),
    (broken(delete=DeletesInTwoRuns), 'test_a_crash_while_deleting'),
    (broken(copy=CopiesTheNameOnly),
     'test_a_copy_is_restored_without_its_source'),
    # the copy names the snapshot of its source
    (broken(copy=plugin.CopyData, restore=FromTheSnapshot),
     'test_a_copy_is_restored_without_its_source'),
    (broken(copy=plugin.CopyData, restore=FromTheSnapshot,
            delete=DeletesWhatIsNamed),
     'test_a_copy_is_deleted_without_its_source'),
    (broken(copy=CopiesOnce), 'test_a_crash_while_copying'),
    (broken(copy=CopiesIntoTheSource),
     'test_a_copy_is_restored_without_its_source'),
    (broken(copy=CopySwallowsTheBank),
     'test_the_bank_s_errors_are_passed_on'),
    (broken(verify=FindsNothing), 'test_verify_finds_what_is_gone_outside'),
    (broken(verify=FindsTheWrongThing), 'test_verify_passes_what_is_sound'),
    (broken(verify=WritesWhatItFound), 'test_verify_passes_what_is_sound'),
    (broken(verify=VerifiesWithoutAStop), 'test_a_stopped_operation_ends'),
    (broken(restore=AnnouncesLate),
     'test_what_a_restore_has_made_is_undone'),
    (broken(restore=SaysNothing), 'test_what_a_restore_has_made_is_undone'),
    (broken(undo=UndoesNothing), 'test_what_a_restore_has_made_is_undone'),
    (broken(undo=NeedsTheCheckpoint),
     'test_what_a_restore_has_made_is_undone'),
    (broken(undo=UndoAnnounces), 'test_what_a_restore_has_made_is_undone'),
    (broken(undo=UndoesOnce), 'test_undo_may_repeat'),
    (broken(undo=UndoesInOneRun), 'test_a_crash_while_undoing'),
    (broken(undo=UndoesMore),
     'test_undo_leaves_what_the_restore_has_not_made'),
    (broken(undo=UndoesWithoutAStop), 'test_a_stopped_operation_ends'),
    (broken(resource_types=frozenset()), 'test_declaration'),
    (broken(restore=None), 'test_declaration'),
    (broken(delete=dict), 'test_declaration'),
    (broken(schemas=plugin.Schemas(options={'type': 'text'})),
     'test_schemas'),
    (broken(schemas=plugin.Schemas(restore={
        'type': 'object', 'properties': {'paths': {'type': 'array'}}})),
     'test_schemas'),
    (broken(schemas=plugin.Schemas(copy={
        'type': 'object', 'properties': {'where': {'type': 'object'}}})),
     'test_schemas'),
]


def test_a_sound_plugin_passes():
    assert suites.failures(suite_of(Sound)) == set()


@pytest.mark.parametrize(('made', 'test'), BREAKAGES)
def test_a_broken_plugin_is_refused(made, test):
    assert test in suites.failures(suite_of(made))


def test_every_test_of_the_suite_has_caught_something():
    tests = unittest.TestLoader().getTestCaseNames(suite_of(Sound))
    assert set(tests) == {test for _made, test in BREAKAGES}


def test_damage_that_changes_nothing_voids_the_suite():
    class Idle(suite_of(Sound)):
        def damage(self, resource):
            """Nothing."""
    assert 'test_restore_brings_the_state_back' in suites.failures(Idle)


def test_what_a_plugin_cannot_do_is_left_out():
    assert suites.failures(suite_of(broken(
        verify=None, copy=None, undo=None))) == set()


def test_the_base_itself_is_no_test():
    result = unittest.TestResult()
    unittest.TestLoader().loadTestsFromTestCase(
        testing.ProtectionConformance).run(result)
    assert result.testsRun == 0
    assert result.skipped
