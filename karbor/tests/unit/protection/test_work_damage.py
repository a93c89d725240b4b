# SPDX-License-Identifier: Apache-2.0
"""Damage in a bank: all of it is found, marked, and never restored as good."""

import dataclasses

import pytest

from karbor import context as karbor_context
from karbor import exception
from karbor import plugin
from karbor.actions import copies
from karbor.actions import restores
from karbor.actions import verifications
from karbor.bank import layout
from karbor.db import checkpoints
from karbor.db import session
from karbor.model.subset import Subset
from karbor.tests.faults import Crash
from karbor.tests.faults import Faults
from karbor.tests.unit.protection import test_work_verify
from karbor.tests.unit.protection.lab import APP
from karbor.tests.unit.protection.lab import DISK
from karbor.tests.unit.protection.lab import PROVIDER


def verify(lab, checkpoint_id, **kwargs):
    """Verify a checkpoint; the operation when it has ended."""
    made = verifications.create(
        lab.context, provider_id=PROVIDER, checkpoint_id=checkpoint_id,
        parameters={}, **kwargs)
    assert lab.process(threads=2).work() is None
    operation = lab.operation('verify', checkpoint_id)
    assert operation.id == made.id
    return operation


def restore(lab, checkpoint_id, **kwargs):
    """Restore a checkpoint; the operation when it has ended."""
    restores.create(lab.context, provider_id=PROVIDER,
                    checkpoint_id=checkpoint_id, parameters={}, **kwargs)
    assert lab.process().work() is None
    return lab.operation('restore', checkpoint_id)


def chunk_of(lab, checkpoint_id, id_):
    """The key of the first chunk of a resource."""
    entry = next(entry for entry
                 in lab.store.read_manifest(checkpoint_id).resources
                 if entry.id == id_)
    folder, _documents = layout.resource_folders(checkpoint_id,
                                                 entry.resource)
    return min(key for key in lab.bank.list(f'{folder}/')
               if not key.endswith('index'))


def spoil(lab, key):
    """Damage an object; returns a way to put it right."""
    data = lab.bank.get(key)
    lab.bank.put(key, b'not what was written')
    return lambda: lab.bank.put(key, data)


# -- the mark -----------------------------------------------------------------

def test_what_is_damaged_is_marked_until_all_of_it_is_good(lab):
    checkpoint_id = lab.protected()
    assert lab.checkpoint(checkpoint_id).damage is None
    key = chunk_of(lab, checkpoint_id, 'disk')
    repair = spoil(lab, key)
    operation = verify(lab, checkpoint_id)
    damage = lab.checkpoint(checkpoint_id).damage
    assert damage.found_by == operation.id
    assert operation.started_at < damage.found_at
    assert damage.reason.startswith(
        f'Verification {operation.id} found: {DISK} disk: The bank returned '
        f'damaged data at {key}: ')
    # its status is what clients of v1 know
    assert lab.checkpoint(checkpoint_id).status == 'available'
    repair()
    # a part of it that is good tells nothing of the rest
    for number in (1, 2):
        assert verify(lab, checkpoint_id, subset={
            'number': number, 'of': 2}).status == 'success'
        assert lab.checkpoint(checkpoint_id).damage == damage
    assert verify(lab, checkpoint_id).status == 'success'
    assert lab.checkpoint(checkpoint_id).damage is None
    assert restore(lab, checkpoint_id).status == 'success'


def test_what_is_damaged_is_not_restored_unless_somebody_insists(lab):
    checkpoint_id = lab.protected()
    spoil(lab, chunk_of(lab, checkpoint_id, 'disk'))
    found = verify(lab, checkpoint_id)
    with pytest.raises(exception.CheckpointDamaged,
                       match=f'Verification {found.id} found: {DISK} disk'):
        restore(lab, checkpoint_id)
    operation = restore(lab, checkpoint_id, force=True)
    # what is good is brought back, what is damaged never
    assert operation.status == 'error'
    assert lab.statuses(operation) == {'app': 'success', 'disk': 'error'}
    assert lab.restored == {(APP, 'app'): b'the app'}
    lab.delete(checkpoint_id)


def test_what_is_damaged_is_not_copied_unless_somebody_insists(lab):
    checkpoint_id = lab.protected()
    plan_id = lab.checkpoint(checkpoint_id).plan_id
    repair = spoil(lab, chunk_of(lab, checkpoint_id, 'disk'))
    found = verify(lab, checkpoint_id)

    def copy(**kwargs):
        return copies.create(lab.context, PROVIDER, parameters={},
                             **kwargs).checkpoint_id

    for named in ({'checkpoint_id': checkpoint_id}, {'plan_id': plan_id}):
        with pytest.raises(exception.CheckpointDamaged, match=found.id):
            copy(**named)
    repair()
    copy_id = copy(plan_id=plan_id, force=True)
    assert lab.process().work() is None
    lab.check_available(copy_id)
    # equally new, and good: this is the one to copy now
    assert lab.checkpoint(copy_id).damage is None
    assert copies.create(
        lab.context, PROVIDER, plan_id=plan_id,
        parameters={}).source_checkpoint_id == copy_id


