# SPDX-License-Identifier: Apache-2.0
"""Verifications: what is damaged is found and named, whatever happens."""

import dataclasses

import pytest

from karbor import plugin
from karbor.bank import layout
from karbor.protection.flows import readback
from karbor.tests.faults import BANK
from karbor.tests.faults import Crash
from karbor.tests.faults import Faults
from karbor.tests.unit.protection import test_work
from karbor.tests.unit.protection.lab import APP
from karbor.tests.unit.protection.lab import DISK
from karbor.tests.unit.protection.test_work_bank import fail_everywhere
from karbor.tests.unit.protection.test_work_crashes import die_everywhere

OTHER = {'app': 'disk', 'disk': 'app'}


def verify(lab, checkpoint_id, process=None):
    """Verify a checkpoint; the operation when it has ended."""
    lab.ask_verify(checkpoint_id)
    assert (process or lab.process(threads=2)).work() is None
    return lab.operation('verify', checkpoint_id)


def check_sound(lab, operation):
    assert (operation.status, operation.reason) == ('success', None)
    assert lab.statuses(operation) == {'app': 'success', 'disk': 'success'}
    total = sum(map(len, lab.world.values()))
    assert (operation.bytes_done, operation.bytes_total) == (total, total)
    assert operation.fraction == 1.0


def test_a_sound_checkpoint_is_proved(lab):
    checkpoint_id = lab.protected()
    before = lab.objects()
    operation = verify(lab, checkpoint_id)
    check_sound(lab, operation)
    for resource in operation.resources:
        assert resource.hooks_done == (readback.HOOK, *plugin.HOOKS)
        assert resource.bytes_done == resource.bytes_total
    lab.check_available(checkpoint_id)
    assert lab.objects() == before


def test_without_a_plugin_the_bank_is_read_all_the_same(lab):
    checkpoint_id = lab.protected()
    operation = verify(lab, checkpoint_id,
                       test_work.without_disks(lab.process()))
    check_sound(lab, operation)
    assert ('verify', 'on_main', 'app') in lab.log
    assert ('verify', 'on_main', 'disk') not in lab.log


def test_what_is_gone_outside_is_found_by_the_plugin(lab):
    checkpoint_id = lab.protected()
    del lab.outside[checkpoint_id, 'disk']
    operation = verify(lab, checkpoint_id)
    assert operation.status == 'error'
    assert operation.reason == f'{DISK} disk: The thing is gone.'
    assert lab.statuses(operation) == {'app': 'success', 'disk': 'error'}


@pytest.mark.parametrize('hook', plugin.HOOKS)
def test_the_others_go_on(lab, hook):
    checkpoint_id = lab.protected()
    lab.tricks['verify', hook, 'app'] = test_work.fail
    operation = verify(lab, checkpoint_id)
    assert operation.reason == f'{APP} app: it is broken'
    assert lab.statuses(operation) == {'app': 'error', 'disk': 'success'}
    assert ('verify', 'on_complete', 'disk') in lab.log
    # it is the user who decides what becomes of it
    lab.check_available(checkpoint_id)


# -- damage -------------------------------------------------------------------

def flip(data, other):
    return bytes([data[0] ^ 1]) + data[1:]


def truncate(data, other):
    return data[:-1]


def remove(data, other):
    return None


def swap(data, other):
    assert other != data
    return other


def named_objects(lab, checkpoint_id):
    """(resource id or None, key) of each object that a checkpoint needs."""
    found = [(None, layout.manifest(checkpoint_id))]
    for entry in lab.store.read_manifest(checkpoint_id).resources:
        found.append((entry.id, layout.document(
            checkpoint_id, entry.resource, entry.attempt, entry.document)))
        folder, _documents = layout.resource_folders(checkpoint_id,
                                                     entry.resource)
        found += [(entry.id, key) for key in lab.bank.list(f'{folder}/')]
    return found


@pytest.mark.parametrize('spoil', [flip, truncate, remove, swap])
def test_any_damage_is_found_and_named(lab, spoil, quiet):
    checkpoint_id = lab.protected()
    objects = named_objects(lab, checkpoint_id)
    lab.world = {key: content[::-1] for key, content in lab.world.items()}
    others = named_objects(lab, lab.protected())
    # manifest, documents, index pages, chunks
    assert len(objects) == len(others) == 1 + 2 + 2 + 3
    for (id_, key), (_id, other) in zip(objects, others, strict=True):
        data = lab.bank.get(key)
        spoilt = spoil(data, lab.bank.get(other))
        if spoilt is None:
            lab.bank.delete(key)
        else:
            lab.bank.put(key, spoilt)
        operation = verify(lab, checkpoint_id)
        assert operation.status == 'error', key
        assert key in operation.reason
        if id_ is None:
            assert operation.resources == ()
        else:
            assert f' {id_}: ' in operation.reason
            assert lab.statuses(operation) == {id_: 'error',
                                               OTHER[id_]: 'success'}
        lab.bank.put(key, data)
    del lab.log[:]
    operation = verify(lab, checkpoint_id)
    assert operation.status == 'success'


