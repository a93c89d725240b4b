# SPDX-License-Identifier: Apache-2.0
"""What comes out of an archive, whatever the archive says."""

import contextlib
import errno
import io
import os
import socket

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
import pytest

from karbor import plugin
from karbor.plugins.filetree import archive
from karbor.plugins.filetree import pack
from karbor.plugins.filetree import unpack
from karbor.plugins.filetree.archive import Damaged
from karbor.plugins.filetree.patterns import Exclude
from karbor.tests.unit.plugins.filetree import trees

TOP = {'k': 'd', 'n': '', 'm': 0o755, 'u': 0, 'g': 0, 't': 0}
FILE = {**TOP, 'k': 'f', 'm': 0o644}
UP, END = (archive.UP, None), object()


def made_of(*items, head=None):
    """An archive of entries and frames, with a top around it."""
    out = io.BytesIO()
    sink = archive.Sink(out.write)
    sink.json(archive.HEADER, head or {
        'format': archive.FORMAT, 'version': 1, 'exclude': []})
    count = 1
    sink.json(archive.ENTRY, TOP)
    for item in items:
        if isinstance(item, dict):
            count += 1
            sink.json(archive.ENTRY, item)
        elif item is END:
            continue
        elif isinstance(item[1], bytes):
            sink.frame(*item)
        elif item[1] is None:
            sink.frame(item[0])
        else:
            sink.json(*item)
    if END not in items:
        sink.frame(archive.UP)
        sink.json(archive.END, {'entries': count})
    sink.flush()
    return out.getvalue()


def file(name, data=b'new', **more):
    return ({**FILE, 'n': name, **more}, (archive.DATA, data),
            (archive.FILE_END, None))


def directory(name, *inside):
    return ({**TOP, 'n': name}, *inside, UP)


def link(name, to):
    return {**FILE, 'k': 'l', 'n': name, 'to': to}


def hard(name, to):
    return {'k': 'h', 'n': name, 'to': to}


def packed(top, exclude=()):
    out, fd = io.BytesIO(), os.open(top, os.O_RDONLY)
    pack.pack(fd, archive.Sink(out.write), Exclude(exclude),
              one_file_system=False, check=lambda: None)
    os.close(fd)
    return out.getvalue()


def restore(data, top, *, skip=False, delete_extra=False, keep=(),
            dress_top=True):
    fd = os.open(top, os.O_RDONLY)
    try:
        return unpack.unpack(
            archive.Source(io.BytesIO(data)), fd, temporary='.temporary',
            skip=skip, delete_extra=delete_extra, dress_top=dress_top,
            keep=Exclude(keep), check=lambda: None,
            removing=lambda paths: None)
    finally:
        os.close(fd)


@pytest.fixture
def top(tmp_path):
    made = tmp_path / 'top'
    made.mkdir()
    return made


@pytest.fixture
def outside(tmp_path):
    """What must stay as it is."""
    made = tmp_path / 'outside'
    made.mkdir()
    (made / 'secret').write_bytes(b'secret')
    before = trees.state(made)
    yield made
    assert trees.state(made) == before


def test_everything_comes_back(tmp_path, top):
    trees.make(str(tmp_path / 'source'))
    data = packed(tmp_path / 'source')
    for _time in range(2):
        found = restore(data, top)
        assert trees.state(top) == trees.state(tmp_path / 'source')
        assert not found.failed
    assert os.stat(top / 'sparse').st_blocks * 512 < 1 << 20
    assert found.files == 6


@settings(max_examples=30, deadline=None)
@given(content=st.lists(st.tuples(
    st.binary(min_size=1, max_size=12).filter(
        lambda n: n not in (b'.', b'..') and b'/' not in n and b'\0' not in n),
    st.binary(max_size=50), st.integers(0, 0o7777),
    st.integers(-10 ** 18, 4 * 10 ** 18)), max_size=5,
    unique_by=lambda item: item[0]))
def test_any_names_modes_and_times_come_back(content, tmp_path_factory):
    source, top = (tmp_path_factory.mktemp(name) for name in 'st')
    for name, data, mode, mtime in content:
        path = os.path.join(os.fsencode(source), name)
        with open(path, 'wb') as out:
            out.write(data)
        # its owner can read it, whoever runs the test
        os.chmod(path, mode | 0o400)
        os.utime(path, ns=(0, mtime))
    restore(packed(source), top)
    assert trees.state(top) == trees.state(source)


