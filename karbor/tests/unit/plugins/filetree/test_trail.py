# SPDX-License-Identifier: Apache-2.0

import os

import pytest

from karbor.plugins.filetree import trail

DEPTH = 3 * trail.Trail.KEPT


@pytest.fixture
def root(tmp_path):
    fd = os.open(tmp_path, trail.FLAGS)
    yield fd
    os.close(fd)


def open_files():
    return len(os.listdir('/proc/self/fd'))


def test_a_deep_tree_needs_few_descriptors(root):
    before = open_files()
    with trail.Trail(root) as way:
        inodes = [os.fstat(root).st_ino]
        for _level in range(DEPTH):
            os.mkdir('d', dir_fd=way.fd)
            inodes.append(os.fstat(way.enter('d')).st_ino)
            assert open_files() <= before + trail.Trail.KEPT
        assert way.depth == DEPTH
        while inodes:
            assert os.fstat(way.fd).st_ino == inodes.pop()
            if inodes:
                way.leave()
    assert open_files() == before


def test_a_moved_directory_is_an_error_on_the_way_back(root, tmp_path):
    with trail.Trail(root) as way:
        for _level in range(DEPTH):
            os.mkdir('d', dir_fd=way.fd)
            way.enter('d')
        os.rename(tmp_path / 'd', tmp_path / 'moved')
        for _level in range(trail.Trail.KEPT - 1):
            way.leave()
        with pytest.raises(FileNotFoundError):
            way.leave()


def test_links_are_not_followed(root, tmp_path):
    os.symlink('/', tmp_path / 'link')
    with trail.Trail(root) as way, pytest.raises(NotADirectoryError):
        way.enter('link')
    with pytest.raises(NotADirectoryError):
        trail.descend(root, ['link', 'etc'])
    with pytest.raises(NotADirectoryError):
        trail.descend(root, ['link', 'x'], make=True)


def test_descend_makes_what_is_missing(root, tmp_path):
    os.mkdir(tmp_path / 'a')
    fd = trail.descend(root, ['a', 'b', 'c'], make=True)
    assert os.path.samestat(os.fstat(fd), os.stat(tmp_path / 'a/b/c'))
    os.close(fd)
    with pytest.raises(FileNotFoundError):
        trail.descend(root, ['a', 'x'])
