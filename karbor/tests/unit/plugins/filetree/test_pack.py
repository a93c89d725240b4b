# SPDX-License-Identifier: Apache-2.0
"""What goes into an archive while the tree changes."""

import errno
import io
import os
import socket

import pytest

from karbor import plugin
from karbor.plugins.filetree import archive
from karbor.plugins.filetree import pack
from karbor.plugins.filetree import walk
from karbor.plugins.filetree.patterns import Exclude
from karbor.tests.unit.plugins.filetree import trees


class Tree:
    def __init__(self, path):
        self.path = path
        self.fd = os.open(path, os.O_RDONLY)
        self.checks = 0

    def write(self, name, data=b'data'):
        return trees.write(str(self.path), name, data)

    def pack(self, at=None, act=None, exclude=(), one=False):
        """Pack; act before the entry or block of that number."""
        self.checks = 0

        def check():
            if self.checks == at:
                act()
            self.checks += 1
        out = io.BytesIO()
        found = pack.pack(self.fd, archive.Sink(out.write), Exclude(exclude),
                          one_file_system=one, check=check)
        return found, frames(out.getvalue())


def frames(data):
    source, result = archive.Source(io.BytesIO(data)), []
    source.header()
    while True:
        kind, payload = source.next()
        if kind not in (archive.DATA, archive.ZEROS):
            payload = archive.parse(payload) if payload else None
        elif kind == archive.DATA:
            payload = len(payload)
        else:
            payload = archive.hole(payload)
        result.append((kind, payload))
        if kind == archive.END:
            source.finish()
            return result


@pytest.fixture
def tree(tmp_path):
    made = Tree(tmp_path)
    yield made
    os.close(made.fd)


def entries(found):
    return [value['n'] for kind, value in found if kind == archive.ENTRY]


def test_everything_is_counted(tmp_path):
    top = tmp_path / 'top'
    trees.make(str(top))
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(top / 'socket'))
    tree = Tree(top)
    found, got = tree.pack()
    os.close(tree.fd)
    assert (found.files, found.directories, found.symlinks,
            found.hard_links, found.special_files) == (6, 3, 2, 2, 1)
    assert found.bytes < 20_000
    assert found.sockets.first == ['socket']
    assert got[-1] == (archive.END, {'entries': 14})
    assert (archive.ZEROS, 1 << 20) in got


def test_the_estimate_is_near(tmp_path):
    tree = Tree(tmp_path)
    for number in range(50):
        tree.write(f'f{number}', b'x' * 3000)
    out = io.BytesIO()
    pack.pack(tree.fd, archive.Sink(out.write), Exclude(),
              one_file_system=False, check=lambda: None)
    about = pack.measure(tree.fd, Exclude(), one_file_system=False,
                         check=lambda: None)
    os.close(tree.fd)
    assert abs(about - len(out.getvalue())) < about / 10


def test_excluded(tree):
    os.makedirs(tree.path / 'cache' / 'x')
    os.mkdir(tree.path / 'keep')
    for name in ('a.o', 'keep/b.o', 'keep/c', 'cache/x/d'):
        tree.write(name)
    _found, got = tree.pack(exclude=['*.o', '/cache/'])
    assert entries(got) == ['', 'keep', 'c']
    assert pack.measure(tree.fd, Exclude(['*']), one_file_system=False,
                        check=lambda: None) < 200


def test_a_file_that_vanishes(tree):
    gone = tree.write('a')
    tree.write('b')
    found, got = tree.pack(at=1, act=lambda: os.unlink(gone))
    assert (found.vanished.count, found.vanished.first) == (1, ['a'])
    assert entries(got) == ['', 'b']


def test_a_file_that_vanishes_before_it_is_looked_at(tree):
    tree.write('a')
    gone = tree.write('b')
    found, got = tree.pack(at=1, act=lambda: os.unlink(gone))
    assert (found.vanished.count, found.vanished.first) == (1, ['b'])
    assert entries(got) == ['', 'a']


