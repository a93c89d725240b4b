# SPDX-License-Identifier: Apache-2.0
"""Walking through a tree that others change meanwhile."""

from collections.abc import Callable, Iterator
import errno
import os
import stat
from typing import NamedTuple

from karbor import plugin
from karbor.plugins.filetree.names import shown
from karbor.plugins.filetree.patterns import Exclude
from karbor.plugins.filetree.trail import Trail

ENTER, LEAVE, OTHER = 'enter', 'leave', 'other'

# What opening or asking says when a name no longer is what it was: gone, a
# link now, a directory no more, or a socket or device without a driver.
GONE = frozenset((errno.ENOENT, errno.ELOOP, errno.ENOTDIR, errno.ENXIO,
                  errno.ESTALE))


class Visit(NamedTuple):
    """One place on the walk.

    :ivar what: ``enter`` and ``leave`` of a directory, ``other`` for all
        that is no directory
    :ivar parent: descriptor of the directory that holds it; of a directory
        that is entered, its own
    :ivar name: in that directory; of the top, empty
    :ivar path: from the top, without a slash at its start
    :ivar stat: as it was when it was found
    """

    what: str
    parent: int
    name: str
    path: str
    stat: os.stat_result


def unreadable(path: str, error: OSError) -> plugin.PluginError:
    """The reason of a resource that could not be read as a whole."""
    return plugin.PluginError(
        reason=f'{shown(path) or "the directory itself"} cannot be read: '
               f'{error.strerror}')


def nothing(path: str) -> None:
    """For callers who do not care what vanished."""


def walk(root: int, exclude: Exclude, *, one_file_system: bool = False,
         vanished: Callable[[str], object] = nothing,
         prefix: str = '') -> Iterator[Visit]:
    """Visit everything below a directory, in the order of names.

    No symbolic link is followed. Every directory is entered before and left
    after what is in it. Memory grows with the entries of the directories on
    the way down, not with the tree.

    :param one_file_system: do not look into mount points
    :param vanished: told the path of what went away between being listed and
        being looked at
    :param prefix: path of the directory itself, if it is not the top
    :raises PluginError: something cannot be read; it names what
    """
    top = os.fstat(root)
    with Trail(root) as trail:
        yield Visit(ENTER, root, '', prefix, top)
        base = prefix + '/' if prefix else ''
        stack = [(base, iter(_names(root, prefix)), top)]
        while stack:
            base, names, _found = stack[-1]
            for name in names:
                path = base + name
                visit = _look(trail, name, path, exclude, vanished)
                if visit is None:
                    continue
                yield visit
                if visit.what == OTHER:
                    continue
                inside: list[str] = []
                if not one_file_system or visit.stat.st_dev == top.st_dev:
                    inside = _names(visit.parent, path)
                stack.append((path + '/', iter(inside), visit.stat))
                break
            else:
                base, _names_left, found = stack.pop()
                if stack:
                    parent = _up(trail, base)
                    name = base[:-1].rpartition('/')[2]
                    yield Visit(LEAVE, parent, name, base[:-1], found)
        yield Visit(LEAVE, root, '', prefix, top)


def _look(trail: Trail, name: str, path: str, exclude: Exclude,
          vanished: Callable[[str], object]) -> Visit | None:
    try:
        found = os.stat(name, dir_fd=trail.fd, follow_symlinks=False)
        is_directory = stat.S_ISDIR(found.st_mode)
        if exclude and exclude.matches(path, is_directory):
            return None
        if not is_directory:
            return Visit(OTHER, trail.fd, name, path, found)
        fd = trail.enter(name)
    except OSError as error:
        if error.errno in GONE:
            vanished(path)
            return None
        raise unreadable(path, error) from error
    return Visit(ENTER, fd, name, path, os.fstat(fd))


def _names(fd: int, path: str) -> list[str]:
    try:
        return sorted(os.listdir(fd))
    except OSError as error:
        raise unreadable(path, error) from error


def _up(trail: Trail, path: str) -> int:
    try:
        return trail.leave()
    except OSError as error:
        # only in trees deeper than a trail: a directory far up was moved
        raise unreadable(path, error) from error