@pytest.mark.parametrize(('skip', 'expected'), [
    (False, ['rename']), (True, ['fsync', 'rename'])])
def test_a_file_that_will_be_left_alone_is_durable_first(
        top, monkeypatch, skip, expected):
    done = []

    def noted(name, act):
        def note(*args, **more):
            done.append(name)
            return act(*args, **more)
        monkeypatch.setattr(os, name, note)
    noted('fsync', os.fsync)
    noted('rename', os.rename)
    restore(made_of(*file('a')), top, skip=skip)
    assert done == expected
    assert (top / 'a').read_bytes() == b'new'


# -- attacks -----------------------------------------------------------------

@pytest.mark.parametrize('name', ['..', '.', '', '/', '../outside/new',
                                  '/tmp/new', 'a/b', 'a\0b', 'x' * 300])
@pytest.mark.parametrize('build', [
    lambda name: file(name), lambda name: directory(name, *file('x')),
    lambda name: [link(name, 'x')], lambda name: [hard(name, 'x')],
    lambda name: [{**FILE, 'k': 'p', 'n': name}]])
def test_a_name_that_leads_out_is_refused(top, outside, name, build):
    with pytest.raises(Damaged):
        restore(made_of(*build(name)), top)
    assert os.listdir(top) == []


def test_a_link_of_the_archive_is_not_followed(top, outside):
    data = made_of(link('d', str(outside)), *directory('d', *file('secret')),
                   link('f', str(outside / 'secret')), *file('f'))
    restore(data, top)
    assert (top / 'd').is_dir()
    assert not (top / 'd').is_symlink()
    assert not (top / 'f').is_symlink()
    assert (top / 'f').read_bytes() == b'new'


@pytest.mark.parametrize('skip', [True, False])
def test_a_link_of_the_tree_is_not_followed(top, outside, skip):
    os.symlink(outside, top / 'd')
    os.symlink(outside / 'secret', top / 'f')
    os.link(outside / 'secret', top / 'h')
    os.symlink(outside / 'new', top / '.temporary')
    restore(made_of(*directory('d', *file('secret')), *file('f'),
                    *file('h')), top, skip=skip)
    assert (top / 'd').is_symlink() is skip


def test_a_hard_link_out_is_refused(top, outside):
    os.symlink(outside, top / 'way')
    found = restore(made_of(hard('a', 'way/secret'), hard('b', 'way'),
                            hard('c', 'missing'), *directory('d'),
                            hard('e', 'd')), top)
    assert found.failed.count == 4
    assert sorted(os.listdir(top)) == ['d', 'way']
    for target in ('../outside/secret', '/etc/passwd', ''):
        with pytest.raises(Damaged):
            restore(made_of(hard('a', target)), top)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(
    st.sampled_from(['a', 'b', '..', '/etc']).flatmap(lambda name:
        st.sampled_from([
            *[[item] for item in (UP, (archive.FILE_END, None),
                                  (archive.DATA, b'data'),
                                  (archive.ZEROS, b'\0' * 7 + b'\5'),
                                  (archive.NAME, ['user', 0, name]))],
            list(file(name)), [{**TOP, 'n': name}],
            list(directory(name, *file('a'))),
            [link(name, '../outside')], [link(name, '/')],
            [hard(name, 'a/secret')], [hard(name, 'b')],
            [{**FILE, 'k': 'p', 'n': name}]]))), max_size=10),
    st.booleans(), st.booleans())
def test_no_archive_leads_out(tmp_path_factory, items, skip, delete_extra):
    base = tmp_path_factory.mktemp('base')
    outside, top = base / 'outside', base / 'top'
    outside.mkdir()
    top.mkdir()
    (outside / 'secret').write_bytes(b'secret')
    os.symlink('../outside', top / 'b')
    before = trees.state(outside)
    # to refuse it is the other sound way to end
    with contextlib.suppress(Damaged):
        restore(made_of(*(part for item in items for part in item)), top,
                skip=skip, delete_extra=delete_extra)
    assert trees.state(outside) == before
    assert sorted(os.listdir(base)) == ['outside', 'top']


