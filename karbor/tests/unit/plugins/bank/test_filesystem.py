# SPDX-License-Identifier: Apache-2.0

import errno
import functools
import os
import pathlib
import stat
import subprocess
import sys

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
import pytest

from karbor import plugin
from karbor.plugin.testing import MemoryBank
from karbor.plugin.testing.together import run_together
from karbor.plugins.bank import filesystem
from karbor.tests.unit.plugins.bank.common import calls
from karbor.tests.unit.plugins.bank.common import make_bank

TEMP = '#incoming'
MARK = '#bank'


def tree(root):
    """All that is there but for the mark."""
    return sorted(str(path.relative_to(root)) for path in root.rglob('*')
                  if path != root / MARK)


# -- configuration ------------------------------------------------------------

@pytest.mark.parametrize('path', [None, '', 'relative/path', '~/bank',
                                  '/a\0b'])
def test_the_path_has_to_be_absolute(path):
    with pytest.raises(plugin.ConfigError,
                       match='file_system_bank_path') as caught:
        make_bank(path)
    assert 'absolute path' in str(caught.value)


def test_nothing_is_opened_before_it_is_used(root):
    make_bank(root)
    assert not root.exists()


def test_the_directory_is_made_if_the_one_above_exists(root):
    assert make_bank(f'{root}/').list() == []
    assert stat.S_IMODE(root.stat().st_mode) == 0o700


def test_a_path_that_cannot_be_is_an_error_that_does_not_tell_it(tmp_path):
    """Tenants read it; it names the option, which operators know."""
    bank = make_bank(tmp_path / 'no' / 'bank')
    for call in calls(bank):
        with pytest.raises(plugin.BankError, match=(
                r'\[file_system_bank_plugin\] file_system_bank_path: .* nor '
                'does the one above')) as caught:
            call()
        assert str(tmp_path) not in str(caught.value)
    (tmp_path / 'file').write_text('x')
    for path in ('file', 'file/bank'):
        for call in calls(make_bank(tmp_path / path)):
            with pytest.raises(plugin.BankError, match='not a directory'):
                call()
    (tmp_path / 'loop').symlink_to('loop')
    for call in calls(make_bank(tmp_path / 'loop')):
        with pytest.raises(plugin.BankError, match='symbolic link'):
            call()


# -- what is on disk ----------------------------------------------------------

def test_keys_are_paths_and_nobody_else_may_read(bank, root):
    bank.put('a/b/c', b'content')
    assert (root / 'a/b/c').read_bytes() == b'content'
    for path in (root, root / 'a', root / 'a/b', root / TEMP):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
    assert stat.S_IMODE((root / 'a/b/c').stat().st_mode) == 0o600
    assert list((root / TEMP).iterdir()) == []


def test_an_empty_bank_is_empty_on_disk(bank, root):
    keys = ['a/b/c', 'a/b/d', 'a/e', 'f']
    for key in keys:
        bank.put(key, b'x')
    bank.delete('a/b/c')
    assert 'a/b/d' in tree(root)
    bank.delete('a/b/d')
    assert 'a/b' not in tree(root)
    bank.delete('f')
    bank.delete('a/e')
    assert tree(root) == []
    assert root.is_dir()


def test_delete_ends_what_another_has_begun(bank, root):
    """The other one crashed after it had removed the file."""
    bank.put('a/b/c', b'x')
    (root / 'a/b/c').unlink()
    bank.delete('a/b/c')
    assert tree(root) == []


