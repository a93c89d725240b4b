# SPDX-License-Identifier: Apache-2.0

import io
import json

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
import pytest

from karbor.plugins.filetree import archive
from karbor.plugins.filetree import entry
from karbor.plugins.filetree.archive import Damaged

HEADER = {'format': archive.FORMAT, 'version': archive.VERSION,
          'exclude': [], 'one_file_system': False}


class Portions(io.BytesIO):
    """Gives at most so many bytes at a time."""

    def __init__(self, data, most):
        super().__init__(data)
        self.most = most

    def read(self, size=-1):
        return super().read(min(size, self.most) if size >= 0 else size)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(
    st.sampled_from([archive.DATA, archive.ENTRY, archive.UP]),
    st.integers(0, 300_000).map(lambda n: b'x' * n)), max_size=6),
    st.integers(1, 5).map(lambda n: 17 ** n))
def test_frames_come_back(frames, portion):
    out = io.BytesIO()
    sink = archive.Sink(out.write)
    for kind, payload in frames:
        sink.frame(kind, payload)
    sink.flush()
    sink.flush()
    source = archive.Source(Portions(out.getvalue(), portion))
    for kind, payload in frames:
        found, content = source.next()
        assert (found, bytes(content)) == (kind, payload)
    source.finish()
    with pytest.raises(Damaged, match='too early'):
        source.next()


def source_of(*frames):
    out = io.BytesIO()
    sink = archive.Sink(out.write)
    for kind, payload in frames:
        sink.frame(kind, payload)
    sink.flush()
    return archive.Source(io.BytesIO(out.getvalue()))


@pytest.mark.parametrize('frame', [
    (b'?', b''), (archive.DATA, b'x' * (archive.BLOCK + 1))])
def test_a_wrong_frame_is_refused(frame):
    with pytest.raises(Damaged):
        source_of(frame).next()


def test_a_length_is_not_believed():
    stream = io.BytesIO(b'E\xff\xff\xff\xff')
    with pytest.raises(Damaged, match='4294967295'):
        archive.Source(stream).next()


@pytest.mark.parametrize('frame', [
    (archive.ENTRY, json.dumps(HEADER).encode()), (archive.HEADER, b'{'),
    (archive.HEADER, b'[]'), (archive.HEADER, b'[' * 100_000),
    (archive.HEADER, json.dumps({**HEADER, 'version': 2}).encode()),
    (archive.HEADER, json.dumps({**HEADER, 'format': 'tar'}).encode())])
def test_a_wrong_header_is_refused(frame):
    with pytest.raises(Damaged):
        source_of(frame).header()


def test_nothing_may_follow():
    source = source_of((archive.HEADER, json.dumps(HEADER).encode()),
                       (archive.UP, b''))
    assert source.header() == HEADER
    with pytest.raises(Damaged, match='follow'):
        source.finish()


@pytest.mark.parametrize('payload', [b'', b'1234567', b'\xff' * 8])
def test_a_wrong_hole_is_refused(payload):
    with pytest.raises(Damaged):
        archive.hole(memoryview(payload))


FILE = {'k': 'f', 'n': 'a', 'm': 0o644, 'u': 0, 'g': 0, 't': 1}


@pytest.mark.parametrize('more', [
    {'k': 'x'}, {'n': None}, {'n': ''}, {'n': '..'}, {'n': 'a/b'},
    {'n': '/a'}, {'n': 7}, {'m': 0o10000}, {'m': -1}, {'m': True},
    {'m': 1.5}, {'u': -1}, {'g': 1 << 32}, {'t': 1 << 63}, {'t': None},
    {'x': []}, {'x': {'user.a': '!'}}, {'x': {'': ''}}, {'x': {'a': 1}},
    {'k': 'l'}, {'k': 'l', 'to': ''}, {'k': 'l', 'to': 'a\0'},
    {'k': 'l', 'to': '\ud800'}, {'k': 'h'}, {'k': 'h', 'to': '/etc/passwd'},
    {'k': 'h', 'to': 'a/../../b'}, {'k': 'h', 'to': '.'},
    {'k': 'c'}, {'k': 'b', 'r': [1]}, {'k': 'c', 'r': [1, -1]},
    {'k': 'c', 'r': [1, 1 << 20]}, {'k': 'c', 'r': [True, 1]},
])
def test_a_wrong_entry_is_refused(more):
    payload = json.dumps({**FILE, **more}).encode()
    with pytest.raises(Damaged):
        entry.decode(memoryview(payload))


@pytest.mark.parametrize('value', [FILE, {**FILE, 'n': ''},
                                   {**FILE, 'k': 'd'}, [], None])
def test_a_wrong_top_is_refused(value):
    with pytest.raises(Damaged):
        entry.decode(memoryview(json.dumps(value).encode()), is_top=True)


@settings(max_examples=200, deadline=None)
@given(st.recursive(
    st.none() | st.integers() | st.text(max_size=5) | st.floats(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(['k', 'n', 'm', 'u', 'g', 't', 'to', 'r', 'x']),
        inner | st.sampled_from(sorted('dflhpcb'))), max_leaves=12))
def test_whatever_it_is_it_is_refused_or_sound(value):
    try:
        found = entry.decode(memoryview(json.dumps(value).encode()))
    except Damaged:
        return
    assert '/' not in found.name
    assert found.name not in ('', '.', '..')
