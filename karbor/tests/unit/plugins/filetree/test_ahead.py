# SPDX-License-Identifier: Apache-2.0
"""What is announced of a tree, and when."""

import io
import os

import pytest

from karbor import plugin
from karbor.plugin import testing
from karbor.plugins.filetree import ahead
from karbor.plugins.filetree import archive
from karbor.tests.unit.plugins.filetree.test_unpack import directory
from karbor.tests.unit.plugins.filetree.test_unpack import file
from karbor.tests.unit.plugins.filetree.test_unpack import made_of


def step():
    return testing.MemoryStep(plugin.Resource('T', '1'))


def announce(data, top, found=None, *, skip=False, dress_top=True):
    """Read an archive to its end; (kind, name, made) of what was said."""
    found = found or step()
    fd = os.open(top, os.O_RDONLY)
    try:
        with ahead.Announcer(found, fd, skip=skip,
                             dress_top=dress_top) as announcer:
            source = ahead.Ahead(io.BytesIO(data), announcer)
            source.header()
            while source.next()[0] != archive.END:
                pass
    finally:
        os.close(fd)
    return [(one.kind, one.name, one.made) for one in found.announced]


@pytest.fixture
def top(tmp_path):
    (tmp_path / 'top').mkdir()
    return tmp_path / 'top'


TREE = made_of(*directory('d', *file('a'), *directory('e', *file('b'))),
               *file('f'), *file('g'))


def test_what_is_not_there_is_made(top):
    assert announce(TREE, top) == [
        ('attributes of', '.', False), ('directory', 'd', True),
        ('file', 'd/a', True), ('directory', 'd/e', True),
        ('file', 'd/e/b', True), ('file', 'f', True), ('file', 'g', True)]
    assert announce(TREE, top, dress_top=False)[0][1] == 'd'


def test_what_is_there_is_overwritten(top):
    (top / 'd').mkdir()
    (top / 'd/a').write_bytes(b'old')
    (top / 'd/e').symlink_to('/nowhere')
    (top / 'f').mkdir()
    os.mkfifo(top / 'g')
    assert announce(TREE, top) == [
        ('attributes of', '.', False), ('attributes of', 'd', False),
        ('file', 'd/a', False), ('symbolic link', 'd/e', False),
        # below what was no directory, nothing was
        ('file', 'd/e/b', True), ('directory', 'f', False),
        ('special file', 'g', False)]


def test_what_is_left_alone_is_not_told_of(top):
    (top / 'd').mkdir()
    (top / 'd/a').write_bytes(b'old')
    (top / 'd/e').write_bytes(b'no directory')
    assert announce(TREE, top, skip=True, dress_top=False) == [
        ('file', 'f', True), ('file', 'g', True)]


def test_a_second_run_knows_what_the_first_has_announced(top):
    found = step()
    announce(TREE, top, found)
    said = list(found.announced)
    # of which the first run has made some
    (top / 'd').mkdir()
    (top / 'd/a').write_bytes(b'')
    announce(TREE, top, found)
    assert found.announced == said
    # and if it was cut off in the middle
    found = step()
    found.announced = said[:3]
    found.overwrites('removed', 'x')
    assert announce(TREE, top, found)[4:] == [
        ('directory', 'd/e', True), ('file', 'd/e/b', True),
        ('file', 'f', True), ('file', 'g', True)]


def test_a_top_that_the_restore_has_made_is_not_overwritten(top):
    found = step()
    found.will_make('directory', '.', path=str(top))
    assert announce(TREE, top, found)[1] == ('directory', 'd', True)


def test_a_file_is_known_by_its_time(top):
    found = step()
    announce(TREE, top, found)
    assert [one.details.get('mtime') for one in found.announced
            if one.kind == 'file'] == [0, 0, 0, 0]


def test_nothing_is_handed_on_before_it_was_announced(top, monkeypatch):
    monkeypatch.setattr(ahead.Ahead, 'ENTRIES', 2)
    told = []
    source = ahead.Ahead(io.BytesIO(TREE), told.extend)
    source.header()
    seen = 0
    while True:
        kind, _payload = source.next()
        seen += kind == archive.ENTRY
        assert len([one for one in told if one is not None]) >= seen
        if kind == archive.END:
            break
    assert seen == 7
    # some at a time, not all at once
    assert len(told) > 7


def test_a_large_file_is_not_read_ahead_as_a_whole(monkeypatch):
    monkeypatch.setattr(ahead.Ahead, 'BYTES', 100_000)
    first, content, end = file('a', bytes(50_000))
    data = made_of(first, *[content] * 20, end, *file('b'))
    told = []
    source = ahead.Ahead(io.BytesIO(data), told.extend)
    source.header()
    source.next()
    assert [one.name for one in told] == ['', 'a']


def test_what_cannot_be_looked_at_is_never_removed(top, monkeypatch):
    (top / 'd').mkdir()
    real = os.stat

    def stat(path, *args, **kwargs):
        if path in ('e', 'g'):
            raise PermissionError(13, 'no')
        return real(path, *args, **kwargs)

    monkeypatch.setattr(os, 'stat', stat)
    assert [one for one in announce(TREE, top) if one[2]] == [
        ('file', 'd/a', True), ('file', 'f', True)]


def test_a_directory_that_cannot_be_entered(top, monkeypatch):
    (top / 'd').mkdir()
    monkeypatch.setattr(ahead.Trail, 'enter', lambda self, name: os.open(
        top / 'gone', os.O_RDONLY))
    assert [one for one in announce(TREE, top) if one[2]] == [
        ('file', 'f', True), ('file', 'g', True)]


def test_a_tree_that_is_moved_meanwhile(top, monkeypatch):
    def leave(self):
        raise FileNotFoundError(2, 'gone')

    (top / 'd').mkdir()
    monkeypatch.setattr(ahead.Trail, 'leave', leave)
    with pytest.raises(plugin.PluginError, match='was moved'):
        announce(TREE, top)


def test_of_an_archive_that_is_none_nothing_is_taken(top):
    with pytest.raises(archive.Damaged):
        announce(b'X' * 100, top)


def test_removals_are_told_of():
    found = step()
    fd = os.open('/', os.O_RDONLY)
    try:
        with ahead.Announcer(found, fd, skip=False,
                             dress_top=False) as announcer:
            announcer.removing(['a', 'b'])
    finally:
        os.close(fd)
    assert [(one.kind, one.name, one.made) for one in found.announced] == [
        ('removed', 'a', False), ('removed', 'b', False)]
