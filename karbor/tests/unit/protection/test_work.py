# SPDX-License-Identifier: Apache-2.0
"""Operations from beginning to end, and plugins that stop them."""

import dataclasses
import logging

import pytest

from karbor import exception
from karbor import plugin
from karbor.bank import layout
from karbor.plugin.protection import HOOKS
from karbor.protection import protectables
from karbor.protection.protectables import Protectables
from karbor.rpc import notifications
from karbor.tests.unit.protection import lab as labs
from karbor.tests.unit.protection.lab import APP
from karbor.tests.unit.protection.lab import DISK

NOT_DONE = 'Not done, because another resource failed.'


def fail(step):
    raise plugin.PluginError(reason='it is broken')


def fail_badly(step):
    raise KeyError('what')


def test_a_checkpoint_is_made_restored_and_deleted(lab):
    checkpoint_id = lab.ask_protect()
    operation = lab.operation('protect', checkpoint_id)
    assert lab.client.told == [operation.id]
    assert lab.process(threads=2).work() is None
    lab.check_available(checkpoint_id)
    row = lab.checkpoint(checkpoint_id)
    assert row.size == sum(map(len, lab.world.values()))
    operation = lab.operation('protect', checkpoint_id)
    assert (operation.status, operation.fraction) == ('success', 1.0)
    assert lab.statuses(operation) == {'app': 'success', 'disk': 'success'}
    assert [r.hooks_done for r in operation.resources] == [HOOKS, HOOKS]
    lab.ask_restore(checkpoint_id)
    assert lab.process(threads=2).work() is None
    assert lab.restored == lab.world
    lab.delete(checkpoint_id)
    assert lab.objects() == []


def test_hooks_run_in_order(lab):
    lab.ask_protect()
    lab.process().work()
    # those of the main phase in any order
    lab.log[4:6] = sorted(lab.log[4:6])
    assert lab.log == [
        ('protect', 'on_prepare_begin', 'app'),
        ('protect', 'on_prepare_begin', 'disk'),
        ('protect', 'on_prepare_finish', 'disk'),
        ('protect', 'on_prepare_finish', 'app'),
        ('protect', 'on_main', 'app'), ('protect', 'on_main', 'disk'),
        ('protect', 'on_complete', 'disk'),
        ('protect', 'on_complete', 'app')]


def test_a_step_knows_its_place(lab):
    seen = {}

    def trick(step):
        seen[step.resource.id] = step

    for id_ in ('app', 'disk'):
        lab.tricks['protect', 'on_main', id_] = trick
    checkpoint_id = lab.ask_protect()
    lab.process().work()
    operation = lab.operation('protect', checkpoint_id)
    step = seen['app']
    assert step.checkpoint_id == checkpoint_id
    assert step.operation_id == operation.id
    assert [child.id for child in step.children] == ['disk']
    assert step.origin == 'manual'
    assert step.parameters == {}
    assert step.context.project_id == labs.PROJECT
    assert step.context.user_id == 'u'
    assert 'manager' in step.context.roles
    assert step.context.request_id == operation.request_id
    assert not step.cancelled
    with pytest.raises(plugin.PluginError, match='no OpenStack cloud'):
        _ = step.openstack


@pytest.mark.parametrize('id_', ['app', 'disk'])
@pytest.mark.parametrize('hook', HOOKS)
def test_protect_fails_in_a_hook(lab, hook, id_):
    lab.tricks['protect', hook, id_] = fail
    checkpoint_id = lab.ask_protect()
    assert lab.process(threads=2).work() is None
    operation = lab.operation('protect', checkpoint_id)
    type_ = {'app': APP, 'disk': DISK}[id_]
    assert operation.status == 'error'
    assert operation.reason == f'{type_} {id_}: it is broken'
    reasons = {r.id: (r.status, r.reason) for r in operation.resources}
    assert reasons.pop(id_) == ('error', 'it is broken')
    assert set(reasons.values()) <= {('error', NOT_DONE), ('success', None)}
    row = lab.checkpoint(checkpoint_id)
    assert (row.status, row.sealed) == ('error', False)
    assert row.status_reason == operation.reason
    manifest = lab.store.read_manifest(checkpoint_id)
    assert (manifest.status, manifest.reason) == ('error', operation.reason)
    if hook == 'on_prepare_begin':
        # nothing was begun after it
        assert ('protect', 'on_main', 'app') not in lab.log
    with pytest.raises(exception.CheckpointNotAvailable):
        lab.ask_restore(checkpoint_id)
    lab.tricks.clear()
    lab.delete(checkpoint_id)
    assert lab.objects() == []


