# SPDX-License-Identifier: Apache-2.0

import contextlib
import dataclasses
import functools
import json
import random

from hypothesis import given
from hypothesis import strategies as st
import pytest

from karbor import exception
from karbor.bank import codec
from karbor.bank import document
from karbor.bank import layout
from karbor.bank.manifest import ResourceEntry
from karbor.bank.section import Section
from karbor.bank.store import Store
from karbor.plugin import Cancelled
from karbor.plugin.testing import MemoryBank
from karbor.plugin.testing.together import run_together
from karbor.tests.unit.bank.common import CHECKPOINT
from karbor.tests.unit.bank.common import CONTENT
from karbor.tests.unit.bank.common import FaultyBank
from karbor.tests.unit.bank.common import make_store
from karbor.tests.unit.bank.common import OTHER
from karbor.tests.unit.bank.common import SERVER
from karbor.tests.unit.bank.common import VOLUME


def write(data, content=CONTENT, stream='content'):
    with data.writer(stream) as writer:
        assert writer.write(content) == len(content)


# -- what is saved ------------------------------------------------------------

def test_what_is_saved_is_merged_and_read_again(store):
    first = store.data(CHECKPOINT, SERVER, 1)
    assert first.load() == {}
    first.save({'a': 1, 'b': (1, 2)})
    first.save({'c': {'d': None}})
    entry = first.commit()
    second = store.data(CHECKPOINT, SERVER, 2, previous=entry)
    second.save({'a': 'new'})
    assert first.load() == {'a': 1, 'b': [1, 2], 'c': {'d': None}}
    entry = second.commit()
    expected = {'a': 'new', 'b': [1, 2], 'c': {'d': None}}
    assert store.read(CHECKPOINT, entry).load() == expected
    assert (entry.bytes, entry.stored_bytes) == (0, 0)


def test_what_is_loaded_is_a_copy(store):
    data = store.data(CHECKPOINT, SERVER, 1)
    info = {'a': [1]}
    data.save(info)
    info['a'].append(2)
    data.load()['a'].append(3)
    assert data.load() == {'a': [1]}


@pytest.mark.parametrize('info', [
    {'a': object()}, {'a': b'x'}, {'a': float('nan')}, {'a': {1, 2}}, None])
def test_only_plain_data_is_saved(store, info):
    data = store.data(CHECKPOINT, SERVER, 1)
    with pytest.raises(exception.Invalid, match='plain data'):
        data.save(info)
    assert not data.dirty


def test_nothing_saved_puts_nothing(bank, store):
    data = store.data(CHECKPOINT, SERVER, 4)
    assert data.commit() == ResourceEntry(SERVER.type, SERVER.id, SERVER.name,
                                          4)
    assert bank.objects == {}
    data.save({'a': 1})
    entry = data.commit()
    objects = dict(bank.objects)
    again = store.data(CHECKPOINT, SERVER, 5, previous=entry)
    assert again.load() == {'a': 1}
    assert again.commit() == entry
    assert data.commit() == entry
    assert bank.objects == objects


def test_dirty_says_what_a_commit_would_do(store):
    data = store.data(CHECKPOINT, SERVER, 1)
    assert not data.dirty
    data.save({})
    assert data.dirty
    data.commit()
    assert not data.dirty
    write(data)
    assert data.dirty


# -- streams ------------------------------------------------------------------

@pytest.mark.parametrize('size', [0, 1, 99, 100, 101, 299, 300, 301, 600,
                                  1000])