@pytest.mark.parametrize('items', [
    [(archive.DATA, b'x')], [(archive.FILE_END, None)],
    [(archive.HEADER, {})], [file('a')[0], UP], [file('a')[0], *file('b')],
    [directory('d')[0]], [UP], [(archive.NAME, ['user', '0', 'x'])],
    [(archive.NAME, {})], [(archive.ENTRY, [])], [*file('a'), END],
    [(archive.UP, None), (archive.END, {'entries': 7}), END],
    [(archive.UP, None), (archive.UP, None), END]])
def test_a_damaged_archive_is_refused(top, items):
    with pytest.raises(Damaged):
        restore(made_of(*items), top)
    assert '.temporary' not in os.listdir(top)


@pytest.mark.parametrize('exclude', [7, None, ['!'], [7]])
def test_a_damaged_header_is_refused(top, exclude):
    with pytest.raises(Damaged):
        restore(made_of(head={'format': archive.FORMAT, 'version': 1,
                              'exclude': exclude}), top)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_a_cut_or_altered_archive_ends_in_order(tmp_path_factory, data):
    whole = made_of(*file('a'), *directory('d', *file('b')), link('l', 'x'))
    at = data.draw(st.integers(0, len(whole) - 1))
    cut = data.draw(st.booleans())
    top = tmp_path_factory.mktemp('t')
    if cut:
        with pytest.raises(Damaged):
            restore(whole[:at], top)
        return
    byte = bytes([whole[at] ^ data.draw(st.integers(1, 255))])
    # not every altered byte makes it unreadable
    with contextlib.suppress(Damaged):
        restore(whole[:at] + byte + whole[at + 1:], top)


# -- what exists --------------------------------------------------------------

def test_skip_leaves_alone_what_exists(top):
    trees.write(str(top), 'a', b'old')
    trees.write(str(top), 'd', b'a file')
    os.mkdir(top / 'e')
    os.chmod(top / 'e', 0o711)  # noqa: S103 - to be told from the archive's
    os.symlink('x', top / 'l')
    found = restore(made_of(*file('a'), *directory('d', *directory('x'),
                                                   *file('x')),
                            *directory('e', *file('b')), link('l', 'y'),
                            *file('n')), top, skip=True)
    assert found.kept.first == ['a', 'd', 'l']
    assert (top / 'a').read_bytes() == b'old'
    assert (top / 'd').read_bytes() == b'a file'
    assert os.stat(top / 'e').st_mode & 0o777 == 0o711
    assert (top / 'e' / 'b').read_bytes() == b'new'
    assert os.readlink(top / 'l') == 'x'
    assert (top / 'n').read_bytes() == b'new'


def test_an_empty_directory_gives_way_to_a_file(top):
    os.mkdir(top / 'a')
    os.makedirs(top / 'b' / 'full')
    found = restore(made_of(*file('a'), *file('b')), top)
    assert (top / 'a').read_bytes() == b'new'
    assert found.failed.first == ['b (Directory not empty)']
    assert sorted(os.listdir(top)) == ['a', 'b']


def test_a_full_directory_gives_way_only_with_delete_extra(top):
    os.makedirs(top / 'b' / 'full')
    trees.write(str(top), 'b/full/x', b'')
    found = restore(made_of(*file('b')), top, delete_extra=True)
    assert not found.failed
    assert (top / 'b').read_bytes() == b'new'


def test_delete_extra_leaves_what_was_not_in_the_archive_on_purpose(top):
    for name in ('extra', 'd/extra', 'd/more/keep.log', 'd/more/x',
                 'by-registry', 'wanted'):
        os.makedirs(os.path.dirname(top / name), exist_ok=True)
        trees.write(str(top), name, b'old')
    sock = socket.socket(socket.AF_UNIX)
    sock.bind(str(top / 'sock'))
    os.makedirs(top / 'extra-dir' / 'y')
    with sock:
        found = restore(made_of(
            *file('wanted'), *directory('d'),
            head={'format': archive.FORMAT, 'version': 1,
                  'exclude': ['*.log']}), top, delete_extra=True,
            keep=['by-*'])
    assert sorted(os.listdir(top)) == ['by-registry', 'd', 'sock', 'wanted']
    assert os.listdir(top / 'd') == ['more']
    assert os.listdir(top / 'd' / 'more') == ['keep.log']
    assert found.removed.first == ['d/extra', 'extra', 'extra-dir']