@pytest.mark.parametrize('hook', HOOKS)
def test_restore_fails_in_a_hook(lab, hook):
    checkpoint_id = lab.protected()
    lab.tricks['restore', hook, 'app'] = fail
    lab.ask_restore(checkpoint_id)
    assert lab.process(threads=2).work() is None
    operation = lab.operation('restore', checkpoint_id)
    assert operation.status == 'error'
    assert operation.reason == f'{APP} app: it is broken'
    # the rest went on
    assert lab.statuses(operation) == {'app': 'error', 'disk': 'success'}
    assert ('restore', 'on_complete', 'disk') in lab.log
    assert lab.restored[DISK, 'disk'] == lab.world[DISK, 'disk']
    lab.check_available(checkpoint_id)
    lab.tricks.clear()
    lab.ask_restore(checkpoint_id)
    assert lab.process().work() is None
    assert lab.restored == lab.world


@pytest.mark.parametrize('hook', HOOKS)
def test_delete_fails_in_a_hook(lab, hook):
    checkpoint_id = lab.protected()
    lab.tricks['delete', hook, 'disk'] = fail_badly
    lab.ask_delete(checkpoint_id)
    assert lab.process(threads=2).work() is None
    operation = lab.operation('delete', checkpoint_id)
    assert operation.status == 'error'
    assert operation.reason == f"{DISK} disk: KeyError: 'what'"
    assert lab.statuses(operation) == {'app': 'success', 'disk': 'error'}
    row = lab.checkpoint(checkpoint_id)
    assert (row.status, row.status_reason) == (
        'error-deleting', operation.reason)
    # nobody is led to believe that it is whole, and its data is there still
    manifest = lab.store.read_manifest(checkpoint_id)
    assert manifest.status == 'deleting'
    assert lab.store.verify(checkpoint_id) == []
    lab.tricks.clear()
    lab.delete(checkpoint_id)
    assert lab.objects() == []


def test_notes_progress_and_reasons_are_kept(lab):
    def trick(step):
        step.note('3 files were left out: \udcff\0')
        step.progress(0.5, bytes_done=5, bytes_total=10)

    lab.tricks['protect', 'on_complete', 'disk'] = trick
    lab.tricks['protect', 'on_main', 'app'] = (
        lambda step: step.note('x' * 10_000))
    checkpoint_id = lab.ask_protect()
    assert lab.process().work() is None
    app, disk = lab.operation('protect', checkpoint_id).resources
    assert (disk.status, disk.fraction) == ('success', 1.0)
    assert (disk.bytes_done, disk.bytes_total) == (5, 10)
    assert disk.reason == '3 files were left out: \\udcff\\x00'
    assert len(app.reason) == 4000
    # bytes that went through the bank are counted without the plugin
    assert app.bytes_done == len(lab.world[APP, 'app'])


def test_a_resource_finds_what_another_has_become(lab):
    checkpoint_id = lab.protected()
    found = []

    def trick(step):
        [child] = step.children
        found.append(step.new_id(child))
        with pytest.raises(plugin.PluginError, match='not been restored'):
            step.new_id(plugin.Resource(DISK, 'other'))

    lab.tricks['restore', 'on_complete', 'app'] = trick
    lab.ask_restore(checkpoint_id)
    assert lab.process().work() is None
    assert found == ['new-disk']


def test_a_vanished_provider_ends_every_operation(lab):
    first, second = lab.protected(), lab.protected()
    asked = {'protect': lab.ask_protect(), 'restore': first,
             'delete': second}
    lab.ask_restore(first)
    lab.ask_delete(second)
    process = lab.process()
    del process.shop.providers.by_id[labs.PROVIDER]
    after = {'protect': 'error', 'restore': 'available',
             'delete': 'error-deleting'}
    for _operation in range(3):
        assert process.work() is None
    for type_, checkpoint_id in asked.items():
        operation = lab.operation(type_, checkpoint_id)
        assert operation.status == 'error'
        assert f'Provider {labs.PROVIDER} could not' in operation.reason
        assert lab.checkpoint(checkpoint_id).status == after[type_]
    # and when it is there again, all can be deleted
    for checkpoint_id in asked.values():
        lab.delete(checkpoint_id)
    assert lab.objects() == []