def test_directories_and_their_files_are_synced(bank, root, monkeypatch):
    synced = []
    real = os.fsync

    def fsync(fd):
        synced.append(os.readlink(f'/proc/self/fd/{fd}'))
        real(fd)

    bank.put('z', b'')
    monkeypatch.setattr(os, 'fsync', fsync)
    bank.put('a/b/c', b'x')
    names = [path.removeprefix(str(root)) for path in synced]
    assert names[0].startswith(f'/{TEMP}/')
    # each new directory in the one above it, and the name in the last
    assert names[1:] == ['', '/a', '/a/b']
    synced.clear()
    bank.put('a/b/d', b'x')
    assert [p.removeprefix(str(root)) for p in synced][1:] == ['/a/b']
    synced.clear()
    # another process may have made them without having synced them yet
    make_bank(root).put('a/b/e', b'x')
    assert [p.removeprefix(str(root)) for p in synced][1:] == ['', '/a',
                                                              '/a/b']


def test_directories_that_return_are_synced_again(bank, root, monkeypatch):
    bank.put('keep', b'')
    bank.put('a/b', b'x')
    bank.delete('a/b')
    synced = []
    monkeypatch.setattr(os, 'fsync', lambda fd: synced.append(
        os.readlink(f'/proc/self/fd/{fd}')))
    bank.put('a/b', b'x')
    assert str(root) in synced


def test_what_is_known_of_directories_is_bounded(bank, monkeypatch):
    monkeypatch.setattr(filesystem, '_KNOWN', 4)
    for number in range(20):
        bank.put(f'{number}/a', b'')
        assert len(bank._durable) <= 4


def test_a_file_system_that_cannot_sync_directories(bank, monkeypatch):
    real = os.fsync

    def fsync(fd):
        if stat.S_ISDIR(os.fstat(fd).st_mode):
            raise OSError(errno.EINVAL, 'no')
        real(fd)

    monkeypatch.setattr(os, 'fsync', fsync)
    bank.put('a/b', b'x')
    assert bank.get('a/b') == b'x'


# -- list ---------------------------------------------------------------------

parts = st.text('ab.-0~=', min_size=1, max_size=2).filter(
    lambda part: part not in ('.', '..'))
texts = st.lists(parts, max_size=4).map('/'.join)


@settings(max_examples=50)
@given(st.lists(texts.filter(bool), max_size=12), texts, texts,
       st.none() | st.integers(0, 6))
def test_list_is_that_of_the_contract(tmp_path_factory, wanted, prefix, after,
                                      limit):
    bank = make_bank(tmp_path_factory.mktemp('bank'))
    model = MemoryBank()
    for key in wanted:
        if not any(key.startswith(f'{other}/') or other.startswith(f'{key}/')
                   for other in model.objects):
            bank.put(key, b'')
            model.put(key, b'')
    for question in ((), (prefix,), (prefix, after, limit),
                     (f'{prefix}/' if prefix else '', after, limit)):
        assert bank.list(*question) == model.list(*question)


def test_list_reads_only_where_the_answer_is(bank, monkeypatch):
    for number in range(30):
        for name in 'abc':
            bank.put(f'data/{number:02d}/{name}', b'')
    read = []
    real = os.scandir

    def scandir(fd):
        read.append(os.readlink(f'/proc/self/fd/{fd}').rpartition('/')[2])
        return real(fd)

    monkeypatch.setattr(os, 'scandir', scandir)
    assert len(bank.list('data/07/')) == 3
    assert read == ['07']
    read.clear()
    assert bank.list('data/', 'data/20/b', 4) == [
        'data/20/c', 'data/21/a', 'data/21/b', 'data/21/c']
    assert read == ['data', '20', '21']
    read.clear()
    bank.list('data/1', limit=1)
    assert read == ['data', '10']
    assert bank.list('nothing/here/') == bank.list('data/07/a/') == []


def test_strangers_are_not_listed(bank, root, tmp_path):
    bank.put('a/b', b'x')
    (root / 'a/with space').write_text('x')
    (root / 'a/é').write_text('x')
    os.mkfifo(root / 'a/fifo')
    (root / TEMP / 'left').write_text('x')
    (tmp_path / 'outside').mkdir()
    (tmp_path / 'outside/secret').write_text('x')
    (root / 'a/link').symlink_to(tmp_path / 'outside')
    (root / 'a/file').symlink_to(tmp_path / 'outside/secret')
    assert bank.list() == ['a/b']
    assert bank.list('a/link/') == []
    with pytest.raises(plugin.BankKeyNotFound):
        bank.get('a/fifo')


