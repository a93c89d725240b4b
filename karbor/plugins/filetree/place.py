# SPDX-License-Identifier: Apache-2.0
"""Putting one entry in its place, with its owner, mode and times.

All is done within one open directory, by one name, and never through a
symbolic link. What is not a directory is made under another name and then
renamed, so that a crash leaves the old or the new.
"""

from collections.abc import Callable
import contextlib
from dataclasses import dataclass, field
import errno
import grp
import os
import pwd
import stat
import time

from karbor.plugins.filetree.entry import Entry
from karbor.plugins.filetree.entry import LINK
from karbor.plugins.filetree.entry import SYMLINK
from karbor.plugins.filetree.names import Counts
from karbor.plugins.filetree.names import Found
from karbor.plugins.filetree.patterns import Exclude
from karbor.plugins.filetree.trail import FLAGS
from karbor.plugins.filetree.walk import LEAVE
from karbor.plugins.filetree.walk import OTHER
from karbor.plugins.filetree.walk import walk

_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
_REFUSED = frozenset((errno.EPERM, errno.EACCES, errno.EINVAL,
                      errno.ENOTSUP, errno.ERANGE, errno.E2BIG))
# Attributes that users set; others come and go with the system.
_OURS = ('user.', 'system.posix_acl_')


@dataclass
class Restored(Counts):
    """What a restore did.

    :ivar kept: existed and was left alone
    :ivar removed: was not in the archive
    :ivar owners: whose owner could not be set
    :ivar attributes: of which an extended attribute could not be set
    :ivar nodes: devices that this process may not make
    :ivar failed: what could not be restored
    """

    kept: Found = field(default_factory=Found)
    removed: Found = field(default_factory=Found)
    owners: Found = field(default_factory=Found)
    attributes: Found = field(default_factory=Found)
    nodes: Found = field(default_factory=Found)
    failed: Found = field(default_factory=Found)


