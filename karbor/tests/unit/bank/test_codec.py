# SPDX-License-Identifier: Apache-2.0

import dataclasses
import functools
import random

from hypothesis import given
from hypothesis import strategies as st
import pytest
import zstandard

from karbor import exception
from karbor.bank import codec
from karbor.plugin.testing.together import run_together


@given(st.binary(min_size=1, max_size=300), st.integers(1, 4))
def test_what_was_encoded_is_decoded(unit, times):
    raw = unit * times
    chunk, stored = codec.encode(raw, 1)
    assert chunk.bytes == len(raw)
    assert chunk.stored_bytes == len(stored) <= len(raw)
    assert codec.decode(chunk, stored, 'k') == raw
    assert codec.Chunk.from_list(chunk.to_list()) == chunk


def test_what_does_not_shrink_is_kept_raw():
    raw = random.Random(1).randbytes(1000)
    for data in (raw, bytearray(raw), memoryview(raw)):
        chunk, stored = codec.encode(data, 1)
        assert (chunk.codec, stored) == ('raw', raw)
        assert type(stored) is bytes
    assert codec.encode(b'a' * 1000, 1)[0].codec == 'zstd'


@pytest.mark.parametrize('raw', [b'a' * 50, random.Random(1).randbytes(50)])
def test_every_flipped_bit_is_found(raw):
    chunk, stored = codec.encode(raw, 1)
    for bit in range(len(stored) * 8):
        damaged = bytearray(stored)
        damaged[bit // 8] ^= 1 << bit % 8
        with pytest.raises(exception.BankCorrupt):
            codec.decode(chunk, bytes(damaged), 'k')


@pytest.mark.parametrize('change', [b'', b'x', None])
def test_a_stored_size_that_differs_is_found(change):
    chunk, stored = codec.encode(b'a' * 50, 1)
    damaged = stored[:-1] if change is None else stored + change
    if damaged == stored:
        damaged = b''
    with pytest.raises(exception.BankCorrupt, match='bytes instead of'):
        codec.decode(chunk, damaged, 'k')


def forge(stored, **fields):
    chunk = codec.Chunk('zstd', 50, len(stored), codec.digest(b'a' * 50),
                        codec.digest(stored))
    return dataclasses.replace(chunk, **fields)


def test_no_bomb_is_unpacked():
    """What a frame says of its size counts only if the index agrees."""
    bomb = zstandard.ZstdCompressor().compress(bytes(10 ** 7))
    with pytest.raises(exception.BankCorrupt, match='does not have 50'):
        codec.decode(forge(bomb), bomb, 'k')
    silent = zstandard.ZstdCompressor(
        write_content_size=False).compress(bytes(10 ** 7))
    with pytest.raises(exception.BankCorrupt, match='does not have 50'):
        codec.decode(forge(silent), silent, 'k')


def test_forged_content_is_found():
    packed = zstandard.ZstdCompressor().compress(b'b' * 50)
    with pytest.raises(exception.BankCorrupt, match='digest'):
        codec.decode(forge(packed), packed, 'k')
    trailing = zstandard.ZstdCompressor().compress(b'a' * 50) + b'x'
    with pytest.raises(exception.BankCorrupt, match='decompressed'):
        codec.decode(forge(trailing), trailing, 'k')
    with pytest.raises(exception.BankCorrupt, match='decompressed'):
        codec.decode(forge(b'no frame'), b'no frame', 'k')
    with pytest.raises(exception.BankCorrupt, match='content has 51'):
        codec.decode(forge(b'a' * 51, codec='raw'), b'a' * 51, 'k')
    with pytest.raises(exception.BankCorrupt, match='digest'):
        codec.decode(forge(b'b' * 50, codec='raw'), b'b' * 50, 'k')


@pytest.mark.parametrize('fields', [
    [], None, 5, ['lzma', 1, 1, 'd', 'd'], ['raw', '1', 1, 'd', 'd'],
    ['raw', 1, True, 'd', 'd'], ['raw', 1, 1, 1, 'd'],
    ['raw', 1, 1, 'd', None], ['zstd', 2 ** 40, 1, 'd', 'd'],
    ['raw', 1, -1, 'd', 'd'], ['raw', 0, 1, 'd', 'd'],
    ['raw', 1, 1, 'd', 'd', 'd']])
def test_what_describes_no_chunk_is_refused(fields):
    with pytest.raises((ValueError, TypeError)):
        codec.Chunk.from_list(fields)


def test_threads_do_not_share_a_context():
    def work(seed):
        raw = random.Random(seed).randbytes(20000) * 3
        for _round in range(30):
            chunk, stored = codec.encode(raw, 1)
            # to show the bytes would help nobody
            same = codec.decode(chunk, stored, 'k') == raw
            assert same

    run_together(functools.partial(work, number) for number in range(6))


def test_json_is_canonical():
    assert codec.dumps({'b': 1, 'a': '\u00e9\udcff'}) == (
        rb'{"a":"\u00e9\udcff","b":1}')
    with pytest.raises(ValueError, match='JSON'):
        codec.dumps(float('nan'))