def test_a_file_that_shrinks_is_what_was_read(tree):
    path = tree.write('a', b'x' * (5 * archive.BLOCK // 2))
    # 0 the top, 1 the entry, 2 the first block, 3 the second
    found, got = tree.pack(at=3, act=lambda: os.truncate(path, 1000))
    assert found.changed.first == ['a']
    assert found.bytes == archive.BLOCK
    assert got[-4:-2] == [(archive.DATA, archive.BLOCK),
                          (archive.FILE_END, {'changed': True})]


def test_a_sparse_file_that_shrinks(tree):
    path = tree.path / 'a'
    with open(path, 'wb') as file:
        file.write(b'x' * (2 * archive.BLOCK))
        file.truncate(20 * archive.BLOCK)
    found, _got = tree.pack(at=3, act=lambda: os.truncate(path, 5))
    assert found.changed.first == ['a']


def test_a_file_that_grows_is_cut(tree):
    path = tree.write('a', b'x' * 1000)

    def grow():
        with open(path, 'ab') as file:
            file.write(b'more')
    found, got = tree.pack(at=2, act=grow)
    assert found.changed.first == ['a']
    assert (archive.DATA, 1000) in got


def test_a_file_that_is_written_in_place_is_reported(tree):
    path = tree.write('a', b'x' * 1000)

    def change():
        with open(path, 'r+b') as file:
            file.write(b'y')
    found, _got = tree.pack(at=2, act=change)
    assert found.changed.first == ['a']


@pytest.mark.parametrize('kind', ['symlink', 'fifo', 'directory'])
def test_a_file_that_becomes_something_else(tree, kind):
    path = tree.write('a')

    def swap():
        os.unlink(path)
        {'symlink': lambda: os.symlink('/etc/passwd', path),
         'fifo': lambda: os.mkfifo(path),
         'directory': lambda: os.mkdir(path)}[kind]()
    found, got = tree.pack(at=1, act=swap)
    assert (found.vanished.first + found.changed.first) == ['a']
    assert found.files == 0
    assert entries(got) == ['']


def test_a_link_that_becomes_a_file(tree):
    path = tree.path / 'a'
    os.symlink('x', path)

    def swap():
        os.unlink(path)
        tree.write('a')
    found, got = tree.pack(at=1, act=swap)
    assert found.changed.first == ['a']
    assert entries(got) == ['']


def test_a_directory_that_becomes_a_link_is_not_followed(tree):
    os.mkdir(tree.path / 'd')
    tree.write('d/inside')
    tree.write('a')

    def swap():
        os.rename(tree.path / 'd', tree.path / 'moved')
        os.symlink('/etc', tree.path / 'd')
    found, got = tree.pack(at=1, act=swap)
    # it was listed as 'd' and is a link when it is looked at
    assert entries(got) == ['', 'a', 'd']
    assert found.symlinks == 1


def test_hard_links_that_are_no_longer_one_file(tree):
    path = tree.write('a')
    os.link(path, tree.path / 'b')

    def change():
        with open(path, 'ab') as file:
            file.write(b'more')
        # while the first name is read: the second has something else
    found, _got = tree.pack(at=2, act=change)
    assert (found.files, found.hard_links) == (2, 0)


def denied(monkeypatch, module_call, name, code=errno.EACCES):
    real = getattr(os, module_call)

    def call(path, *args, **more):
        if path == name:
            raise OSError(code, os.strerror(code), path)
        return real(path, *args, **more)
    monkeypatch.setattr(os, module_call, call)


@pytest.mark.parametrize(('call', 'name', 'code'), [
    ('open', 'a\udcff', errno.EACCES), ('open', 'a\udcff', errno.EIO),
    ('stat', 'a\udcff', errno.EACCES), ('open', 'd', errno.EACCES),
    ('readlink', 'link', errno.EIO)])
def test_what_cannot_be_read_fails_and_is_named(tree, monkeypatch, call,
                                                name, code):
    tree.write('a\udcff')
    os.mkdir(tree.path / 'd')
    os.symlink('x', tree.path / 'link')
    denied(monkeypatch, call, name, code)
    with pytest.raises(plugin.PluginError) as caught:
        tree.pack()
    assert name.replace('\udcff', '\\xff') in str(caught.value)
    assert os.strerror(code) in str(caught.value)


@pytest.mark.parametrize('code', [errno.EIO, errno.ESTALE])
@pytest.mark.parametrize('call', ['read', 'getxattr', 'listxattr',
                                  'listdir'])
def test_an_error_of_the_disk_fails(tree, monkeypatch, call, code):
    path = tree.write('a')
    os.setxattr(path, 'user.x', b'')

    def fail(*args):
        raise OSError(code, os.strerror(code))
    monkeypatch.setattr(os, call, fail)
    if code == errno.ESTALE and call in ('getxattr', 'listxattr'):
        # before its entry has begun, that means it is gone
        found, _got = tree.pack()
        assert found.vanished
        return
    with pytest.raises(plugin.PluginError, match=os.strerror(code)):
        tree.pack()


def test_attributes_that_go_away_or_are_unknown(tree, monkeypatch):
    path = tree.write('a')
    os.setxattr(path, 'user.x', b'1')

    def gone(fd, name):
        raise OSError(errno.ENODATA, 'no data')
    monkeypatch.setattr(os, 'getxattr', gone)
    _found, got = tree.pack()
    assert all('x' not in value for kind, value in got
               if kind == archive.ENTRY)

    def unknown(fd):
        raise OSError(errno.ENOTSUP, 'not supported')
    monkeypatch.setattr(os, 'listxattr', unknown)
    assert tree.pack()[0].files == 1
    monkeypatch.delattr(os, 'listxattr')
    assert tree.pack()[0].files == 1


@pytest.mark.parametrize(('code', 'expected'), [
    (errno.ENXIO, (100, 100)), (errno.EINVAL, (10, 100))])
def test_extents(monkeypatch, code, expected):
    def seek(fd, at, how):
        raise OSError(code, 'no')
    monkeypatch.setattr(os, 'lseek', seek)
    assert pack._next_extent(0, 10, 100) == expected


def test_extents_that_fail(monkeypatch):
    def seek(fd, at, how):
        raise OSError(errno.EIO, 'no')
    monkeypatch.setattr(os, 'lseek', seek)
    with pytest.raises(OSError, match='no'):
        pack._next_extent(0, 10, 100)


def test_mount_points_are_entered_or_not(tree, monkeypatch):
    os.mkdir(tree.path / 'd')
    tree.write('d/inside')
    real, top = os.fstat, os.fstat(tree.fd)

    class Elsewhere:
        def __init__(self, found):
            self.found = found

        def __getattr__(self, name):
            return (self.found.st_dev + (self.found.st_ino != top.st_ino)
                    if name == 'st_dev' else getattr(self.found, name))
    monkeypatch.setattr(os, 'fstat', lambda fd: Elsewhere(real(fd)))
    assert entries(tree.pack(one=False)[1]) == ['', 'd', 'inside']
    assert entries(tree.pack(one=True)[1]) == ['', 'd']


def test_very_deep_trees(tree):
    names = ['d'] * 200
    fd = os.dup(tree.fd)
    for name in names:
        os.mkdir(name, dir_fd=fd)
        below = os.open(name, os.O_RDONLY, dir_fd=fd)
        os.close(fd)
        fd = below
    os.close(fd)
    found, got = tree.pack()
    assert found.directories == 201
    assert sum(kind == archive.UP for kind, _value in got) == 201


def test_a_deep_tree_that_moves_is_an_error(tree):
    os.makedirs(tree.path / '/'.join('d' * 60))

    def move():
        os.rename(tree.path / 'd', tree.path / 'moved')
    with pytest.raises(plugin.PluginError, match='cannot be read'):
        tree.pack(at=60, act=move)


def test_stopping(tree):
    tree.write('a')

    def stop():
        raise plugin.Cancelled()
    for at in range(3):
        with pytest.raises(plugin.Cancelled):
            tree.pack(at=at, act=stop)


def test_nobody_cares_what_vanishes_while_it_is_measured(tree, monkeypatch):
    tree.write('a')
    denied(monkeypatch, 'stat', 'a', errno.ENOENT)
    assert len(list(walk.walk(tree.fd, Exclude()))) == 2
