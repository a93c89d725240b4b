# SPDX-License-Identifier: Apache-2.0
"""Making an archive of a tree."""

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
import errno
import grp
import os
import pwd
import stat
from typing import Any

from karbor.plugins.filetree import archive
from karbor.plugins.filetree.archive import Sink
from karbor.plugins.filetree.names import Counts
from karbor.plugins.filetree.names import Found
from karbor.plugins.filetree.names import to_archive
from karbor.plugins.filetree.patterns import Exclude
from karbor.plugins.filetree.walk import ENTER
from karbor.plugins.filetree.walk import GONE
from karbor.plugins.filetree.walk import LEAVE
from karbor.plugins.filetree.walk import unreadable
from karbor.plugins.filetree.walk import Visit
from karbor.plugins.filetree.walk import walk

# Typical bytes of an archive beside the content of the files.
_FRAMES_OF_ENTRY = 120
# Without O_NONBLOCK, a file that was replaced by a fifo would block for ever.
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
_DEVICES = {stat.S_IFCHR: 'c', stat.S_IFBLK: 'b', stat.S_IFIFO: 'p'}


@dataclass
class Packed(Counts):
    """What went into an archive, and what did not."""

    vanished: Found = field(default_factory=Found)
    changed: Found = field(default_factory=Found)
    sockets: Found = field(default_factory=Found)


def measure(root: int, exclude: Exclude, *, one_file_system: bool,
            check: Callable[[], None]) -> int:
    """About how many bytes the archive of a tree will have."""
    total = 0
    for visit in walk(root, exclude, one_file_system=one_file_system):
        check()
        if visit.what != LEAVE:
            total += _FRAMES_OF_ENTRY
            if stat.S_ISREG(visit.stat.st_mode):
                total += min(visit.stat.st_size, visit.stat.st_blocks * 512)
    return total


def pack(root: int, sink: Sink, exclude: Exclude, *, one_file_system: bool,
         check: Callable[[], None]) -> Packed:
    """Write the archive of a tree.

    :param root: descriptor of the top
    :param check: called for each entry and each block; may raise to stop
    :raises PluginError: something cannot be read; it names what
    """
    packer = _Packer(sink, check)
    sink.json(archive.HEADER, {
        'format': archive.FORMAT, 'version': archive.VERSION,
        'exclude': list(exclude.patterns),
        'one_file_system': one_file_system})
    for visit in walk(root, exclude, one_file_system=one_file_system,
                      vanished=packer.result.vanished.add):
        check()
        packer.add(visit)
    sink.json(archive.END, {'entries': packer.result.entries})
    sink.flush()
    return packer.result


