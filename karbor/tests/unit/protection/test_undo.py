# SPDX-License-Identifier: Apache-2.0
"""A restore that was in vain is undone, whatever happens meanwhile."""

import pytest

from karbor import context
from karbor import exception
from karbor import plugin
from karbor.actions import restores
from karbor.db import records
from karbor.protection import undo
from karbor.tests.faults import Crash
from karbor.tests.faults import Faults
from karbor.tests.unit.protection import lab as labs
from karbor.tests.unit.protection.test_work_crashes import die_everywhere

LEFT = 'Left as it is, because'


def run(lab, restore_id):
    """Undo; the operation and its resources by id."""
    undo_id = lab.ask_undo(restore_id)
    assert lab.process().work() is None
    found = labs.operations.get(context.system(), undo_id)
    return found, {one.id: one for one in found.resources}


def left(restore_id):
    return records.positions(context.system(), restore_id)


def test_what_was_made_is_removed_parents_first(lab):
    restore_id = lab.failed_restore(lab.protected())
    assert lab.restored == lab.world
    assert left(restore_id) == {0, 1}
    del lab.log[:]
    done, resources = run(lab, restore_id)
    assert (done.type, done.status, done.reason, done.fraction) == (
        'undo', 'success', None, 1.0)
    assert done.source_operation_id == restore_id
    assert lab.restored == {}
    assert [id_ for kind, hook, id_ in lab.log if hook == 'on_main'] == [
        'app', 'disk']
    # what it was known by is told, and there is nothing left to undo
    assert {id_: (one.status, one.new_id)
            for id_, one in resources.items()} == {
        'app': ('success', 'new-app'), 'disk': ('success', 'new-disk')}
    assert left(restore_id) == frozenset()


def test_a_child_waits_for_all_of_its_parents_to_be_gone(lab):
    """In the main phase, too, and whatever the number of threads."""
    def look(step):
        seen.append((step.resource.id, dict(lab.restored)))

    seen = []
    restore_id = lab.failed_restore(lab.protected())
    lab.tricks['undo', 'on_main', 'disk'] = look
    lab.ask_undo(restore_id)
    assert lab.process(threads=2).work() is None
    assert seen == [('disk', {(labs.DISK, 'disk'):
                              lab.world[labs.DISK, 'disk']})]


def test_what_a_hook_of_an_undo_is_given(lab):
    def remember(step):
        step.remember('port', lambda: 7)

    def look(step):
        seen.update(undoes=step.undoes, data=step.data.load(),
                    port=step.recall('port'), step=step,
                    new_id=step.new_id(step.resource),
                    made=[record.name for record in step.made()])

    seen = {}
    lab.tricks['restore', 'on_main', 'app'] = remember
    lab.tricks['undo', 'on_main', 'app'] = look
    restore_id = lab.failed_restore(lab.protected())
    run(lab, restore_id)
    step = seen.pop('step')
    assert seen == {'undoes': restore_id, 'data': {}, 'port': 7,
                    'new_id': 'new-app', 'made': ['new-app']}
    assert step.operation_id != restore_id
    with pytest.raises(plugin.PluginError, match='Only a restore'):
        step.will_make('thing', 'new')


def test_many_records_at_once(lab):
    """Newest first, over all rows and all attempts."""
    def announce(step):
        step.announce(plugin.Record('file', str(number), {'at': number})
                      for number in range(2 * records.MOST + 1))
        step.announce([])
        step.will_make('file', 'last')

    def look(step):
        seen.extend(step.made())

    seen = []
    lab.tricks['restore', 'on_main', 'app'] = announce
    lab.tricks['undo', 'on_main', 'app'] = look
    run(lab, lab.failed_restore(lab.protected()))
    assert seen[0] == plugin.Record('file', 'last')
    assert [record.details['at'] for record in seen[1:]] == list(
        reversed(range(2 * records.MOST + 1)))


def test_what_was_overwritten_is_named(lab):
    checkpoint_id = lab.protected()
    lab.restored[labs.APP, 'app'] = b'the old one'

    def more(step):
        for number in range(7):
            step.overwrites('file', f'f{number}')

    lab.tricks['restore', 'on_prepare_begin', 'disk'] = more
    done, resources = run(lab, lab.failed_restore(checkpoint_id))
    assert done.status == 'success'
    assert resources['app'].reason == (
        'Not undone, because the restore replaced it in place, as far as it '
        'came: thing new-app.')
    assert 'file f0, f1, f2, f3, f4 and more.' in resources['disk'].reason
    assert lab.restored[labs.APP, 'app'] == b'the app'


def test_the_checkpoint_is_not_needed(lab):
    """It is damaged, or deleted since."""
    checkpoint_id = lab.protected()
    restore_id = lab.failed_restore(checkpoint_id)
    lab.delete(checkpoint_id)
    del lab.log[:]
    done, resources = run(lab, restore_id)
    assert done.status == 'success'
    assert lab.restored == {}
    # who depends on whom is not known any more, but who came first is
    assert [id_ for kind, hook, id_ in lab.log if hook == 'on_main'] == [
        'app', 'disk']


def test_it_is_done_wherever_a_process_dies(lab, quiet):
    checkpoint_id = lab.protected()

    def ask():
        lab.restored.clear()
        return lab.ask_undo(lab.failed_restore(checkpoint_id))

    def check(undo_id):
        done = labs.operations.get(context.system(), undo_id)
        assert done.status == 'success'
        assert lab.restored == {}
        assert left(done.source_operation_id) == frozenset()

    assert die_everywhere(lab, ask, check) > 15