def test_of_much_damage_some_is_named_and_the_rest_counted(lab):
    lab.world[DISK, 'disk'] = b''.join(
        bytes([number]) * 4096 for number in range(20))
    checkpoint_id = lab.protected()
    chunks = [key for id_, key in named_objects(lab, checkpoint_id)
              if id_ == 'disk' and key.startswith('data')
              and not key.endswith('index')]
    for key in chunks:
        lab.bank.delete(key)
    operation = verify(lab, checkpoint_id)
    assert [key in operation.reason for key in chunks] == (
        [True] * 5 + [False] * 15)
    assert operation.reason.endswith('(and 15 more)')


def test_a_bank_that_says_something_else_is_believed(lab):
    checkpoint_id = lab.protected()
    lab.store.write_manifest(dataclasses.replace(
        lab.store.read_manifest(checkpoint_id), status='error'))
    operation = verify(lab, checkpoint_id)
    assert operation.status == 'error'
    assert 'is error; only an available' in operation.reason


# -- crashes ------------------------------------------------------------------

def test_it_is_proved_wherever_a_process_dies(lab, quiet):
    checkpoint_id = lab.protected()

    def ask():
        lab.ask_verify(checkpoint_id)
        return checkpoint_id

    def check(_subject):
        check_sound(lab, lab.operation('verify', checkpoint_id))
        lab.check_available(checkpoint_id)

    assert die_everywhere(lab, ask, check) > 25


@pytest.mark.parametrize('way', [{}, {'from_then_on': True}])
def test_over_a_bank_that_fails(lab, quiet, way):
    checkpoint_id = lab.protected()

    def ask():
        lab.ask_verify(checkpoint_id)
        return checkpoint_id

    def check(_subject, hit):
        operation = lab.operation('verify', checkpoint_id)
        assert operation.status == ('error' if hit else 'success')
        if hit:
            # not taken for damage
            assert 'the disk is full' in operation.reason
            assert 'damaged' not in operation.reason
        assert {'running', 'undefined'}.isdisjoint(
            lab.statuses(operation).values())
        lab.check_available(checkpoint_id)

    # a manifest, and of each resource a document, a page and its chunks
    assert fail_everywhere(lab, way, ask, check) == 1 + 2 + 2 + 3


def test_what_was_read_is_not_read_again(lab, quiet):
    checkpoint_id = lab.protected()
    lab.ask_verify(checkpoint_id)
    # the third hook dies: everything was read before the first
    with pytest.raises(Crash):
        lab.process(Faults(3, Crash(), on=['hook'])).work()
    lab.expire()
    again = Faults(on=BANK)
    assert lab.process(again).work() is None
    assert again.calls == 1         # the manifest
    check_sound(lab, lab.operation('verify', checkpoint_id))


def test_a_resource_that_is_done_is_not_read_again(lab, conf, quiet):
    # one after another, in the order of the graph
    conf.set_override('flow_size', 1, 'protection')
    checkpoint_id = lab.protected()
    lab.ask_verify(checkpoint_id)
    # a manifest, then a document, a page and a chunk of the app
    with pytest.raises(Crash):
        lab.process(Faults(5, Crash(), on=BANK)).work()
    lab.expire()
    again = Faults(on=BANK)
    assert lab.process(again).work() is None
    assert again.calls == 1 + 1 + 1 + 2
    check_sound(lab, lab.operation('verify', checkpoint_id))


def test_it_holds_its_checkpoint(lab):
    checkpoint_id = lab.protected()
    lab.ask_verify(checkpoint_id)
    with pytest.raises(plugin.errors.KarborError,
                       match='operation verify is at work on it'):
        lab.ask_delete(checkpoint_id)
    assert lab.process().work() is None
    lab.delete(checkpoint_id)


def test_a_plugin_reads_what_is_saved_and_writes_nothing(lab):
    checkpoint_id = lab.protected()
    seen = []

    def trick(step):
        with step.data.reader() as reader:
            seen.append((step.data.load(), reader.read()))
        assert step.source is None
        with pytest.raises(plugin.BankError):
            step.data.save({})

    lab.tricks['verify', 'on_main', 'app'] = trick
    # what it reads is not counted twice
    check_sound(lab, verify(lab, checkpoint_id))
    assert seen == [({'thing': 'thing of app'}, b'the app')]


def test_a_deadly_one_is_given_up(lab, conf, quiet):
    conf.set_override('max_crashes', 1, 'protection')
    checkpoint_id = lab.protected()
    lab.ask_verify(checkpoint_id)
    for _death in range(2):
        with pytest.raises(Crash):
            lab.process(Faults(1, Crash(), on=['hook'])).work()
        lab.expire()
    assert lab.process().work() is None
    operation = lab.operation('verify', checkpoint_id)
    assert 'Given up' in operation.reason
    assert set(lab.statuses(operation).values()) == {'error'}
    lab.check_available(checkpoint_id)