def without_disks(process):
    process.provider = dataclasses.replace(
        process.provider, plugins={APP: process.protection})
    process.shop.providers.by_id[labs.PROVIDER] = process.provider
    return process


def test_a_type_without_a_plugin_is_not_protected(lab):
    checkpoint_id = lab.ask_protect()
    assert without_disks(lab.process()).work() is None
    operation = lab.operation('protect', checkpoint_id)
    said = 'Provider test has no plugin that can protect Test::Disk.'
    assert operation.reason == f'{DISK} disk: {said}'
    assert set(lab.statuses(operation).values()) == {'error'}
    assert lab.log == []
    assert lab.checkpoint(checkpoint_id).status == 'error'
    lab.delete(checkpoint_id)
    assert lab.objects() == []


def test_a_type_without_a_plugin_is_not_restored_but_the_others_are(lab):
    checkpoint_id = lab.protected()
    lab.ask_restore(checkpoint_id)
    assert without_disks(lab.process()).work() is None
    operation = lab.operation('restore', checkpoint_id)
    assert operation.status == 'error'
    assert 'no plugin that can restore Test::Disk' in operation.reason
    assert lab.statuses(operation) == {'app': 'success', 'disk': 'error'}
    assert set(lab.restored) == {(APP, 'app')}


def test_a_type_without_a_plugin_is_deleted(lab):
    """There is nobody to ask what it made outside; its data goes."""
    checkpoint_id = lab.protected()
    lab.tricks['delete', 'on_main', 'app'] = fail
    lab.ask_delete(checkpoint_id)
    assert without_disks(lab.process()).work() is None
    # one that had nothing to do is no error because another one is
    assert lab.statuses(lab.operation('delete', checkpoint_id)) == {
        'app': 'error', 'disk': 'success'}
    lab.tricks.clear()
    lab.ask_delete(checkpoint_id)
    assert without_disks(lab.process()).work() is None
    assert lab.checkpoint(checkpoint_id) is None
    assert lab.objects() == []


class Broken(labs.Things):
    def dependents(self, context, parents):
        raise ConnectionError('no route')


@pytest.mark.parametrize(('spoil', 'said'), [
    (lambda lab, shop: lab.world.pop((APP, 'app')),
     'Test::App app does not exist, or the project may not use it; nothing '
     'was protected'),
    (lambda lab, shop: setattr(shop, 'protectables', Protectables([])),
     'Protectable type Test::App could not be found.'),
    (lambda lab, shop: setattr(shop, 'protectables', Protectables(
        [labs.Things(lab, APP), Broken(lab, DISK, [APP])])),
     'Test::Disk cannot be looked up: ConnectionError: no route'),
])
def test_a_discovery_that_fails_makes_no_smaller_checkpoint(
        lab, spoil, said):
    checkpoint_id = lab.ask_protect()
    process = lab.process()
    spoil(lab, process.shop)
    assert process.work() is None
    operation = lab.operation('protect', checkpoint_id)
    assert (operation.status, operation.reason) == ('error', said)
    assert operation.resources == ()
    row = lab.checkpoint(checkpoint_id)
    assert (row.status, row.status_reason) == ('error', said)
    assert lab.store.read_manifest(checkpoint_id).status == 'error'
    assert lab.log == []
    lab.ask_delete(checkpoint_id)
    assert process.work() is None
    lab.check_gone(checkpoint_id)
    assert lab.objects() == []


def test_a_restore_believes_the_bank(lab):
    checkpoint_id = lab.protected()
    lab.ask_restore(checkpoint_id)
    lab.store.write_manifest(dataclasses.replace(
        lab.store.read_manifest(checkpoint_id), status='deleting'))
    assert lab.process().work() is None
    operation = lab.operation('restore', checkpoint_id)
    assert operation.status == 'error'
    assert 'only an available checkpoint' in operation.reason
    assert lab.restored == {}


def test_a_damaged_checkpoint_is_not_restored_but_deleted(lab):
    checkpoint_id = lab.protected()
    key = layout.manifest(checkpoint_id)
    lab.bank.put(key, lab.bank.get(key)[:-9])
    lab.ask_restore(checkpoint_id)
    assert lab.process().work() is None
    operation = lab.operation('restore', checkpoint_id)
    assert operation.status == 'error'
    assert 'damaged data at manifests/' in operation.reason
    lab.ask_delete(checkpoint_id)
    assert lab.process().work() is None
    assert lab.checkpoint(checkpoint_id) is None
    assert lab.objects() == []