def test_what_was_found_since_it_was_asked_for(lab):
    checkpoint_id = lab.protected()
    lab.ask_restore(checkpoint_id)
    copy_id = lab.ask_copy(checkpoint_id)
    with session.writer(karbor_context.system()) as writer:
        checkpoints.mark_damaged(writer, checkpoint_id, 'v', 'It is broken.')
    for type_, id_ in (('restore', checkpoint_id), ('copy', copy_id)):
        assert lab.process().work() is None
        operation = lab.operation(type_, id_)
        assert operation.status == 'error'
        assert f'{checkpoint_id} is damaged. It is broken.' in (
            operation.reason)
    assert lab.restored == {}


@pytest.mark.parametrize('type_', ['restore', 'copy'])
def test_whoever_reads_it_marks_it(lab, type_):
    checkpoint_id = lab.protected()
    key = chunk_of(lab, checkpoint_id, 'app')
    spoil(lab, key)
    if type_ == 'restore':
        operation = restore(lab, checkpoint_id)
    else:
        copy_id = lab.ask_copy(checkpoint_id)
        assert lab.process().work() is None
        operation = lab.operation('copy', copy_id)
        assert lab.checkpoint(copy_id).damage is None
    assert operation.status == 'error'
    damage = lab.checkpoint(checkpoint_id).damage
    assert damage.found_by == operation.id
    assert damage.reason.startswith(f'{type_.title()} {operation.id} found: ')
    assert key in damage.reason


def test_an_error_that_is_no_damage_marks_nothing(lab):
    checkpoint_id = lab.protected()
    for error in (plugin.PluginError(reason='the cloud is away'),
                  plugin.BankError(key='k', reason='the bank is away'),
                  # of another checkpoint, whichever way it was met with
                  plugin.BankCorrupt(key='data/x', reason='it is missing')):
        def fail(step, error=error):
            raise error
        lab.tricks['verify', 'on_main', 'app'] = fail
        assert verify(lab, checkpoint_id).status == 'error'
        assert lab.checkpoint(checkpoint_id).damage is None


def test_what_a_plugin_finds_outside(lab):
    checkpoint_id = lab.protected()

    def find(step):
        raise plugin.Damaged(reason='The snapshot is gone.')

    lab.tricks['verify', 'on_main', 'disk'] = find
    operation = verify(lab, checkpoint_id)
    assert operation.reason == f'{DISK} disk: The snapshot is gone.'
    assert lab.checkpoint(checkpoint_id).damage.reason == (
        f'Verification {operation.id} found: {DISK} disk: The snapshot is '
        'gone.')


def test_damage_behind_an_error_of_a_plugin(lab):
    checkpoint_id = lab.protected()
    spoil(lab, chunk_of(lab, checkpoint_id, 'app'))

    def wrap(step):
        try:
            with step.data.reader() as reader:
                reader.read()
        except plugin.BankError as error:
            raise plugin.PluginError(reason='no') from error

    lab.tricks['restore', 'on_prepare_begin', 'app'] = wrap
    assert restore(lab, checkpoint_id).reason == f'{APP} app: no'
    assert 'damaged data' in lab.checkpoint(checkpoint_id).damage.reason


@pytest.mark.parametrize('after', [False, True])
def test_it_is_marked_wherever_a_process_dies(lab, quiet, after):
    checkpoint_id = lab.protected()
    spoil(lab, chunk_of(lab, checkpoint_id, 'disk'))
    number = 0
    while True:
        number += 1
        with session.writer(karbor_context.system()) as writer:
            checkpoints.clear_damage(writer, checkpoint_id,
                                     lab.checkpoint(checkpoint_id).created_at
                                     .replace(year=9999))
        lab.ask_verify(checkpoint_id)
        faults = Faults(number, Crash(), after=after)
        try:
            assert lab.process(faults).work() is None
        except Crash:
            lab.expire()
            # after the last write there is nothing left to do
            if lab.operation('verify', checkpoint_id).status == 'running':
                assert lab.process().work() is None
        operation = lab.operation('verify', checkpoint_id)
        assert operation.status == 'error'
        assert lab.statuses(operation) == {'app': 'success', 'disk': 'error'}
        damage = lab.checkpoint(checkpoint_id).damage
        assert damage.found_by == operation.id
        if not faults.hit:
            break
    assert number > 15


def test_a_restore_that_found_it_goes_on_with_the_others(lab, quiet):
    checkpoint_id = lab.protected()
    spoil(lab, chunk_of(lab, checkpoint_id, 'app'))
    number = 0
    while True:
        number += 1
        with session.writer(karbor_context.system()) as writer:
            checkpoints.clear_damage(writer, checkpoint_id,
                                     lab.checkpoint(checkpoint_id).created_at
                                     .replace(year=9999))
        lab.restored.clear()
        lab.ask_restore(checkpoint_id)
        faults = Faults(number, Crash())
        try:
            assert lab.process(faults).work() is None
        except Crash:
            lab.expire()
            assert lab.process().work() is None
        operation = lab.operation('restore', checkpoint_id)
        assert lab.statuses(operation) == {'app': 'error', 'disk': 'success'}
        assert set(lab.restored) == {(DISK, 'disk')}
        assert lab.checkpoint(checkpoint_id).damage.found_by == operation.id
        if not faults.hit:
            break
    assert number > 15


