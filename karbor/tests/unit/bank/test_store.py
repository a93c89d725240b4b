# SPDX-License-Identifier: Apache-2.0

import dataclasses
import uuid

import pytest

from karbor import exception
from karbor.bank import layout
from karbor.bank.section import Section
from karbor.bank.store import Store
from karbor.plugin import Cancelled
from karbor.plugin.testing import MemoryBank
from karbor.tests.unit.bank.common import CHECKPOINT
from karbor.tests.unit.bank.common import CONTENT
from karbor.tests.unit.bank.common import make_manifest
from karbor.tests.unit.bank.common import make_store
from karbor.tests.unit.bank.common import OTHER
from karbor.tests.unit.bank.common import protect
from karbor.tests.unit.bank.common import SERVER
from karbor.tests.unit.bank.common import VOLUME


def stop():
    raise Cancelled


# -- manifests ----------------------------------------------------------------

def test_a_manifest_is_kept(store):
    with pytest.raises(exception.CheckpointNotFound, match=CHECKPOINT):
        store.read_manifest(CHECKPOINT)
    manifest = make_manifest()
    store.write_manifest(manifest)
    assert store.read_manifest(CHECKPOINT) == manifest


def test_a_late_attempt_does_not_replace_a_manifest(bank, store):
    present = make_manifest('available', attempt=3)
    store.write_manifest(present)
    with pytest.raises(exception.LeaseLost, match='attempt 3; attempt 2'):
        store.write_manifest(make_manifest('error', attempt=2))
    assert store.read_manifest(CHECKPOINT) == present
    store.write_manifest(make_manifest('error', attempt=3))
    store.write_manifest(make_manifest('available', attempt=4))
    assert store.read_manifest(CHECKPOINT).attempt == 4


def test_what_is_being_deleted_does_not_come_back(store):
    store.write_manifest(make_manifest('deleting'))
    with pytest.raises(exception.Conflict, match='being deleted'):
        store.write_manifest(make_manifest('available', attempt=2))
    store.write_manifest(make_manifest('deleting', attempt=2))


def test_a_manifest_in_the_place_of_another_is_damage(bank, store):
    bank.put(layout.manifest(OTHER), make_manifest().to_bytes())
    with pytest.raises(exception.BankCorrupt, match=CHECKPOINT):
        store.read_manifest(OTHER)


def test_manifests_are_listed_in_pages(bank, store, monkeypatch):
    monkeypatch.setattr('karbor.bank.store._LIST_PAGE', 4)
    ids = sorted(str(uuid.UUID(int=number * 7919 << 90 | number))
                 for number in range(1, 11))
    for checkpoint_id in ids:
        store.write_manifest(make_manifest(checkpoint_id=checkpoint_id))
    bank.put('manifests/README', b'a stranger')
    bank.put('manifests/00-stranger.json', b'')
    bank.put('manifestss/x', b'')
    assert store.manifests() == ids
    for limit in (0, 1, 3, 4, 5, 10, 11):
        assert store.manifests(limit=limit) == ids[:limit]
    assert store.manifests(after=ids[3]) == ids[4:]
    assert store.manifests(after=ids[3], limit=2) == ids[4:6]
    with pytest.raises(exception.BankKeyInvalid):
        store.manifests(after='../x')


def test_ids_that_are_no_uuid_reach_no_bank(bank, store):
    entry = make_store(MemoryBank()).data(CHECKPOINT, VOLUME, 1).commit()
    for call in (lambda: store.read_manifest('../x'),
                 lambda: store.data('../x', VOLUME, 1),
                 lambda: store.read('../x', entry),
                 lambda: store.verify('../x'), lambda: store.delete('..'),
                 lambda: store.drop_attempts('..', VOLUME, {1})):
        with pytest.raises(exception.BankKeyInvalid):
            call()
    assert bank.objects == {}