class Owners:
    """Numbers of users and groups, by name where this host has the name."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, int], int] = {}

    def named(self, which: str, number: int, name: str) -> None:
        """The archive calls a number so."""
        # ValueError: a name that no host could have
        with contextlib.suppress(KeyError, ValueError):
            self._numbers[which, number] = (
                pwd.getpwnam(name).pw_uid if which == 'user'
                else grp.getgrnam(name).gr_gid)

    def of(self, entry: Entry) -> tuple[int, int]:
        return (self._numbers.get(('user', entry.uid), entry.uid),
                self._numbers.get(('group', entry.gid), entry.gid))


class Place:
    """Makes entries in the directory that it is told."""

    def __init__(self, result: Restored, temporary: str, keep: Exclude, *,
                 clear: bool) -> None:
        """Touch nothing yet.

        :param temporary: the name under which everything is made first; the
            same in a restore that is run again, so that it finds and removes
            what a crash left
        :param keep: never removed
        :param clear: a directory may be removed with all that is in it
        """
        self.owners = Owners()
        self._result = result
        self._temporary = temporary
        self._keep = keep
        self._clear = clear

    def discard(self, parent: int) -> None:
        """Remove what was begun and not finished."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._temporary, dir_fd=parent)

    def create(self, parent: int) -> int:
        """Begin a file; returns its descriptor."""
        try:
            return os.open(self._temporary, _CREATE, 0o600, dir_fd=parent)
        except FileExistsError:
            self.discard(parent)
            return os.open(self._temporary, _CREATE, 0o600, dir_fd=parent)

    def make(self, parent: int, entry: Entry, path: str,
             maker: Callable[[str], object]) -> None:
        """Make what is neither file nor directory, and give it its place.

        :param maker: called with the name to make it under
        """
        self.discard(parent)
        maker(self._temporary)
        try:
            if entry.node[0]:
                self._mode_of_node(parent, entry, path)
            elif entry.kind == SYMLINK:
                self._own(lambda uid, gid: os.chown(
                    self._temporary, uid, gid, dir_fd=parent,
                    follow_symlinks=False), entry, path)
            if entry.kind != LINK:
                os.utime(self._temporary, ns=(time.time_ns(), entry.mtime),
                         dir_fd=parent, follow_symlinks=False)
            self.install(parent, entry.name, path)
        except BaseException:
            self.discard(parent)
            raise

    def install(self, parent: int, name: str, path: str) -> None:
        """Rename what was made to its name.

        :raises OSError: a directory with something in it is there
        """
        try:
            os.rename(self._temporary, name, src_dir_fd=parent,
                      dst_dir_fd=parent)
        except IsADirectoryError:
            if self._clear:
                self.remove(parent, name, path)
            else:
                os.rmdir(name, dir_fd=parent)
            os.rename(self._temporary, name, src_dir_fd=parent,
                      dst_dir_fd=parent)

    def dress(self, fd: int, entry: Entry, path: str) -> None:
        """Give an open file or directory its owner, attributes, times, mode.

        In this order: a change of owner drops capabilities and the setuid
        bit, which are for the restored owner only. The mode comes last: by
        it a restore that is run again knows that a directory is finished.
        """
        owned = self._own(lambda uid, gid: os.fchown(fd, uid, gid), entry,
                          path)
        self._attributes(fd, entry, path)
        os.utime(fd, ns=(time.time_ns(), entry.mtime))
        os.fchmod(fd, entry.mode if owned else entry.mode & 0o1777)

    def may_go(self, parent: int, name: str, path: str) -> bool:
        """Whether `remove` would remove it, or some of it."""
        found = os.stat(name, dir_fd=parent, follow_symlinks=False)
        return not (stat.S_ISSOCK(found.st_mode)
                    or self._keep.matches(path, stat.S_ISDIR(found.st_mode))
                    or found.st_dev != os.fstat(parent).st_dev)

    def remove(self, parent: int, name: str, path: str) -> bool:
        """Remove a file, or a directory with all that is in it.

        Sockets, what is excluded, mount points and the directories that hold
        them stay.

        :return: whether it is gone
        """
        if not self.may_go(parent, name, path):
            return False
        found = os.stat(name, dir_fd=parent, follow_symlinks=False)
        if not stat.S_ISDIR(found.st_mode):
            os.unlink(name, dir_fd=parent)
            return True
        fd = os.open(name, FLAGS, dir_fd=parent)
        try:
            for visit in walk(fd, self._keep, one_file_system=True,
                              prefix=path):
                if visit.what == OTHER:
                    if not stat.S_ISSOCK(visit.stat.st_mode):
                        os.unlink(visit.name, dir_fd=visit.parent)
                elif visit.what == LEAVE and visit.name:
                    _rmdir(visit.name, visit.parent)
        finally:
            os.close(fd)
        return _rmdir(name, parent)

    def _mode_of_node(self, parent: int, entry: Entry, path: str) -> None:
        """Owner and mode of a fifo or device, without opening it for real.

        To open a device may rewind a tape.
        """
        fd = os.open(self._temporary, os.O_PATH | os.O_NOFOLLOW,
                     dir_fd=parent)
        try:
            name = f'/proc/self/fd/{fd}'
            owned = self._own(lambda uid, gid: os.chown(name, uid, gid),
                              entry, path)
            os.chmod(name, entry.mode if owned else entry.mode & 0o1777)
        finally:
            os.close(fd)

    def _own(self, chown: Callable[[int, int], None], entry: Entry,
             path: str) -> bool:
        uid, gid = self.owners.of(entry)
        try:
            chown(uid, gid)
        except OSError as error:
            # EINVAL: the number has no meaning in a user namespace
            if error.errno not in (errno.EPERM, errno.EINVAL):
                raise
            self._result.owners.add(path)
            return False
        return True

    def _attributes(self, fd: int, entry: Entry, path: str) -> None:
        wanted = entry.xattrs or {}
        if not hasattr(os, 'listxattr'):
            if wanted:
                self._result.attributes.add(path)
            return
        try:
            present = os.listxattr(fd)
        except OSError as error:
            if error.errno != errno.ENOTSUP:
                raise
            present = []
        # A directory's default ACL gives new files what they had not.
        for name in present:
            if name not in wanted and name.startswith(_OURS):
                os.removexattr(fd, name)
        refused = False
        for name, value in wanted.items():
            try:
                os.setxattr(fd, name, value)
            except OSError as error:
                if error.errno not in _REFUSED:
                    raise
                refused = True
        if refused:
            self._result.attributes.add(path)


def _rmdir(name: str, parent: int) -> bool:
    try:
        os.rmdir(name, dir_fd=parent)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EBUSY):
            raise
        return False
    return True