def test_a_mark_that_cannot_be_written_is_not_lost(lab, quiet):
    """The verification does not end without it."""
    checkpoint_id = lab.protected()
    spoil(lab, chunk_of(lab, checkpoint_id, 'disk'))
    lab.ask_verify(checkpoint_id)

    def mark(*args):
        raise OSError('the database is away')

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checkpoints, 'mark_damaged', mark)
        assert lab.process().work() == 'broken'
    lab.expire()
    assert lab.process().work() is None
    operation = lab.operation('verify', checkpoint_id)
    assert operation.status == 'error'
    assert lab.checkpoint(checkpoint_id).damage.found_by == operation.id


def test_what_was_found_meanwhile_is_not_cleared(lab):
    """Another one read something after it was read here."""
    checkpoint_id = lab.protected()

    def meanwhile(step):
        with session.writer(karbor_context.system()) as writer:
            checkpoints.mark_damaged(writer, checkpoint_id, 'v', 'Broken.')

    lab.tricks['verify', 'on_complete', 'app'] = meanwhile
    assert verify(lab, checkpoint_id).status == 'success'
    assert lab.checkpoint(checkpoint_id).damage.reason == 'Broken.'


def test_a_bank_that_takes_its_word_back(lab):
    checkpoint_id = lab.protected()
    lab.store.write_manifest(dataclasses.replace(
        lab.store.read_manifest(checkpoint_id), status='error'))
    assert verify(lab, checkpoint_id).status == 'error'
    assert 'is error; only an' in lab.checkpoint(checkpoint_id).damage.reason


# -- subsets ------------------------------------------------------------------

@pytest.fixture
def many(lab):
    """Twelve apps that need nothing else."""
    lab.children = {}
    lab.world = {(APP, f'app{number}'): b'the app' for number in range(12)}
    plan = lab.plan(*(plugin.Resource(*key) for key in lab.world))
    lab.__dict__['_usual_plan'] = plan
    return lab.protected()


def test_subsets_cover_each_resource_once(lab, many):
    looked_at = []
    for number in range(1, 6):
        subset = Subset(number, 5)
        del lab.log[:]
        operation = verify(lab, many, subset=subset.to_dict())
        assert (operation.status, operation.fraction) == ('success', 1.0)
        assert operation.request['subset'] == subset.to_dict()
        mine = [id_ for _type, id_ in lab.world
                if plugin.Resource(APP, id_) in subset]
        looked_at += mine
        assert operation.bytes_done == operation.bytes_total == 7 * len(mine)
        assert {id_ for _kind, _hook, id_ in lab.log} == set(mine)
        for one in operation.resources:
            if one.id in mine:
                assert (one.status, one.reason) == ('success', None)
            else:
                assert (one.status, one.fraction, one.hooks_done) == (
                    'skipped', 0.0, ())
                assert one.reason == (
                    f'Not looked at: it is not in subset {number} of 5.')
    assert sorted(looked_at) == sorted(id_ for _type, id_ in lab.world)


def test_damage_is_found_when_its_subset_is_looked_at(lab, many):
    spoil(lab, chunk_of(lab, many, 'app7'))
    statuses = []
    for number in range(1, 4):
        operation = verify(lab, many, subset={'number': number, 'of': 3})
        statuses.append(operation.status)
        found = plugin.Resource(APP, 'app7') in Subset(number, 3)
        assert (operation.status == 'error') is found
    assert sorted(statuses) == ['error', 'success', 'success']
    assert 'app7' in lab.checkpoint(many).damage.reason


def test_an_empty_subset_has_looked_at_nothing(lab):
    checkpoint_id = lab.protected()
    subset = next(
        number for number in range(1, 100) if not any(
            plugin.Resource(*key) in Subset(number, 99) for key in lab.world))
    operation = verify(lab, checkpoint_id,
                       subset={'number': subset, 'of': 99})
    assert (operation.status, operation.fraction) == ('success', 1.0)
    assert set(lab.statuses(operation).values()) == {'skipped'}


def test_a_subset_wherever_a_process_dies(lab, quiet):
    checkpoint_id = lab.protected()
    number = next(number for number in (1, 2, 3)
                  if plugin.Resource(DISK, 'disk') in Subset(number, 3))
    assert plugin.Resource(APP, 'app') not in Subset(number, 3)

    def ask():
        verifications.create(
            lab.context, provider_id=PROVIDER, parameters={},
            checkpoint_id=checkpoint_id, subset={'number': number, 'of': 3})
        return checkpoint_id

    def check(_subject):
        operation = lab.operation('verify', checkpoint_id)
        assert operation.status == 'success'
        assert lab.statuses(operation) == {'app': 'skipped',
                                           'disk': 'success'}

    assert test_work_verify.die_everywhere(lab, ask, check) > 12