def test_a_store_may_live_in_a_section(bank):
    protect(make_store(Section(bank, 'karbor/1')))
    assert all(key.startswith('karbor/1/') for key in bank.objects)
    assert make_store(Section(bank, 'karbor/1')).verify(CHECKPOINT) == []
    fenced = make_store(Section(bank, 'karbor/1', read_only=True))
    with pytest.raises(exception.BankReadOnly):
        fenced.delete(CHECKPOINT)


@pytest.mark.parametrize('size', [0, -1, 64 * 1024 * 1024 + 1])
def test_a_chunk_size_that_no_bank_takes_is_refused(size):
    with pytest.raises(ValueError, match='chunk_size'):
        Store(MemoryBank(), chunk_size=size)


# -- delete -------------------------------------------------------------------

def test_delete_leaves_nothing_and_others_alone(bank, store):
    protect(store, checkpoint_id=OTHER)
    before = dict(bank.objects)
    protect(store)
    store.delete(CHECKPOINT)
    assert bank.objects == before
    store.delete(CHECKPOINT)
    assert bank.objects == before
    store.delete(OTHER)
    assert bank.objects == {}


def test_delete_without_a_manifest(bank, store):
    protect(store)
    del bank.objects[layout.manifest(CHECKPOINT)]
    store.delete(CHECKPOINT)
    assert bank.objects == {}


def test_delete_with_a_damaged_manifest(bank, store):
    protect(store)
    bank.objects[layout.manifest(CHECKPOINT)] = b'damaged'
    store.delete(CHECKPOINT)
    assert bank.objects == {}


def test_delete_leaves_what_a_newer_release_wrote(bank, store):
    newer = dataclasses.replace(make_manifest(), format='2.0').to_bytes()
    bank.put(layout.manifest(CHECKPOINT), newer)
    bank.put(f'data/{CHECKPOINT}/x', b'')
    with pytest.raises(exception.FormatUnknown):
        store.delete(CHECKPOINT)
    assert len(bank.objects) == 2


def test_delete_goes_in_order(bank, store):
    protect(store)
    gone = []

    class Watch(MemoryBank):
        def delete(self, key):
            manifest = make_store(self).read_manifest(CHECKPOINT)
            assert manifest.status == 'deleting'
            gone.append(key.split('/')[0])
            super().delete(key)

    watch = Watch()
    watch.objects = bank.objects
    make_store(watch).delete(CHECKPOINT)
    assert gone == sorted(gone, key=['data', 'resources',
                                     'manifests'].index)
    assert gone[-1] == 'manifests'
    assert bank.objects == {}


def test_delete_in_pages(bank, store, monkeypatch):
    monkeypatch.setattr('karbor.bank.store._LIST_PAGE', 2)
    protect(store)
    store.delete(CHECKPOINT)
    assert bank.objects == {}


def test_delete_can_be_stopped_and_goes_on(bank, store):
    manifest = protect(store)
    with pytest.raises(Cancelled):
        store.delete(CHECKPOINT, check=stop)
    assert (store.read_manifest(CHECKPOINT)
            == dataclasses.replace(manifest, status='deleting'))
    store.delete(CHECKPOINT)
    assert bank.objects == {}


def test_delete_finds_what_a_late_worker_puts(bank, store):
    protect(store)
    late = [f'data/{CHECKPOINT}/0/late']

    def check():
        if late:
            bank.put(late.pop(), b'')

    store.delete(CHECKPOINT, check=check)
    assert bank.objects == {}


def test_delete_says_so_if_the_bank_does_not():
    class Keeps(MemoryBank):
        def delete(self, key):
            pass

    bank = Keeps()
    protect(make_store(bank))
    with pytest.raises(exception.BankError, match='still there'):
        make_store(bank).delete(CHECKPOINT)
    assert layout.manifest(CHECKPOINT) in bank.objects


# -- attempts -----------------------------------------------------------------

