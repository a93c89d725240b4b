# SPDX-License-Identifier: Apache-2.0
"""A restore that is killed before any one of its file system operations."""

import inspect
import os
import re
import shutil
import signal
import stat

import pytest

from karbor.plugins.filetree import place
from karbor.plugins.filetree import trail
from karbor.plugins.filetree import unpack
from karbor.plugins.filetree import walk
from karbor.tests.unit.plugins.filetree import test_unpack as archives
from karbor.tests.unit.plugins.filetree import trees

# All with which a restore changes a file system; a test sees to that.
CHANGES = ('chmod', 'chown', 'fchmod', 'fchown', 'ftruncate', 'link', 'mkdir',
           'mknod', 'open', 'removexattr', 'rename', 'rmdir', 'setxattr',
           'symlink', 'unlink', 'utime', 'write')
OTHERS = ('close', 'dup', 'fstat', 'fsync', 'listdir', 'listxattr', 'lseek',
          'stat')


class Killer:
    """Counts the changes of this process, and kills it before one of them.

    What is written is cut in half by it, as a crash may do.
    """

    def __init__(self, at):
        self.left = at
        for name in CHANGES:
            setattr(os, name, self.counted(name, getattr(os, name)))

    def counted(self, name, act):
        def change(*args, **more):
            if self.left == 0:
                if name == 'write':
                    act(args[0], args[1][:len(args[1]) // 2])
                os.kill(os.getpid(), signal.SIGKILL)
            self.left -= 1
            return act(*args, **more)
        return change


def killed(at, act):
    """Run it in a child that is killed at a change; whether it was."""
    child = os.fork()
    if not child:
        code = 1
        try:
            Killer(at)
            act()
            code = 0
        finally:
            # nothing of pytest's must run twice
            os._exit(code)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in (0, -signal.SIGKILL)
    return status != 0


def contents(top):
    """Content of each regular file, by path."""
    return {path: found[5] for path, found in trees.state(top).items()
            if found[0] == stat.S_IFREG}


@pytest.fixture
def source(tmp_path):
    made = tmp_path / 'source'
    trees.make(str(made))
    # megabytes of zeros to compare each time would tell no more
    os.truncate(made / 'sparse', 1 << 17)
    return made


def nothing(top, source):
    """Nothing is there yet."""


def older(top, source):
    """An older state: other content, modes, kinds, and more than there was.
    """
    shutil.copytree(source / 'sub', top / 'sub', symlinks=True)
    trees.write(str(top), 'a', b'old' * 700, mode=0o600)
    trees.write(str(top), 'sub/deep/more', b'more')
    trees.write(str(top), 'sub/deep/c', b'old', mode=0o644)
    trees.write(str(top), 'dangling', b'a file')
    for name in ('link', 'empty'):
        (top / name).mkdir()
    for name in ('link', 'empty', 'sub/deep', 'sub'):
        os.utime(top / name, (1, 1))


# said by a library that is merely imported, and does not run here
@pytest.mark.filterwarnings('ignore:Using fork:DeprecationWarning')
@pytest.mark.thorough
@pytest.mark.parametrize('skip', [False, True])
@pytest.mark.parametrize('before', [nothing, older])
def test_a_second_run_ends_in_the_same_tree(tmp_path, source, before, skip):
    data, wanted = archives.packed(source), trees.state(source)
    whole = contents(source)
    how = {'skip': skip, 'delete_extra': not skip}
    top, at, tried = tmp_path / 'top', 0, 0
    # what is left alone when nothing is killed
    top.mkdir()
    before(top, source)
    old = contents(top)
    archives.restore(data, top, **how)
    expected = trees.state(top)
    if not skip:
        assert expected == wanted
    while True:
        shutil.rmtree(top)
        top.mkdir()
        before(top, source)
        if not killed(at, lambda: archives.restore(data, top, **how)):
            break
        tried += 1
        for path, content in contents(top).items():
            if path.rpartition(b'/')[2] != b'.temporary':
                # a hard link may lead to what was left alone
                assert content in (whole.get(path), *old.values()), path
        archives.restore(data, top, **how)
        after = trees.state(top)
        assert after == expected, f'killed at {at}'
        at += 1
    assert tried == at > 30


def test_every_change_is_counted():
    used = {name for module in (unpack, place, trail, walk)
            for name in re.findall(r'\bos\.([a-z_]+)\(',
                                   inspect.getsource(module))}
    assert used <= {*CHANGES, *OTHERS}, 'does a new one change something?'
    assert {'rename', 'open', 'write'} <= used
