# SPDX-License-Identifier: Apache-2.0
"""Copies: whole on their own, or of no use and easy to remove."""

import contextlib
import dataclasses

import pytest

from karbor import exception
from karbor import plugin
from karbor.actions import checkpoints
from karbor.actions import restores
from karbor.bank.store import Store
from karbor.plugin import testing
from karbor.tests.faults import Crash
from karbor.tests.faults import Faults
from karbor.tests.unit.protection import lab as labs
from karbor.tests.unit.protection import test_work
from karbor.tests.unit.protection.lab import APP
from karbor.tests.unit.protection.lab import DISK
from karbor.tests.unit.protection.lab import PROVIDER
from karbor.tests.unit.protection.test_work_bank import fail_everywhere
from karbor.tests.unit.protection.test_work_bank import WAYS
from karbor.tests.unit.protection.test_work_crashes import die_everywhere

ELSEWHERE = 'b766f37c-d011-4026-8228-28730d734a3f'
NOT_DONE = 'Not done, because another resource failed.'


def copied(lab, checkpoint_id):
    """A copy that is available; its id."""
    copy_id = lab.ask_copy(checkpoint_id)
    assert lab.process(threads=2).work() is None
    lab.check_available(copy_id)
    return copy_id


def test_a_copy_outlives_its_source(lab):
    source_id = lab.protected()
    source = lab.checkpoint(source_id)
    copy_id = copied(lab, source_id)
    row = lab.checkpoint(copy_id)
    assert (row.plan, row.plan_id, row.project_id, row.provider_id) == (
        source.plan, source.plan_id, source.project_id, source.provider_id)
    assert (row.size, row.resource_graph, row.created_at) == (
        source.size, source.resource_graph, source.created_at)
    # what says where it comes from is in the bank, too
    manifest = lab.store.read_manifest(copy_id)
    for told in (row, manifest):
        assert told.origin == 'copy'
        assert told.extra_info == {'created_by': 'copy',
                                   'copied_from': source_id}
    operation = lab.operation('copy', copy_id)
    assert (operation.status, operation.fraction) == ('success', 1.0)
    assert operation.bytes_done == operation.bytes_total == row.size
    assert operation.source_checkpoint_id == source_id
    lab.delete(source_id)
    lab.check_available(copy_id)
    lab.ask_restore(copy_id)
    assert lab.process().work() is None
    assert lab.restored == lab.world
    lab.delete(copy_id)
    assert lab.objects() == []
    assert lab.outside == {}


def test_a_copy_can_be_copied_and_deleted_before_its_source(lab):
    source_id = lab.protected()
    first = copied(lab, source_id)
    second = copied(lab, first)
    assert lab.checkpoint(second).extra_info['copied_from'] == first
    lab.delete(first)
    lab.delete(second)
    lab.check_available(source_id)


def test_what_is_seen_meanwhile(lab):
    source_id = lab.protected()
    copy_id = lab.ask_copy(source_id)
    row = lab.checkpoint(copy_id)
    assert (row.status, row.size, row.sealed) == ('wait_copying', None, False)
    assert copy_id not in lab.store.manifests()
    seen = []

    def trick(step):
        assert step.origin == 'copy'
        assert step.checkpoint_id == copy_id
        seen.append((lab.checkpoint(copy_id).status,
                     lab.store.read_manifest(copy_id).status))
        for write in (lambda: step.source.save({}), step.source.writer):
            with pytest.raises(plugin.BankError):
                write()

    lab.tricks['copy', 'on_main', 'disk'] = trick
    assert lab.process().work() is None
    # the bank has one word for all that is not complete yet
    assert seen == [('copying', 'protecting')]


@pytest.mark.parametrize('held', ['source', 'copy'])
def test_both_are_held_while_it_runs(lab, held):
    source_id = lab.protected()
    copy_id = lab.ask_copy(source_id)
    refused = {'source': source_id, 'copy': copy_id}[held]

    def refuse(step=None):
        with pytest.raises(exception.CheckpointNotDeletable):
            lab.ask_delete(refused)

    refuse()
    lab.tricks['copy', 'on_main', 'disk'] = refuse
    assert lab.process().work() is None
    lab.check_available(copy_id)
    lab.delete(refused)


def test_its_state_is_left_to_who_makes_it(lab):
    source_id = lab.protected()
    copy_id = lab.ask_copy(source_id)

    def refuse(step=None):
        with pytest.raises(exception.CheckpointNotResettable,
                           match='operation copy is at work on it'):
            checkpoints.reset_state(lab.context, PROVIDER, copy_id, 'error')
        with pytest.raises(exception.CheckpointNotResettable,
                           match='never completed'):
            checkpoints.reset_state(lab.context, PROVIDER, copy_id,
                                    'available')

    refuse()
    lab.tricks['copy', 'on_main', 'disk'] = refuse
    assert lab.process().work() is None
    lab.check_available(copy_id)