def test_extra_mount_points_stay(top, monkeypatch):
    os.mkdir(top / 'mounted')
    trees.write(str(top), 'mounted/x', b'')
    real, inode = os.stat, os.stat(top / 'mounted').st_ino

    class Elsewhere:
        st_mode = os.stat(top / 'mounted').st_mode
        st_dev = -1

    def stat(path, *args, **more):
        found = real(path, *args, **more)
        return Elsewhere() if found.st_ino == inode else found
    monkeypatch.setattr(os, 'stat', stat)
    restore(made_of(), top, delete_extra=True)
    monkeypatch.undo()
    assert os.listdir(top / 'mounted') == ['x']


def test_conflicts_names_what_exists(top):
    os.makedirs(top / 'd' / 'e')
    trees.write(str(top), 'd/f', b'')
    trees.write(str(top), 'g', b'')
    data = made_of(*directory('d', *directory('e'), *file('f'),
                              *directory('new', *directory('n'))),
                   *directory('g', *file('x')), *file('h'))
    fd = os.open(top, os.O_RDONLY)
    before = trees.state(top)
    found = unpack.conflicts(archive.Source(io.BytesIO(data)), fd,
                             lambda: None)
    os.close(fd)
    assert found.first == ['d/f', 'g']
    assert trees.state(top) == before


def test_the_top_of_the_operator_keeps_its_mode(top):
    os.chmod(top, 0o711)        # noqa: S103 - to be told from the archive's
    restore(made_of(*file('a')), top, dress_top=False)
    assert os.stat(top).st_mode & 0o777 == 0o711
    restore(made_of(), top)
    assert os.stat(top).st_mode & 0o777 == 0o755


# -- what is not permitted ---------------------------------------------------

def refuse(monkeypatch, call, code=errno.EPERM, when=lambda *args: True):
    real = getattr(os, call)

    def refusing(*args, **more):
        if when(*args):
            raise OSError(code, os.strerror(code))
        return real(*args, **more)
    monkeypatch.setattr(os, call, refusing)


def test_without_its_owner_a_file_is_not_setuid(top, monkeypatch):
    refuse(monkeypatch, 'fchown')
    refuse(monkeypatch, 'chown')
    found = restore(made_of(*file('a', m=0o6755), link('l', 'x'),
                            {**FILE, 'k': 'p', 'n': 'p', 'm': 0o2640}), top)
    assert found.owners.first == ['a', 'l', 'p', '.']
    assert os.stat(top / 'a').st_mode & 0o7777 == 0o755
    assert os.stat(top / 'p').st_mode & 0o7777 == 0o640


def test_owners_go_by_name(top, monkeypatch):
    asked = []
    monkeypatch.setattr(os, 'fchown', lambda fd, u, g: asked.append((u, g)))
    restore(made_of((archive.NAME, ['user', 4242, 'root']),
                    (archive.NAME, ['group', 4243, 'no such group']),
                    *file('a', u=4242, g=4243)), top)
    assert asked == [(0, 4243), (0, 0)]


def test_devices(top, monkeypatch):
    data = made_of({**FILE, 'k': 'c', 'n': 'null', 'r': [1, 3]})
    refuse(monkeypatch, 'mknod')
    found = restore(data, top)
    assert found.nodes.first == ['null']
    assert not found.failed
    monkeypatch.undo()
    if os.geteuid() == 0:
        assert restore(data, top).special_files == 1
        assert os.stat(top / 'null').st_rdev == os.makedev(1, 3)


def test_a_fifo_that_is_refused_is_a_failure(top, monkeypatch):
    refuse(monkeypatch, 'mknod')
    assert restore(made_of({**FILE, 'k': 'p', 'n': 'p'}), top).failed


def test_attributes(top, monkeypatch):
    data = made_of(*file('a', x={'user.a': 'eA=='}))
    trees.write(str(top), 'a', b'')
    assert not restore(data, top).attributes
    assert os.getxattr(top / 'a', 'user.a') == b'x'
    refuse(monkeypatch, 'setxattr', errno.ENOTSUP)
    refuse(monkeypatch, 'listxattr', errno.ENOTSUP)
    assert restore(data, top).attributes.first == ['a']
    monkeypatch.delattr(os, 'listxattr')
    assert restore(data, top).attributes.first == ['a']
    monkeypatch.undo()
    os.setxattr(top, 'user.old', b'')
    restore(data, top)
    assert os.listxattr(top) == []