def test_a_stream_of_any_size(bank, store, size):
    content = random.Random(size).randbytes(size)
    data = store.data(CHECKPOINT, VOLUME, 1)
    write(data, content)
    entry = data.commit()
    assert entry.bytes == size
    found = store.read(CHECKPOINT, entry)
    assert found.streams() == {'content': size}
    with found.reader() as reader:
        assert reader.size == size
        assert reader.read() == content
        assert reader.read() == b''
        assert reader.read(5) == b''
    chunks = [key for key in bank.objects if key.startswith('data/')
              and not key.endswith('/index')]
    assert len(chunks) == -(-size // 100)
    assert entry.stored_bytes == sum(len(bank.objects[k]) for k in chunks)


@given(st.lists(st.binary(max_size=350), max_size=6),
       st.lists(st.integers(-1, 350), min_size=1, max_size=8),
       st.integers(1, 120), st.integers(1, 4))
def test_cuts_make_no_difference(writes, reads, chunk_size, page_size):
    store = Store(MemoryBank(), chunk_size=chunk_size, page_size=page_size)
    data = store.data(CHECKPOINT, VOLUME, 1)
    with data.writer() as writer:
        for part in writes:
            assert writer.write(part) == len(part)
    content = b''.join(writes)
    reader = store.read(CHECKPOINT, data.commit()).reader()
    position = 0
    for size in reads:
        part = reader.read(size)
        end = len(content) if size < 0 else min(position + size, len(content))
        assert part == content[position:end]
        position = end


def test_any_buffer_is_taken(store):
    data = store.data(CHECKPOINT, VOLUME, 1)
    with data.writer() as writer:
        assert writer.write(bytearray(b'ab')) == 2
        assert writer.write(memoryview(b'cd')) == 2
        assert writer.write(memoryview(bytearray(8)).cast('I')) == 8
    assert data.reader().read() == b'abcd' + bytes(8)


def test_what_was_written_may_change_afterwards(store):
    data = store.data(CHECKPOINT, VOLUME, 1)
    buffer = bytearray(b'a' * 150)
    with data.writer() as writer:
        writer.write(buffer)
        buffer[:] = b'b' * 150
        writer.write(buffer)
        buffer.clear()
    assert data.reader().read() == b'a' * 150 + b'b' * 150


def test_a_whole_chunk_is_not_copied(store):
    data = store.data(CHECKPOINT, VOLUME, 1)
    write(data, b'a' * 250)
    reader = data.reader()
    first = reader.read(100)
    assert first == b'a' * 100
    assert reader._chunk is first


def test_a_stream_is_there_when_its_block_has_ended_well(store):
    data = store.data(CHECKPOINT, VOLUME, 1)
    write(data, b'old')
    with contextlib.suppress(RuntimeError), data.writer() as writer:
        writer.write(CONTENT)
        raise RuntimeError
    assert data.streams() == {'content': 3}
    writer = data.writer('other')
    writer.write(b'never closed')
    entry = data.commit()
    assert store.read(CHECKPOINT, entry).streams() == {'content': 3}
    writer.abort()
    with pytest.raises(ValueError, match='aborted'):
        writer.write(b'x')


def test_a_closed_stream_takes_nothing_more(store):
    data = store.data(CHECKPOINT, VOLUME, 1)
    with data.writer() as writer:
        writer.write(b'x')
        writer.close()
    writer.abort()
    writer.close()
    with pytest.raises(ValueError, match='closed'):
        writer.write(b'y')
    assert data.reader().read() == b'x'
    reader = data.reader()
    reader.close()
    with pytest.raises(ValueError, match='closed'):
        reader.read()


def test_a_stream_is_replaced(store):
    data = store.data(CHECKPOINT, VOLUME, 1)
    write(data)
    old = data.commit()
    write(data, b'new')
    new = data.commit()
    assert store.read(CHECKPOINT, new).reader().read() == b'new'
    # what is on record as committed stays whole, should the new one be lost
    assert store.read(CHECKPOINT, old).reader().read() == CONTENT


def test_streams_of_earlier_attempts_stay_where_they_are(bank, store):
    first = store.data(CHECKPOINT, VOLUME, 1)
    write(first, CONTENT, 'a')
    entry = first.commit()
    chunks = {k for k in bank.objects if k.startswith('data/')}
    second = store.data(CHECKPOINT, VOLUME, 2, previous=entry)
    write(second, b'more', 'b')
    entry = second.commit()
    assert entry.attempts == (1, 2)
    assert entry.attempt == 2
    assert entry.bytes == len(CONTENT) + 4
    assert all('/00000002/b/' in key for key in bank.objects
               if key.startswith('data/') and key not in chunks)
    found = store.read(CHECKPOINT, entry)
    assert found.streams() == {'a': len(CONTENT), 'b': 4}
    assert found.reader('a').read() == CONTENT


def test_two_attempts_at_once_do_not_touch_each_other(bank, store):
    late = store.data(CHECKPOINT, VOLUME, 1)
    late_writer = late.writer()
    late_writer.write(b'l' * 150)
    now = store.data(CHECKPOINT, VOLUME, 2)
    write(now)
    entry = now.commit()
    before = dict(bank.objects)
    late_writer.write(b'l' * 500)
    late_writer.close()
    late.save({'late': True})
    late.commit()
    assert before.items() <= bank.objects.items()
    assert store.read(CHECKPOINT, entry).reader().read() == CONTENT
    assert store.read(CHECKPOINT, entry).load() == {}


def test_an_unknown_stream_is_named(store):
    data = store.data(CHECKPOINT, VOLUME, 1)
    with pytest.raises(exception.BankKeyNotFound, match='no stream content'):
        data.reader()
    for name in ('', '..', 'A', 'x' * 65):
        with pytest.raises(exception.BankKeyInvalid):
            data.reader(name)
        with pytest.raises(exception.BankKeyInvalid):
            data.writer(name)


def test_a_checkpoint_is_not_changed_by_reading(store):
    data = store.data(CHECKPOINT, VOLUME, 1)
    write(data)
    found = store.read(CHECKPOINT, data.commit())
    with pytest.raises(exception.BankReadOnly):
        found.save({})
    with pytest.raises(exception.BankReadOnly):
        found.writer()


def test_bytes_are_counted_and_work_can_be_stopped(store):
    done, left = [], 5

    def check():
        nonlocal left
        left -= 1
        if left < 0:
            raise Cancelled

    data = store.data(CHECKPOINT, VOLUME, 1, on_bytes=done.append,
                      check=check)
    with pytest.raises(Cancelled), data.writer() as writer:
        writer.write(bytes(1000))
    assert done == [100] * 5
    assert data.streams() == {}
    with pytest.raises(exception.BankError, match='lost'):
        writer.close()
    with pytest.raises(exception.BankError, match='lost'):
        writer.write(b'x')
    left = 1000
    write(data, bytes(250))
    entry = data.commit()
    done.clear()
    left = 2
    reader = store.read(CHECKPOINT, entry, on_bytes=done.append,
                        check=check).reader()
    with pytest.raises(Cancelled):
        reader.read()
    assert done == [100, 100]
    with pytest.raises(Cancelled):
        reader.read(1)


def test_a_lost_stream_cannot_be_closed():
    bank = FaultyBank(at=2)
    data = make_store(bank).data(CHECKPOINT, VOLUME, 1)
    writer = data.writer()
    with pytest.raises(exception.BankError, match='disk is full'):
        writer.write(bytes(500))
    with pytest.raises(exception.BankError, match='lost'):
        writer.close()
    assert data.streams() == {}
    assert data.commit().document is None


def test_a_stream_that_nobody_got_to_know_is_lost(bank, store):
    first = store.data(CHECKPOINT, VOLUME, 1)
    first.save({'a': 1})
    entry = first.commit()
    bank.objects.clear()
    writer = store.data(CHECKPOINT, VOLUME, 2, previous=entry).writer()
    writer.write(CONTENT)
    with pytest.raises(exception.BankCorrupt, match='missing'):
        writer.close()
    with pytest.raises(exception.BankError, match='lost'):
        writer.close()


def test_many_streams_in_threads(store):
    data = store.data(CHECKPOINT, VOLUME, 1)

    def work(number):
        content = random.Random(number).randbytes(700) * 2
        for count in range(5):
            write(data, content, f's{number}-{count}')
            data.save({f'{number}-{count}': number})
            data.commit()
            assert data.reader(f's{number}-{count}').read() == content

    run_together(functools.partial(work, number) for number in range(6))
    found = store.read(CHECKPOINT, data.commit())
    assert len(found.streams()) == len(found.load()) == 30
    assert set(found.streams().values()) == {1400}


# -- damage -------------------------------------------------------------------

def test_every_flipped_bit_is_found_when_it_is_read(bank, store):
    data = store.data(CHECKPOINT, VOLUME, 1)
    data.save({'a': 1})
    write(data, CONTENT[:350])
    entry = data.commit()
    for key, good in list(bank.objects.items()):
        for position in range(len(good)):
            damaged = bytearray(good)
            damaged[position] ^= 1 << position % 8
            bank.objects[key] = bytes(damaged)
            with pytest.raises(exception.BankCorrupt):
                store.read(CHECKPOINT, entry).reader().read()
        del bank.objects[key]
        with pytest.raises(exception.BankCorrupt, match='missing'):
            store.read(CHECKPOINT, entry).reader().read()
        bank.objects[key] = good
    assert store.read(CHECKPOINT, entry).reader().read() == CONTENT[:350]


def test_damage_never_looks_like_the_end(bank, store):
    data = store.data(CHECKPOINT, VOLUME, 1)
    write(data)
    key = max(key for key in bank.objects if '/00000001/000' in key)
    bank.objects[key] = b'x'
    reader = data.reader()
    for _try in range(3):
        with pytest.raises(exception.BankCorrupt):
            reader.read()


def test_chunks_that_change_places_are_found(bank, store):
    data = store.data(CHECKPOINT, VOLUME, 1)
    write(data, bytes(100) + b'\1' * 100)
    one, two = sorted(k for k in bank.objects if k[-1].isdigit())
    bank.objects[one], bank.objects[two] = bank.objects[two], bank.objects[one]
    with pytest.raises(exception.BankCorrupt):
        data.reader().read()


def replace_document(bank, entry, change):
    """A document that is proved, but says something that is not so."""
    key = layout.document(CHECKPOINT, VOLUME, entry.attempt, entry.document)
    body = json.loads(bank.objects[key])
    change(body)
    data = codec.dumps(body)
    bank.put(layout.document(CHECKPOINT, VOLUME, entry.attempt,
                             codec.digest(data)), data)
    return dataclasses.replace(entry, document=codec.digest(data),
                               document_size=len(data))


@pytest.mark.parametrize(('path', 'value'), [
    (['checkpoint_id'], OTHER), (['id'], 'other'), (['streams'], None),
    (['streams', 'content', 'bytes'], 7), (['streams', 'content'], {}),
    (['streams', 'content', 'page_size'], 0),
    (['streams', 'content', 'pages'], [])])
def test_a_document_that_does_not_fit_is_damage(bank, store, path, value):
    data = store.data(CHECKPOINT, VOLUME, 1)
    write(data)

    def change(body):
        for name in path[:-1]:
            body = body[name]
        body[path[-1]] = value

    entry = replace_document(bank, data.commit(), change)
    with pytest.raises(exception.BankCorrupt):
        store.read(CHECKPOINT, entry).load()


def test_a_document_of_a_newer_format(bank, store):
    data = store.data(CHECKPOINT, VOLUME, 1)
    write(data)
    entry = replace_document(bank, data.commit(),
                             lambda body: body.update(format='1.1'))
    with pytest.raises(exception.FormatUnknown):
        store.read(CHECKPOINT, entry).load()


def test_a_size_that_only_the_document_claims_is_found(bank, store):
    data = store.data(CHECKPOINT, VOLUME, 1)
    write(data)

    def change(body):
        body['streams']['content']['bytes'] += 1

    entry = replace_document(bank, data.commit(), change)
    entry = dataclasses.replace(entry, bytes=entry.bytes + 1)
    with pytest.raises(exception.BankCorrupt, match='instead of'):
        store.read(CHECKPOINT, entry).reader().read()


@pytest.mark.parametrize('page', [
    b'[]', b'{}', b'x', b'{"chunks":[]}', b'{"chunks":[[]]}'])
def test_an_index_page_that_does_not_fit_is_damage(bank, store, page):
    data = store.data(CHECKPOINT, VOLUME, 1)
    write(data, b'x')
    stream = data.document.streams['content']
    place = layout.StreamPlace(CHECKPOINT, VOLUME, 1, 'content', stream.token)
    bank.put(place.index(0), page)
    forged = dataclasses.replace(stream, pages=(codec.digest(page),))
    with pytest.raises(exception.BankCorrupt):
        document.read_page(Section(bank), place, forged, 0)