def test_directories_may_vanish_while_they_are_listed(bank, root,
                                                      monkeypatch):
    for key in ('a/1', 'b/1', 'c/1', 'd/1'):
        bank.put(key, b'')
    real = os.open
    swaps = {'b': lambda: None,
             'c': lambda: (root / 'c').write_text('a file')}

    def vanish(path, *args, **kwargs):
        if path in swaps:
            (root / path / '1').unlink()
            (root / path).rmdir()
            swaps.pop(path)()
        return real(path, *args, **kwargs)

    monkeypatch.setattr(os, 'open', vanish)
    assert bank.list() == ['a/1', 'd/1']
    assert swaps == {}


# -- the fence ----------------------------------------------------------------

@pytest.mark.parametrize('key', ['', '.', '..', '/etc/passwd', '../x', 'a/..',
                                 'a//b', 'a/', 'a\0b', f'{TEMP}/x', 'a\nb'])
def test_what_is_no_key_is_refused(bank, root, key):
    for call in (lambda: bank.put(key, b''), lambda: bank.get(key),
                 lambda: bank.delete(key)):
        with pytest.raises(plugin.BankError, match='not a key'):
            call()
    assert not root.exists()


def test_a_prefix_does_not_leave_the_bank(bank, root):
    bank.put('a/b', b'')
    for prefix in ('../', '/etc/', 'a/../', './'):
        with pytest.raises(plugin.BankError):
            bank.list(prefix)


def test_links_are_not_followed(bank, root, tmp_path):
    outside = tmp_path / 'outside'
    outside.mkdir()
    (outside / 'secret').write_bytes(b'secret')
    bank.put('a/b', b'x')
    (root / 'a/dir').symlink_to(outside)
    (root / 'a/file').symlink_to(outside / 'secret')
    (root / 'dir').symlink_to(outside)
    for key in ('a/dir/secret', 'dir/secret'):
        with pytest.raises(plugin.BankKeyNotFound):
            bank.get(key)
        with pytest.raises(plugin.BankError, match='something else'):
            bank.put(key, b'changed')
        bank.delete(key)
    with pytest.raises(plugin.BankError, match='symbolic link'):
        bank.get('a/file')
    bank.put('a/file', b'replaced')
    assert bank.get('a/file') == b'replaced'
    assert (outside / 'secret').read_bytes() == b'secret'
    bank.delete('a/dir')
    assert not (root / 'a/dir').is_symlink()
    assert list(outside.iterdir()) == [outside / 'secret']


def test_the_bank_itself_may_be_behind_a_link(tmp_path):
    (tmp_path / 'disk').mkdir()
    (tmp_path / 'bank').symlink_to(tmp_path / 'disk')
    make_bank(tmp_path / 'bank').put('a', b'x')
    assert (tmp_path / 'disk/a').read_bytes() == b'x'


def test_a_key_that_is_the_folder_of_another_is_an_error(bank):
    bank.put('a/b', b'x')
    with pytest.raises(plugin.BankError, match='a directory is where'):
        bank.put('a', b'y')
    with pytest.raises(plugin.BankError, match='something else is where'):
        bank.put('a/b/c', b'y')
    assert bank.list() == ['a/b']


# -- many at once -------------------------------------------------------------

def test_a_put_goes_on_when_its_directory_vanishes(bank, root, monkeypatch):
    real = os.rename
    left = [3]

    def rename(*args, **kwargs):
        if left[0]:
            left[0] -= 1
            (root / 'a/b').rmdir()
        return real(*args, **kwargs)

    monkeypatch.setattr(os, 'rename', rename)
    bank.put('a/b/c', b'x')
    assert left == [0]
    assert bank.get('a/b/c') == b'x'
    assert list((root / TEMP).iterdir()) == []


