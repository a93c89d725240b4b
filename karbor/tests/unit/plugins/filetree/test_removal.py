# SPDX-License-Identifier: Apache-2.0
"""What is removed of a tree, and what never is."""

import os

import pytest

from karbor import plugin
from karbor.plugins.filetree import removal
from karbor.plugins.filetree.names import Found
from karbor.tests.unit.plugins.filetree.trees import write

TEMPORARY = '.temporary'


def record(name, kind='file', made=True, **details):
    if kind == 'file':
        details.setdefault('mtime', 0)
    return plugin.Record(kind, name, details, made)


def remove(top, *records, check=lambda: None):
    """What stays, with reasons, and the paths above."""
    left = Found()
    fd = os.open(top, os.O_RDONLY)
    try:
        above = removal.remove(fd, reversed(records), temporary=TEMPORARY,
                               check=check, left=left)
    finally:
        os.close(fd)
    return left.first, above


def names(top):
    return sorted(os.path.relpath(os.path.join(base, name), top)
                  for base, directories, files in os.walk(top)
                  for name in (*directories, *files))


@pytest.fixture
def top(tmp_path):
    """A tree of which a restore has made d, d/a and b."""
    (tmp_path / 'd').mkdir()
    for name in ('d/a', 'b', 'mine'):
        write(tmp_path, name, b'x')
        os.utime(tmp_path / name, ns=(0, 0))
    return tmp_path


MADE = (record('d', 'directory'), record('d/a'), record('b'))


def test_what_was_made_goes_and_the_rest_stays(top):
    for _time in range(2):
        assert remove(top, *MADE) == ([], [])
        assert names(top) == ['mine']


def test_what_was_overwritten_stays(top):
    remove(top, record('b', made=False), record('mine', made=False))
    assert names(top) == ['b', 'd', 'd/a', 'mine']


def test_half_a_file_goes_wherever_it_may_be(top):
    write(top, TEMPORARY, b'half')
    write(top, f'd/{TEMPORARY}', b'half')
    assert remove(top, record('d', 'attributes of', made=False),
                  record('d/a', made=False)) == ([], [])
    assert f'd/{TEMPORARY}' not in names(top)
    remove(top, record('b', made=False))
    assert TEMPORARY not in names(top)


def test_a_file_that_was_changed_since_stays(top):
    write(top, 'b', b'of the user')
    left, _above = remove(top, *MADE)
    assert left == ['b (changed since)']
    assert names(top) == ['b', 'mine']
    # but a file system may round
    os.utime(top / 'b', ns=(0, 1_500_000_000))
    assert remove(top, *MADE) == ([], [])


def test_a_directory_with_something_of_others_stays(top):
    write(top, 'd/later', b'of the user')
    left, _above = remove(top, *MADE)
    assert left == ['d (not empty)']
    assert names(top) == ['d', 'd/later', 'mine']


def test_what_is_something_else_now_is_somebody_elses(top):
    os.unlink(top / 'b')
    (top / 'b').mkdir()
    os.unlink(top / 'd/a')
    (top / 'd').rmdir()
    (top / 'd').symlink_to(top)
    assert remove(top, *MADE, record('d/mine')) == ([], [])
    assert names(top) == ['b', 'd', 'mine']
    os.rmdir(top / 'b')
    (top / 'b').symlink_to('mine')
    assert remove(top, *MADE) == ([], [])
    assert 'b' in names(top)


def test_links_and_special_files(top):
    (top / 'link').symlink_to('mine')
    os.mkfifo(top / 'fifo')
    os.link(top / 'mine', top / 'again')
    assert remove(top, record('link', 'symbolic link'),
                  record('fifo', 'special file'),
                  record('again', 'hard link')) == ([], [])
    assert names(top) == ['b', 'd', 'd/a', 'mine']


def test_a_failure_is_noted_and_the_rest_goes_on(top, monkeypatch):
    real = os.unlink

    def unlink(path, **kwargs):
        if path == 'a':
            raise PermissionError(13, 'Permission denied')
        real(path, **kwargs)

    monkeypatch.setattr(os, 'unlink', unlink)
    left, _above = remove(top, *MADE)
    assert left == ['d/a (Permission denied)', 'd (not empty)']
    assert names(top) == ['d', 'd/a', 'mine']


def test_a_directory_that_may_not_be_written_is_for_a_while(
        top, monkeypatch):
    os.chmod(top / 'd', 0o500)
    os.chmod(top, 0o500)
    assert remove(top, *MADE) == ([], [])
    assert names(top) == ['mine']
    assert os.stat(top).st_mode & 0o777 == 0o500


def test_a_directory_that_cannot_be_opened(top, monkeypatch):
    def descend(root, way):
        if way:
            raise PermissionError(13, 'Permission denied')
        return os.dup(root)

    monkeypatch.setattr(removal, 'descend', descend)
    left, _above = remove(top, *MADE)
    assert left == ['d/a (Permission denied)', 'd (not empty)']


def test_what_is_above_is_told_of_in_order(top):
    above = [record('.', 'directory', path='/x'),
             record('.', 'directory', path='/x/y')]
    assert remove(top, *above, *MADE) == ([], ['/x/y', '/x'])
    # without a top there is nothing else
    left = Found()
    assert removal.remove(None, reversed((*above, *MADE)), check=list,
                          temporary=TEMPORARY, left=left) == ['/x/y', '/x']
    assert not left


def test_it_stops_when_it_is_told_to(top):
    def check():
        raise plugin.Cancelled()

    with pytest.raises(plugin.Cancelled):
        remove(top, *MADE, check=check)
    assert names(top) == ['b', 'd', 'd/a', 'mine']


def test_only_a_directory_that_is_empty_goes(top):
    assert removal.rmdir(str(top / 'd')) == 'not empty'
    os.unlink(top / 'd/a')
    assert removal.rmdir(str(top / 'd')) is None
    assert removal.rmdir(str(top / 'd')) is None
    assert removal.rmdir(str(top / 'b')) is None
    assert names(top) == ['b', 'mine']