def test_wherever_the_restore_died_nothing_of_it_stays(lab, quiet):
    """Cancelled after its worker has gone, and undone."""
    checkpoint_id = lab.protected()
    number = 0
    while True:
        number += 1
        restore_id = lab.ask_restore(checkpoint_id)
        faults = Faults(number, Crash())
        try:
            assert lab.process(faults).work() is None
        except Crash:
            lab.ask_cancel('restore', checkpoint_id)
            lab.expire()
            assert lab.process().work() is None
        else:
            break
        if lab.restored:
            # whatever is there, was recorded before
            assert left(restore_id)
        done, _resources = run(lab, restore_id)
        assert done.status == 'success', number
        assert lab.restored == {}, number
    assert number > 15
    # the last one was whole: nothing is kept for an undo that is refused
    assert left(restore_id) == frozenset()
    with pytest.raises(exception.RestoreNotUndoable, match='successful'):
        restores.undo(lab.context, restore_id)


def test_nothing_was_begun(lab):
    checkpoint_id = lab.protected()
    restore_id = lab.ask_restore(checkpoint_id)
    assert lab.ask_cancel('restore', checkpoint_id) == 'cancelled'
    done, resources = run(lab, restore_id)
    assert (done.status, resources) == ('success', {})


def test_a_child_of_what_stays_is_left(lab):
    """And a second undo does the rest."""
    def refuse(step):
        raise plugin.PluginError(reason='The app is locked.')

    restore_id = lab.failed_restore(lab.protected())
    lab.tricks['undo', 'on_main', 'app'] = refuse
    done, resources = run(lab, restore_id)
    assert done.status == 'error'
    assert 'The app is locked.' in done.reason
    assert resources['disk'].reason.startswith(f'{LEFT} {labs.APP}')
    assert set(lab.restored) == set(lab.world)
    lab.tricks.clear()
    done, resources = run(lab, restore_id)
    assert done.status == 'success'
    assert lab.restored == {}


@pytest.mark.parametrize('kept', [(), ('restore',)])
def test_a_plugin_that_cannot_undo_is_an_error_that_names_what_stays(
        lab, monkeypatch, kept):
    restore_id = lab.failed_restore(lab.protected())
    monkeypatch.setattr(labs.Protection, 'operations', {
        name: labs.Protection.operations[name] for name in kept})
    done, resources = run(lab, restore_id)
    assert done.status == 'error'
    assert resources['app'].reason == (
        f'Provider test has no plugin that can undo a restore of {labs.APP}. '
        'This stays: new-app, thing new-app.')
    # it is still known when there is one
    assert left(restore_id) == {0, 1}


def test_a_plugin_that_cannot_undo_and_told_of_nothing(lab, monkeypatch):
    def nothing(step):
        raise plugin.PluginError(reason='no')

    for id_ in ('app', 'disk'):
        lab.tricks['restore', 'on_prepare_begin', id_] = nothing
    restore_id = lab.ask_restore(lab.protected())
    assert lab.process().work() is None
    monkeypatch.setattr(labs.Protection, 'operations', {
        'restore': labs.Restore})
    _done, resources = run(lab, restore_id)
    assert 'what the restore may have made' in resources['disk'].reason


def test_a_type_that_nobody_restores_has_nothing_to_undo(lab, monkeypatch):
    everything = labs.Protection.operations
    monkeypatch.setattr(labs.Protection, 'operations', {
        name: everything[name] for name in everything if name != 'restore'})
    checkpoint_id = lab.protected()
    restore_id = lab.ask_restore(checkpoint_id)
    assert lab.process().work() is None
    assert labs.operations.get(context.system(),
                               restore_id).status == 'error'
    monkeypatch.setattr(labs.Protection, 'operations', {})
    done, _resources = run(lab, restore_id)
    assert done.status == 'success'


def test_poison_ends_it(lab):
    restore_id = lab.failed_restore(lab.protected())
    undo_id = lab.ask_undo(restore_id)
    for _time in range(lab.conf.protection.max_crashes + 1):
        lab.claim()
        lab.expire()
    assert lab.process().work() is None
    found = labs.operations.get(context.system(), undo_id)
    assert found.status == 'error'
    assert 'fell silent' in found.reason
    assert run(lab, restore_id)[0].status == 'success'


def test_a_worker_that_lost_the_restore_announces_nothing_more(lab):
    """So what it would make then is never made unseen."""
    def lose(step):
        lab.expire()
        lab.claim(owner='another')
        try:
            step.will_make('thing', 'late')
        except plugin.Cancelled:
            seen.append('refused')
            raise

    seen = []
    checkpoint_id = lab.protected()
    restore_id = lab.ask_restore(checkpoint_id)
    lab.tricks['restore', 'on_main', 'app'] = lose
    assert lab.process().work() == 'lost'
    assert seen == ['refused']
    assert 0 not in left(restore_id)


def test_the_graph_of_a_checkpoint_is_used_only_if_it_is_that_of_the_restore():
    rows = tuple(labs.operations.OperationResource(at, 'T', id_, id_)
                 for at, id_ in enumerate('abc'))
    other = labs.plugin.Graph.of([plugin.Resource('T', 'x', 'x')], {})
    for text in (None, other.to_json()):
        found = undo.graph(text, rows)
        assert [one.id for one in found.resources] == list('abc')
        assert [len(level) for level in found.levels()] == [1, 1, 1]
        assert found.children_of(found.resources[0]) == ()
    real = labs.plugin.Graph.of(
        [plugin.Resource('T', id_, id_) for id_ in 'abc'], {})
    assert undo.graph(real.to_json(), rows).depths == real.depths
