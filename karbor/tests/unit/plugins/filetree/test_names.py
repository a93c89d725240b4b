# SPDX-License-Identifier: Apache-2.0

import os

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
import pytest

from karbor.plugins.filetree import names


@settings(deadline=None)
@given(st.binary(min_size=1, max_size=40))
def test_any_bytes_come_back(raw):
    name = os.fsdecode(raw)
    for native in (True, False):
        kept = names.to_archive(name, native)
        assert kept.encode('utf-8', 'surrogateescape') == raw
        assert os.fsencode(names.from_archive(kept, native)) == raw


@settings(deadline=None)
@given(st.binary(max_size=40))
def test_what_is_shown_can_be_stored(raw):
    text = names.shown(os.fsdecode(raw))
    text.encode('utf-8')
    assert text.isprintable()


@pytest.mark.parametrize('name', ['a', '...', 'x' * 255, 'a b', '\udcff'])
def test_valid(name):
    assert names.valid(name)


@pytest.mark.parametrize('name', ['', '.', '..', 'a/b', '/', 'a\0', 'x' * 256,
                                  '\N{SNOWMAN}' * 86, '\ud800', None, 1])
def test_invalid(name):
    assert not names.valid(name)


def test_found_counts_all_and_names_some():
    found = names.Found()
    assert not found
    for number in range(7):
        found.add(f'f{number}', 'gone' if number == 1 else '')
    assert found.count == 7
    assert str(found) == 'f0, f1 (gone), f2, f3, f4, ...'
    top = names.Found()
    top.add('')
    assert names.sentence([(top, 'x'), (names.Found(), 'y'),
                           (found, 'z')]).startswith('1 x: .; 7 z: f0')
