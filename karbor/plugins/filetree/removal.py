# SPDX-License-Identifier: Apache-2.0
"""Removing what a restore has made, and nothing else."""

from collections.abc import Callable, Iterable
import contextlib
import errno
import os
import stat

from karbor import plugin
from karbor.plugins.filetree import ahead
from karbor.plugins.filetree.names import Found
from karbor.plugins.filetree.trail import descend

# Some file systems round times.
_ROUNDED = 2_000_000_000
_GONE = frozenset((errno.ENOENT, errno.ENOTDIR, errno.ELOOP))


def remove(root: int | None, records: Iterable[plugin.Record], *,
           temporary: str, check: Callable[[], None],
           left: Found) -> list[str]:
    """Remove what was announced, whether it was made or not.

    What is gone, or is something else by now, is passed over. A file that
    was changed since, and a directory that holds what others have put there,
    stay and are noted.

    :param root: descriptor of the top; None if that is gone
    :param records: the newest first
    :param temporary: the name under which the restore made everything first
    :param check: called for each record; may raise to stop
    :param left: gets what could not be removed
    :return: paths of directories that were made above the top, or for it, in
        the order in which to remove them
    """
    above: list[str] = []
    with contextlib.closing(_Directory(root, temporary)) as here:
        for record in records:
            check()
            if 'path' in record.details:
                above.append(record.details['path'])
                continue
            way, _slash, name = record.name.rpartition('/')
            try:
                parent = here.enter(way)
                if parent is not None and record.made:
                    reason = _remove(parent, name, record)
                    if reason:
                        left.add(record.name, reason)
            except OSError as error:
                left.add(record.name, error.strerror or str(error))
    return above


def _remove(parent: int, name: str, record: plugin.Record) -> str | None:
    """Remove one thing; why it stays, if it does."""
    try:
        found = os.stat(name, dir_fd=parent, follow_symlinks=False)
    except FileNotFoundError:
        return None
    is_directory = stat.S_ISDIR(found.st_mode)
    if is_directory != (record.kind == ahead.DIRECTORY) or (
            record.kind == ahead.FILE and not stat.S_ISREG(found.st_mode)):
        return None             # somebody else's
    if is_directory:
        return rmdir(name, parent)
    mtime = record.details.get('mtime')
    if mtime is not None and abs(found.st_mtime_ns - mtime) > _ROUNDED:
        return 'changed since'
    os.unlink(name, dir_fd=parent)
    return None


def rmdir(name: str, parent: int | None = None) -> str | None:
    """Remove a directory if it is empty; why it stays, if it does."""
    try:
        os.rmdir(name, dir_fd=parent)
    except OSError as error:
        if error.errno in _GONE:
            return None
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
            return 'not empty'
        raise
    return None


class _Directory:
    """The directory at hand, which may be written as long as it is."""

    def __init__(self, root: int | None, temporary: str) -> None:
        self._root = root
        self._temporary = temporary
        self._way: str | None = None
        self._fd: int | None = None
        self._mode: int | None = None

    def enter(self, way: str) -> int | None:
        """Go there; its descriptor, or None if there is none any more."""
        if way == self._way or self._root is None:
            return self._fd
        self.close()
        self._way = way
        try:
            self._fd = descend(self._root, [part for part in way.split('/')
                                            if part])
        except OSError as error:
            if error.errno in _GONE:
                return None
            self._way = None
            raise
        self._allow(self._fd)
        # half a file, of a restore that was killed
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._temporary, dir_fd=self._fd)
        return self._fd

    def _allow(self, fd: int) -> None:
        mode = stat.S_IMODE(os.fstat(fd).st_mode)
        if mode & 0o300 != 0o300:
            # whose it is not will hear so from what is tried next
            with contextlib.suppress(PermissionError):
                os.fchmod(fd, mode | 0o700)
                self._mode = mode

    def close(self) -> None:
        fd, self._fd, self._way = self._fd, None, None
        mode, self._mode = self._mode, None
        if fd is not None:
            try:
                if mode is not None:
                    os.fchmod(fd, mode)
            finally:
                os.close(fd)