def test_a_checkpoint_that_the_bank_has_lost_is_deleted(lab):
    checkpoint_id = lab.protected()
    for key in lab.objects():
        lab.bank.delete(key)
    lab.ask_delete(checkpoint_id)
    assert lab.process().work() is None
    assert lab.checkpoint(checkpoint_id) is None


def test_a_restore_of_damaged_data_names_the_resource(lab):
    checkpoint_id = lab.protected()
    entry = next(e for e in lab.store.read_manifest(checkpoint_id).resources
                 if e.id == 'disk')
    folder = layout.resource_folders(checkpoint_id, entry.resource)[0]
    chunk = next(k for k in lab.bank.list(folder) if not k.endswith('index'))
    lab.bank.put(chunk, b'not what was written')
    lab.ask_restore(checkpoint_id)
    assert lab.process().work() is None
    operation = lab.operation('restore', checkpoint_id)
    assert operation.reason.startswith(f'{DISK} disk: The bank returned')
    assert lab.statuses(operation) == {'app': 'success', 'disk': 'error'}


def test_many_children_in_small_batches(lab, conf):
    conf.set_override('flow_size', 3, 'protection')
    names = [f'disk{number}' for number in range(7)]
    lab.children['app'] = names
    lab.world = {(APP, 'app'): b'app', **{
        (DISK, name): name.encode() * 3000 for name in names}}
    checkpoint_id = lab.ask_protect()
    assert lab.process(threads=2).work() is None
    lab.check_available(checkpoint_id)
    lab.ask_restore(checkpoint_id)
    assert lab.process(threads=2).work() is None
    assert lab.restored == lab.world
    lab.delete(checkpoint_id)
    assert lab.objects() == []


def test_data_is_written_by_protect_only(lab):
    """Whether the checkpoint holds something of the resource or not."""
    checkpoint_id = lab.protected()
    manifest = lab.store.read_manifest(checkpoint_id)
    lab.store.write_manifest(dataclasses.replace(
        manifest, resources=manifest.resources[:1]))
    seen = []

    def trick(step):
        for write in (lambda: step.data.save({}), step.data.writer):
            with pytest.raises(exception.KarborError):
                write()
        seen.append((step.resource.id, step.data.load(),
                     step.data.streams()))

    for id_ in ('app', 'disk'):
        lab.tricks['restore', 'on_prepare_begin', id_] = trick
    lab.ask_restore(checkpoint_id)
    assert lab.process().work() is None
    assert seen == [('app', {'thing': 'thing of app'}, {'content': 7}),
                    ('disk', {}, {})]
    # and reading what is not there is an error of the resource
    operation = lab.operation('restore', checkpoint_id)
    assert operation.reason == f'{DISK} disk: The bank holds nothing at ' \
                               'content.'


def test_a_reason_that_no_database_takes_is_told_all_the_same(
        lab, monkeypatch):
    """A discovery tells the name of a file: not UTF-8, or with a NUL."""
    def find(self, context, ids):
        raise OSError('no such file: a\udcff\0b')

    monkeypatch.setattr(labs.Things, 'find', find)
    # what is logged of it cannot cross between the processes of pytest
    for module in (protectables, notifications):
        monkeypatch.setattr(module, 'LOG', logging.getLogger('unheard'))
    logging.getLogger('unheard').disabled = True
    checkpoint_id = lab.ask_protect()
    assert lab.process().work() is None
    operation = lab.operation('protect', checkpoint_id)
    assert operation.status == 'error'
    assert r'no such file: a\udcff\x00b' in operation.reason
    assert lab.checkpoint(checkpoint_id).status == 'error'
    assert r'a\udcff\x00b' in lab.store.read_manifest(checkpoint_id).reason


def test_a_bank_that_deletes_what_is_to_be_made_ends_it(lab):
    """Another deployment works on the same bank: the way out stays open."""
    checkpoint_id = lab.protected()
    manifest = lab.store.read_manifest(checkpoint_id)
    other_id = lab.ask_protect()
    lab.store.write_manifest(dataclasses.replace(
        manifest, checkpoint_id=other_id, status='deleting', resources=()))
    assert lab.process().work() is None
    operation = lab.operation('protect', other_id)
    assert operation.status == 'error'
    assert 'is being deleted' in operation.reason
    lab.delete(other_id)