def test_a_put_goes_on_when_its_file_was_swept(bank, root, monkeypatch):
    real = os.rename

    def rename(src, *args, **kwargs):
        monkeypatch.setattr(os, 'rename', real)
        (root / TEMP / src).unlink()
        return real(src, *args, **kwargs)

    monkeypatch.setattr(os, 'rename', rename)
    bank.put('a/b', b'x')
    assert bank.get('a/b') == b'x'


def test_a_put_does_not_go_on_for_ever(bank, monkeypatch):
    def rename(*args, **kwargs):
        raise FileNotFoundError(errno.ENOENT, 'no')

    monkeypatch.setattr(os, 'rename', rename)
    monkeypatch.setattr(filesystem, '_TRIES', 5)
    with pytest.raises(plugin.BankError, match='vanished 5 times'):
        bank.put('a/b', b'x')


def test_what_crashed_writers_left_is_swept_when_it_is_old(bank, root):
    bank.put('a', b'x')
    old, young = root / TEMP / 'old', root / TEMP / 'young'
    old.write_text('x')
    young.write_text('x')
    os.utime(old, (0, 0))
    bank.put('b', b'x')
    assert old.exists(), 'not at every put'
    make_bank(root).put('c', b'x')
    assert not old.exists()
    assert young.exists()
    assert bank.list() == ['a', 'b', 'c']


SCRIPT = '''
import sys
from karbor.tests.unit.plugins.bank.common import make_bank
bank = make_bank(sys.argv[1])
name = sys.argv[2]
for number in range(60):
    data = (name * 50000).encode()
    bank.put('shared/key', data)
    found = bank.get('shared/key')
    assert len(found) == 50000 and len(set(found)) == 1, 'torn'
    bank.put(f'x/y/{name}', data)
    assert bank.get(f'x/y/{name}') == data
    bank.delete(f'x/y/{name}')
'''


def test_many_processes(root):
    """Each of them empties directories that the others are about to use."""
    top = pathlib.Path(filesystem.__file__).parents[3]
    workers = [subprocess.Popen(
        [sys.executable, '-c', SCRIPT, str(root), name], cwd=top,
        env={**os.environ, 'PYTHONPATH': str(top)}) for name in 'abc']
    assert [worker.wait() for worker in workers] == [0, 0, 0]
    assert make_bank(root).list() == ['shared/key']
    assert tree(root / TEMP) == []


ENDLESS = '''
import sys
from karbor.tests.unit.plugins.bank.common import make_bank
bank = make_bank(sys.argv[1])
while True:
    for byte in b'ab':
        bank.put('a/b', bytes([byte]) * 3000000)
        print(byte, flush=True)
'''


def test_a_process_that_is_killed_leaves_whole_objects(root):
    top = pathlib.Path(filesystem.__file__).parents[3]
    for lines in (1, 4):
        with subprocess.Popen(
                [sys.executable, '-c', ENDLESS, str(root)], cwd=top,
                env={**os.environ, 'PYTHONPATH': str(top)},
                stdout=subprocess.PIPE) as worker:
            for _line in range(lines):
                assert worker.stdout.readline()
            worker.kill()
        bank = make_bank(root)
        assert bank.list() == ['a/b']
        assert bank.get('a/b') in (b'a' * 3000000, b'b' * 3000000)


def test_threads_empty_directories_under_each_other(bank, root):

    def work(number):
        for turn in range(40):
            bank.put(f'a/b/c/{number}', b'%d' % turn)
            assert bank.get(f'a/b/c/{number}') == b'%d' % turn
            bank.delete(f'a/b/c/{number}')

    run_together(functools.partial(work, number) for number in range(6))
    assert tree(root) in ([], [TEMP])