@pytest.mark.parametrize('call', ['setxattr', 'listxattr', 'fchown',
                                  'fchmod', 'rename', 'ftruncate'])
def test_another_error_fails_that_file_only(top, monkeypatch, call):
    data = made_of({**FILE, 'n': 'a', 'x': {'user.a': 'eA=='}},
                   (archive.ZEROS, b'\0' * 7 + b'\5'),
                   (archive.FILE_END, None))
    refuse(monkeypatch, call, errno.EBUSY)
    found = restore(data, top)
    assert 'a (Device or resource busy)' in found.failed.first
    assert os.listdir(top) == []


@pytest.mark.parametrize(('call', 'when'), [
    ('open', lambda path, *rest: path == '.temporary'),
    ('write', lambda *args: True), ('lseek', lambda *args: True),
    ('mkdir', lambda *args: True), ('symlink', lambda *args: True)])
def test_a_full_disk_ends_the_restore(top, monkeypatch, call, when):
    data = made_of(*directory('d'), link('l', 'x'), FILE | {'n': 'a'},
                   (archive.ZEROS, b'\0' * 7 + b'\5'),
                   (archive.DATA, b'x'), (archive.FILE_END, None))
    refuse(monkeypatch, call, errno.ENOSPC, when)
    with pytest.raises(plugin.PluginError, match='No space left'):
        restore(data, top)
    assert '.temporary' not in os.listdir(top)


def test_a_directory_that_cannot_be_made_is_left_out(top, monkeypatch):
    refuse(monkeypatch, 'mkdir', errno.EACCES)
    found = restore(made_of(*directory('d', *directory('e', *file('a')),
                                       *file('b'), link('c', 'x')),
                            *file('f')), top)
    assert found.failed.first == ['d (Permission denied)']
    assert os.listdir(top) == ['f']


def test_a_directory_without_write_permission_is_written(top):
    os.mkdir(top / 'd')
    os.chmod(top / 'd', 0o500)
    restore(made_of(*directory('d', *file('a'))), top)
    assert (top / 'd' / 'a').read_bytes() == b'new'


def test_a_deep_tree_that_moves_is_an_error(top):
    inside = ()
    for _level in range(60):
        inside = directory('d', *inside)
    data = made_of(*inside)
    calls = []

    def check():
        calls.append(1)
        if len(calls) == 60:
            os.rename(top / 'd', top / 'moved')
    fd = os.open(top, os.O_RDONLY)
    with pytest.raises(plugin.PluginError, match='moved'):
        unpack.unpack(archive.Source(io.BytesIO(data)), fd,
                      temporary='.t', skip=False, delete_extra=False,
                      dress_top=True, keep=Exclude(), check=check,
                      removing=list)
    os.close(fd)


def test_skip_finishes_the_directories_that_a_crash_left(top):
    data = made_of(*directory('d', *file('a'), *file('b')))
    calls = []

    def crash():
        calls.append(1)
        if len(calls) == 4:         # d, a and its data, b
            raise plugin.Cancelled()
    fd = os.open(top, os.O_RDONLY)
    with pytest.raises(plugin.Cancelled):
        unpack.unpack(archive.Source(io.BytesIO(data)), fd,
                      temporary='.temporary', skip=True, delete_extra=False,
                      dress_top=True, keep=Exclude(), check=crash,
                      removing=list)
    os.close(fd)
    assert os.listdir(top / 'd') == ['a']
    restore(data, top, skip=True)
    assert sorted(os.listdir(top / 'd')) == ['a', 'b']
    found = os.stat(top / 'd')
    assert (found.st_mode & 0o7777, found.st_mtime_ns) == (0o755, 0)


def test_a_directory_that_cannot_be_prepared_is_left_out(top, monkeypatch):
    refuse(monkeypatch, 'unlink', errno.EBUSY,
           lambda path: path == '.temporary')
    found = restore(made_of(*directory('d', *file('a')), *file('f')), top)
    assert found.failed.count == 2          # the top and d
    assert os.listdir(top / 'd') == []
    assert (top / 'f').exists()