def test_drop_attempts_keeps_what_an_entry_names(bank, store):
    entry = None
    for attempt, stream in ((1, 'a'), (2, 'a'), (3, 'b'), (4, 'b')):
        data = store.data(CHECKPOINT, VOLUME, attempt, previous=entry)
        with data.writer(stream) as writer:
            writer.write(CONTENT + stream.encode())
        given_up = data.commit()
        # what attempts 1 and 3 did was not put on record
        entry = given_up if attempt in (2, 4) else entry
    other = store.data(CHECKPOINT, SERVER, 1)
    other.save({'a': 1})
    other_entry = other.commit()
    assert entry.attempts == (2, 4)
    store.drop_attempts(CHECKPOINT, VOLUME, set(entry.attempts))
    attempts = {int(key.split('/')[3]) for key in bank.objects
                if layout.resource_key(VOLUME) in key}
    assert attempts == {2, 4}
    found = store.read(CHECKPOINT, entry)
    assert found.reader('a').read() == CONTENT + b'a'
    assert found.reader('b').read() == CONTENT + b'b'
    assert store.read(CHECKPOINT, other_entry).load() == {'a': 1}


def test_drop_attempts_never_touches_a_later_one(bank, store):
    for attempt in (1, 2, 3):
        data = store.data(CHECKPOINT, VOLUME, attempt)
        data.save({'n': attempt})
        data.commit()
    bank.put(f'data/{CHECKPOINT}/{layout.resource_key(VOLUME)}/x/y', b'')
    store.drop_attempts(CHECKPOINT, VOLUME, {2})
    assert sorted(key.split('/')[3] for key in bank.objects) == [
        '00000002', '00000003', 'x']
    with pytest.raises(ValueError, match='no attempt'):
        store.drop_attempts(CHECKPOINT, VOLUME, set())


# -- verify -------------------------------------------------------------------

def test_verify_reads_everything(store):
    protect(store)
    done, checks = [], []
    assert store.verify(CHECKPOINT, on_bytes=done.append,
                        check=lambda: checks.append(1)) == []
    assert sum(done) == len(CONTENT) + 3
    assert len(checks) >= len(done)
    with pytest.raises(Cancelled):
        store.verify(CHECKPOINT, check=stop)
    with pytest.raises(exception.CheckpointNotFound):
        store.verify(OTHER)


def test_verify_names_every_damaged_object(bank, store):
    protect(store)
    keys = sorted(bank.objects)
    for key in keys:
        good = bank.objects.pop(key)
        if not key.startswith('manifests/'):
            (problem,) = [str(p) for p in store.verify(CHECKPOINT)
                          if p.key == key] or [None]
            if (key.startswith('resources/')
                    and problem is None):
                # what an earlier hook committed is named by nothing any more
                assert store.verify(CHECKPOINT) == []
            else:
                assert 'missing' in problem
        for position in (0, len(good) // 2, len(good) - 1):
            bad = bytearray(good)
            bad[position] ^= 0x10
            bank.objects[key] = bytes(bad)
            problems = store.verify(CHECKPOINT)
            if problems:
                assert [p.key for p in problems] == [key]
        bank.objects[key] = good
    assert store.verify(CHECKPOINT) == []


def test_verify_goes_on_after_damage(bank, store):
    protect(store)
    chunks = [key for key in bank.objects if '/content/' in key]
    for key in chunks[:3]:
        bank.objects[key] = b'x'
    problems = store.verify(CHECKPOINT)
    assert {p.key for p in problems} >= {
        key for key in chunks[:3] if not key.endswith('index')}
    assert {p.resource for p in problems} == {VOLUME}


def test_verify_says_when_the_bank_cannot_be_read(bank, store):
    protect(store)

    class Away(MemoryBank):
        def get(self, key):
            if key.startswith('data/'):
                raise exception.BankError(key=key, reason='no answer')
            return super().get(key)

    away = Away()
    away.objects = bank.objects
    with pytest.raises(exception.BankError, match='no answer'):
        make_store(away).verify(CHECKPOINT)