class _Packer:
    def __init__(self, sink: Sink, check: Callable[[], None]) -> None:
        self.result = Packed()
        self._sink = sink
        self._check = check
        self._owners: set[tuple[str, int]] = set()
        # path of the first name and names still to come, by what tells
        # one file from another: an inode may be reused meanwhile
        self._links: dict[tuple[int, ...], tuple[str, int]] = {}

    def add(self, visit: Visit) -> None:
        if visit.what == LEAVE:
            self._sink.frame(archive.UP)
            return
        try:
            if visit.what == ENTER:
                self._entry('d', visit.name, visit.stat,
                            self._xattrs(visit.parent))
                self.result.directories += 1
            elif stat.S_ISREG(visit.stat.st_mode):
                self._file(visit)
            elif stat.S_ISLNK(visit.stat.st_mode):
                self._symlink(visit)
            elif stat.S_ISSOCK(visit.stat.st_mode):
                self.result.sockets.add(visit.path)
            else:
                self._special(visit)
        except OSError as error:
            if error.errno not in GONE:
                raise unreadable(visit.path, error) from error
            self.result.vanished.add(visit.path)

    def _file(self, visit: Visit) -> None:
        identity = _identity(visit.stat)
        if visit.stat.st_nlink > 1 and identity in self._links:
            first, left = self._links[identity]
            self._sink.json(archive.ENTRY, {
                'k': 'h', 'n': to_archive(visit.name),
                'to': to_archive(first)})
            self.result.hard_links += 1
            if left > 1:
                self._links[identity] = first, left - 1
            else:
                del self._links[identity]
            return
        fd = os.open(visit.name, _READ, dir_fd=visit.parent)
        try:
            before = os.fstat(fd)
            if not stat.S_ISREG(before.st_mode):
                # another kind of file took its name since it was listed
                self.result.changed.add(visit.path)
                return
            self._entry('f', visit.name, before, self._xattrs(fd))
            if before.st_nlink > 1:
                self._links[_identity(before)] = (
                    visit.path, before.st_nlink - 1)
            try:
                changed = (self._content(fd, before)
                           or _identity(os.fstat(fd)) != _identity(before))
            except OSError as error:
                # even where it says "gone": the entry has begun
                raise unreadable(visit.path, error) from error
        finally:
            os.close(fd)
        self.result.files += 1
        if changed:
            self.result.changed.add(visit.path)
            self._sink.json(archive.FILE_END, {'changed': True})
        else:
            self._sink.frame(archive.FILE_END)

    def _content(self, fd: int, found: os.stat_result) -> bool:
        """Write what the file has up to its size; whether it had less.

        What it grew meanwhile is left out: a log that is written without
        pause would otherwise never end.
        """
        size = found.st_size
        if found.st_blocks * 512 >= size:
            return self._extent(fd, size) < size
        at = 0
        while at < size:
            start, end = _next_extent(fd, at, size)
            if start > at:
                self._sink.zeros(start - at)
            os.lseek(fd, start, os.SEEK_SET)
            at = start + self._extent(fd, end - start)
            if at < end:
                return True
        return False

    def _extent(self, fd: int, size: int) -> int:
        done = 0
        while done < size:
            self._check()
            data = os.read(fd, min(archive.BLOCK, size - done))
            if not data:
                break
            self._sink.frame(archive.DATA, data)
            done += len(data)
        self.result.bytes += done
        return done

    def _symlink(self, visit: Visit) -> None:
        try:
            target = os.readlink(visit.name, dir_fd=visit.parent)
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
            # no link any more
            self.result.changed.add(visit.path)
            return
        self._entry('l', visit.name, visit.stat, {}, to=to_archive(target))
        self.result.symlinks += 1

    def _special(self, visit: Visit) -> None:
        found = visit.stat
        kind = _DEVICES[stat.S_IFMT(found.st_mode)]
        more: dict[str, Any] = {}
        if kind != 'p':
            more['r'] = [os.major(found.st_rdev), os.minor(found.st_rdev)]
        self._entry(kind, visit.name, found, {}, **more)
        self.result.special_files += 1

    def _entry(self, kind: str, name: str, found: os.stat_result,
               xattrs: dict[str, str], **more: Any) -> None:
        for which, number in (('user', found.st_uid),
                              ('group', found.st_gid)):
            if (which, number) not in self._owners:
                self._owners.add((which, number))
                owner = _owner(which, number)
                if owner is not None:
                    self._sink.json(archive.NAME, [which, number, owner])
        entry = {'k': kind, 'n': to_archive(name),
                 'm': stat.S_IMODE(found.st_mode), 'u': found.st_uid,
                 'g': found.st_gid, 't': found.st_mtime_ns, **more}
        if xattrs:
            entry['x'] = xattrs
        self._sink.json(archive.ENTRY, entry)

    @staticmethod
    def _xattrs(fd: int) -> dict[str, str]:
        result: dict[str, str] = {}
        if not hasattr(os, 'listxattr'):
            return result
        names: list[str] = []
        try:
            names = os.listxattr(fd)
        except OSError as error:
            if error.errno != errno.ENOTSUP:
                raise
        for name in sorted(names):
            try:
                value = os.getxattr(fd, name)
            except OSError as error:
                # removed since it was listed
                if error.errno != errno.ENODATA:
                    raise
            else:
                result[to_archive(name)] = base64.b64encode(value).decode()
        return result


def _identity(found: os.stat_result) -> tuple[int, ...]:
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _next_extent(fd: int, at: int, size: int) -> tuple[int, int]:
    """Where data begins and ends from an offset on, cut at the size."""
    try:
        start = os.lseek(fd, at, os.SEEK_DATA)
        end = os.lseek(fd, start, os.SEEK_HOLE)
    except OSError as error:
        if error.errno == errno.ENXIO:
            return size, size          # nothing but a hole is left
        if error.errno == errno.EINVAL:
            return at, size            # the file system knows no holes
        raise
    return min(start, size), min(end, size)


def _owner(which: str, number: int) -> str | None:
    try:
        if which == 'user':
            return pwd.getpwuid(number).pw_name
        return grp.getgrgid(number).gr_name
    except KeyError:
        return None