@pytest.mark.parametrize('id_', ['app', 'disk'])
@pytest.mark.parametrize('hook', plugin.HOOKS)
def test_a_copy_fails_in_a_hook(lab, hook, id_):
    source_id = lab.protected()
    lab.tricks['copy', hook, id_] = test_work.fail
    copy_id = lab.ask_copy(source_id)
    assert lab.process(threads=2).work() is None
    operation = lab.operation('copy', copy_id)
    type_ = {'app': APP, 'disk': DISK}[id_]
    assert operation.reason == f'{type_} {id_}: it is broken'
    reasons = {r.id: (r.status, r.reason) for r in operation.resources}
    assert reasons.pop(id_) == ('error', 'it is broken')
    assert set(reasons.values()) <= {('error', NOT_DONE), ('success', None)}
    row = lab.checkpoint(copy_id)
    assert (row.status, row.sealed, row.status_reason) == (
        'error', False, operation.reason)
    manifest = lab.store.read_manifest(copy_id)
    assert (manifest.status, manifest.reason) == ('error', operation.reason)
    lab.tricks.clear()
    lab.delete(copy_id)
    lab.check_available(source_id)


def test_damage_is_not_copied(lab):
    source_id = lab.protected()
    chunk = next(key for key in lab.bank.list(f'data/{source_id}/')
                 if not key.endswith('index'))
    lab.bank.put(chunk, b'not what was written')
    copy_id = lab.ask_copy(source_id)
    assert lab.process().work() is None
    operation = lab.operation('copy', copy_id)
    assert 'The bank returned damaged data at ' + chunk in operation.reason
    assert lab.checkpoint(copy_id).status == 'error'
    lab.delete(copy_id)


def lose_the_manifest(lab, process, source_id):
    lab.bank.delete(f'manifests/{source_id}.json')


def lose_the_provider(lab, process, source_id):
    del process.shop.providers.by_id[PROVIDER]


def lose_a_plugin(lab, process, source_id):
    test_work.without_disks(process)


@pytest.mark.parametrize(('lose', 'said'), [
    (lose_the_manifest, 'it is missing'),
    (lose_the_provider, f'Provider {PROVIDER} could not be found.'),
    (lose_a_plugin, 'no plugin that can copy Test::Disk')])
def test_what_is_gone_before_it_begins(lab, lose, said):
    source_id = lab.protected()
    copy_id = lab.ask_copy(source_id)
    process = lab.process()
    lose(lab, process, source_id)
    assert process.work() is None
    operation = lab.operation('copy', copy_id)
    assert operation.status == 'error'
    assert said in operation.reason
    row = lab.checkpoint(copy_id)
    assert (row.status, row.status_reason) == ('error', operation.reason)
    lab.delete(copy_id)


# -- crashes ------------------------------------------------------------------

def test_a_copy_is_made_wherever_a_process_dies(lab, quiet):
    source_id = lab.protected()
    lab.made.clear()
    done = []

    def check(copy_id):
        lab.check_available(copy_id)
        operation = lab.operation('copy', copy_id)
        assert operation.status == 'success'
        assert set(lab.statuses(operation).values()) == {'success'}
        done.append(copy_id)

    deaths = die_everywhere(lab, lambda: lab.ask_copy(source_id), check)
    assert deaths > 35
    assert set(lab.made.values()) == {1}
    assert len(lab.made) == 2 * len(done)
    lab.check_available(source_id)
    for copy_id in done[::7]:
        lab.delete(copy_id)


@pytest.mark.parametrize('way', WAYS)
def test_over_a_bank_that_fails(lab, quiet, way):
    lab.shrink()
    source_id = lab.protected()

    def check(copy_id, hit):
        lab.check_promise(copy_id)
        lab.check_available(source_id)
        operation = lab.operation('copy', copy_id)
        row = lab.checkpoint(copy_id)
        if row.status == 'available':
            assert operation.status == 'success'
        else:
            assert hit
            assert (row.status, operation.status) == ('error', 'error')
            assert 'the disk is full' in operation.reason
        lab.delete(copy_id)
        assert [key for key in lab.objects() if copy_id in key] == []

    assert fail_everywhere(lab, way, lambda: lab.ask_copy(source_id),
                           check) > 8


def test_a_copy_wherever_a_process_dies_after_its_word(lab, quiet):
    """What it did last has happened, and nobody was told."""
    lab.shrink()
    source_id = lab.protected()
    lab.made.clear()
    number, copies = 0, []
    while True:
        number += 1
        copy_id = lab.ask_copy(source_id)
        copies.append(copy_id)
        faults = Faults(number, Crash(), after=True)
        with contextlib.suppress(Crash):
            assert lab.process(faults).work() is None
        lab.expire()
        if lab.operation('copy', copy_id).status == 'running':
            assert lab.process().work() is None
        lab.check_available(copy_id)
        row, manifest = (lab.checkpoint(copy_id),
                         lab.store.read_manifest(copy_id))
        assert row.origin == manifest.origin == 'copy'
        assert row.extra_info == manifest.extra_info == {
            'created_by': 'copy', 'copied_from': source_id}
        if not faults.hit:
            break
    assert number > 15
    assert set(lab.made.values()) == {1}
    lab.delete(source_id)
    # each is whole on its own, whatever its maker left behind
    for copy_id in copies[::4]:
        lab.restored.clear()
        lab.ask_restore(copy_id)
        assert lab.process().work() is None
        assert lab.restored == lab.world
        lab.delete(copy_id)


def test_what_was_copied_is_not_copied_again(lab, conf, quiet):
    conf.set_override('flow_size', 1, 'protection')
    source_id = lab.protected()
    copy_id = lab.ask_copy(source_id)
    with pytest.raises(Crash):
        # a hook of the phase that follows the copying
        lab.process(Faults(7, Crash(), on=['hook'])).work()
    chunks = [key for key in lab.objects() if key.startswith(
        f'data/{copy_id}/')]
    lab.expire()
    del lab.log[:]
    again = Faults(on=['put'])
    assert lab.process(again).work() is None
    assert ('copy', 'on_main', 'disk') not in lab.log
    # the manifest, twice
    assert again.calls == 2
    assert [key for key in lab.objects() if key.startswith(
        f'data/{copy_id}/')] == chunks
    lab.check_available(copy_id)


def test_a_deadly_one_is_given_up(lab, conf, quiet):
    conf.set_override('max_crashes', 1, 'protection')
    source_id = lab.protected()
    copy_id = lab.ask_copy(source_id)
    for _death in range(2):
        with pytest.raises(Crash):
            lab.process(Faults(1, Crash(), on=['hook'])).work()
        lab.expire()
    assert lab.process().work() is None
    assert 'Given up' in lab.checkpoint(copy_id).status_reason
    lab.delete(copy_id)
    lab.delete(source_id)


# -- elsewhere ----------------------------------------------------------------

@pytest.fixture
def elsewhere(lab, monkeypatch):
    """Processes have a second provider, with a bank of its own."""
    bank = testing.MemoryBank()
    real = lab.process

    def process(*args, **kwargs):
        made = real(*args, **kwargs)
        made.elsewhere = dataclasses.replace(
            made.provider, id=ELSEWHERE, name='elsewhere',
            # chunks need not be of the same size
            store=Store(bank, chunk_size=1000))
        made.shop.providers.by_id[ELSEWHERE] = made.elsewhere
        return made

    def providers(context):
        made = process()
        return [made.provider.describe(), made.elsewhere.describe()]

    monkeypatch.setattr(lab, 'process', process)
    monkeypatch.setattr(lab.client, 'providers', providers)
    return bank


def test_a_copy_in_another_bank(lab, elsewhere):
    source_id = lab.protected()
    before = lab.objects()
    copy_id = lab.ask_copy(source_id, target_id=ELSEWHERE)
    assert lab.process(threads=2).work() is None
    assert lab.objects() == before
    row = lab.checkpoint(copy_id)
    assert (row.provider_id, row.status) == (ELSEWHERE, 'available')
    lab.delete(source_id)
    assert lab.objects() == []
    # all of it is in the other bank, and can be restored from there
    lab.store = Store(elsewhere)
    lab.check_available(copy_id)
    restores.create(lab.context, provider_id=ELSEWHERE,
                    checkpoint_id=copy_id, parameters={})
    assert lab.process().work() is None
    assert lab.restored == lab.world
    checkpoints.delete(lab.context, ELSEWHERE, copy_id)
    assert lab.process().work() is None
    assert elsewhere.objects == {}


def test_a_copy_in_another_bank_wherever_a_process_dies(
        lab, elsewhere, quiet):
    lab.shrink()
    source_id = lab.protected()
    mine = lab.store

    def ask():
        lab.store = mine
        copy_id = lab.ask_copy(source_id, target_id=ELSEWHERE)
        lab.store = Store(elsewhere)
        return copy_id

    def check(copy_id):
        lab.check_available(copy_id)
        assert lab.operation('copy', copy_id).status == 'success'

    assert die_everywhere(lab, ask, check) > 15


def test_elsewhere_there_may_be_nobody_who_can(lab, elsewhere, monkeypatch):
    source_id = lab.protected()
    monkeypatch.setattr(labs.Protection, 'operations', {
        name: operation for name, operation
        in labs.Protection.operations.items() if name != 'copy'})
    with pytest.raises(exception.Invalid,
                       match='no plugin that can copy Test::App'):
        lab.ask_copy(source_id, target_id=ELSEWHERE)
