# SPDX-License-Identifier: Apache-2.0
"""Making a tree of an archive."""

from collections.abc import Callable, Sequence
import contextlib
from dataclasses import dataclass
import errno
import functools
import os
import stat

from karbor import plugin
from karbor.plugins.filetree import archive
from karbor.plugins.filetree import entry as entries
from karbor.plugins.filetree.archive import Damaged
from karbor.plugins.filetree.archive import Source
from karbor.plugins.filetree.entry import Entry
from karbor.plugins.filetree.names import Found
from karbor.plugins.filetree.names import shown
from karbor.plugins.filetree.patterns import Exclude
from karbor.plugins.filetree.place import Place
from karbor.plugins.filetree.place import Restored
from karbor.plugins.filetree.trail import descend
from karbor.plugins.filetree.trail import Trail

OVERWRITE, SKIP, FAIL = 'overwrite', 'skip', 'fail'

# After these, every further file would fail in the same way.
_FATAL = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO,
                    errno.EMFILE, errno.ENFILE, errno.ENOMEM))

# The mode of a directory until it is finished. Hardly anybody uses it, so a
# restore that is run again knows by it which directories it made itself.
_UNFINISHED = 0o1700


@dataclass
class _Level:
    """A directory on the way down, and what the archive has in it."""

    entry: Entry
    path: str
    dress: bool
    seen: set[str]


def unpack(source: Source, root: int, *, temporary: str, skip: bool,
           delete_extra: bool, dress_top: bool, keep: Exclude,
           check: Callable[[], None],
           removing: Callable[[Sequence[str]], None]) -> Restored:
    """Make the tree of an archive in a directory.

    Run again after a crash, it ends in the same tree. What cannot be made is
    noted in ``failed``, and the rest is made.

    :param root: descriptor of the directory that becomes the top
    :param temporary: see `Place`
    :param skip: leave alone what exists; else it is replaced. A directory
        that is not empty is replaced by something else only with
        ``delete_extra``.
    :param delete_extra: remove what the archive does not have, but nothing
        that was excluded when it was made, no sockets, nothing mounted
    :param dress_top: give the top its owner, mode and times too
    :param keep: patterns that hold beside those of the archive
    :param check: called for each entry and each block; may raise to stop
    :param removing: told of the paths that ``delete_extra`` is about to
        remove
    :raises Damaged: the archive is none
    :raises PluginError: the disk is full, or the like
    """
    header = source.header()
    try:
        keep = Exclude((*header['exclude'], *keep.patterns))
    except (KeyError, TypeError, ValueError, AttributeError):
        raise Damaged('its header has no patterns') from None
    with Trail(root) as trail:
        unpacker = _Unpacker(source, trail, root, temporary, keep, check,
                             removing, skip=skip, delete_extra=delete_extra)
        return unpacker.run(dress_top)


class _Unpacker:
    def __init__(self, source: Source, trail: Trail, root: int,
                 temporary: str, keep: Exclude, check: Callable[[], None],
                 removing: Callable[[Sequence[str]], None], *,
                 skip: bool, delete_extra: bool) -> None:
        self._result = Restored()
        self._source = source
        self._trail = trail
        self._root = root
        self._check = check
        self._removing = removing
        self._skip = skip
        self._delete_extra = delete_extra
        self._place = Place(self._result, temporary, keep,
                            clear=delete_extra)
        self._levels: list[_Level] = []
        self._dropped = 0           # directories entered in name only
        self._entries = 1

    def run(self, dress_top: bool) -> Restored:
        self._top(dress_top)
        while self._levels:
            kind, payload = self._source.next()
            if kind == archive.ENTRY:
                self._check()
                self._entries += 1
                self._entry(entries.decode(payload))
            elif kind == archive.UP:
                self._up()
            elif kind == archive.NAME:
                self._named(payload)
            else:
                raise Damaged(f'a frame {kind!r} between entries')
        kind, payload = self._source.next()
        end = archive.parse(payload) if kind == archive.END else None
        if end != {'entries': self._entries}:
            raise Damaged(f'{self._entries} entries, and not those that it '
                          'says')
        self._source.finish()
        return self._result

    def _top(self, dress: bool) -> None:
        kind, payload = self._source.next()
        while kind == archive.NAME:
            self._named(payload)
            kind, payload = self._source.next()
        if kind != archive.ENTRY:
            raise Damaged('it has no top')
        entry = entries.decode(payload, is_top=True)
        self._levels.append(_Level(entry, '', dress, set()))
        self._attempt('', lambda: self._ready(self._root))
        self._result.directories += 1

    def _named(self, payload: memoryview) -> None:
        value = archive.parse(payload)
        if (not isinstance(value, list) or len(value) != 3
                or value[0] not in ('user', 'group')
                or type(value[1]) is not int
                or not isinstance(value[2], str) or '\0' in value[2]):
            raise Damaged('a name of no owner')
        self._place.owners.named(*value)

    def _entry(self, entry: Entry) -> None:
        if self._dropped:
            if entry.kind == entries.DIRECTORY:
                self._dropped += 1
            elif entry.kind == entries.FILE:
                self._content(None, '')
            return
        level = self._levels[-1]
        level.seen.add(entry.name)
        path = f'{level.path}/{entry.name}' if level.path else entry.name
        if entry.kind == entries.DIRECTORY:
            if not self._attempt(path, lambda: self._enter(entry, path)):
                self._dropped = 1
        elif entry.kind == entries.FILE:
            self._file(entry, path)
        else:
            self._attempt(path, lambda: self._other(entry, path))

    def _attempt(self, path: str, act: Callable[[], bool]) -> bool:
        """Do it; note it if it fails, unless all else would fail too."""
        try:
            return act()
        except OSError as error:
            self._failed(path, error)
            return False

    def _failed(self, path: str, error: OSError) -> None:
        if error.errno in _FATAL:
            raise plugin.PluginError(
                reason=f'{shown(path) or "the directory itself"} cannot be '
                       f'restored: {error.strerror}') from error
        self._result.failed.add(path, error.strerror or str(error))

    def _free(self, name: str, path: str) -> bool:
        """Whether something may be made under a name."""
        if not self._skip:
            return True
        try:
            os.stat(name, dir_fd=self._trail.fd, follow_symlinks=False)
        except FileNotFoundError:
            return True
        self._result.kept.add(path)
        return False

    # -- directories --------------------------------------------------------

    def _enter(self, entry: Entry, path: str) -> bool:
        parent, fresh = self._trail.fd, True
        try:
            os.mkdir(entry.name, _UNFINISHED, dir_fd=parent)
        except FileExistsError:
            found = os.stat(entry.name, dir_fd=parent, follow_symlinks=False)
            if not stat.S_ISDIR(found.st_mode):
                if not self._free(entry.name, path):
                    return False
                os.unlink(entry.name, dir_fd=parent)
                os.mkdir(entry.name, _UNFINISHED, dir_fd=parent)
            else:
                fresh = found.st_mode & 0o1777 == _UNFINISHED
        fd = self._trail.enter(entry.name)
        try:
            self._ready(fd)
        except OSError:
            self._trail.leave()
            raise
        self._levels.append(
            _Level(entry, path, fresh or not self._skip, set()))
        self._result.directories += 1
        return True

    def _ready(self, fd: int) -> bool:
        """See that a directory can be written, and has no remains."""
        mode = stat.S_IMODE(os.fstat(fd).st_mode)
        # Who may not change it may still be able to write: the files tell.
        with contextlib.suppress(PermissionError):
            if mode & 0o700 != 0o700:
                os.fchmod(fd, mode | 0o700)
            self._place.discard(fd)
        return True

    def _up(self) -> None:
        if self._dropped:
            self._dropped -= 1
            return
        level = self._levels.pop()
        self._attempt(level.path, lambda: self._finish(level))
        if self._levels:
            try:
                self._trail.leave()
            except OSError as error:
                raise plugin.PluginError(
                    reason=f'{shown(level.path)} was moved while it was '
                           f'restored: {error.strerror}') from error

    def _finish(self, level: _Level) -> bool:
        fd = self._trail.fd
        if self._delete_extra:
            extra = {}
            for name in sorted(set(os.listdir(fd)) - level.seen):
                path = f'{level.path}/{name}' if level.path else name
                if self._attempt(path, functools.partial(
                        self._place.may_go, fd, name, path)):
                    extra[name] = path
            if extra:
                self._removing(tuple(extra.values()))
            for name, path in extra.items():
                self._attempt(path, functools.partial(self._extra, name,
                                                      path))
        if level.dress:
            self._place.dress(fd, level.entry, level.path)
        return True

    def _extra(self, name: str, path: str) -> bool:
        self._check()
        if self._place.remove(self._trail.fd, name, path):
            self._result.removed.add(path)
        return True

    # -- files --------------------------------------------------------------

    def _file(self, entry: Entry, path: str) -> None:
        parent = self._trail.fd
        try:
            fd = (self._place.create(parent)
                  if self._free(entry.name, path) else None)
        except OSError as error:
            self._failed(path, error)
            fd = None
        if fd is None:
            self._content(None, path)
            return
        try:
            try:
                size = self._content(fd, path)
                self._place.dress(fd, entry, path)
                if self._skip:
                    # After a power failure, the rerun leaves alone what
                    # exists, so nothing may exist that is not whole.
                    os.fsync(fd)
            finally:
                os.close(fd)
            self._place.install(parent, entry.name, path)
        except OSError as error:
            self._place.discard(parent)
            self._failed(path, error)
        except BaseException:
            self._place.discard(parent)
            raise
        else:
            self._result.files += 1
            self._result.bytes += size

    def _content(self, fd: int | None, path: str) -> int:
        """Take the frames of a file; returns the bytes of its data.

        :param fd: where to write them, None to pass over them
        """
        data = size = 0
        ends_with_hole = False
        while True:
            kind, payload = self._source.next()
            if kind == archive.DATA:
                self._check()
                if fd is not None:
                    self._write(fd, payload, path)
                data += len(payload)
                size += len(payload)
                ends_with_hole = False
            elif kind == archive.ZEROS:
                length = archive.hole(payload)
                if fd is not None:
                    self._move(fd, length, path)
                size += length
                ends_with_hole = True
            elif kind == archive.FILE_END:
                if fd is not None and ends_with_hole:
                    os.ftruncate(fd, size)
                return data
            else:
                raise Damaged(f'a frame {kind!r} within a file')

    @staticmethod
    def _write(fd: int, data: memoryview, path: str) -> None:
        try:
            while data:
                data = data[os.write(fd, data):]
        except OSError as error:
            # the frames of the file are not all read, so nothing can go on
            raise plugin.PluginError(
                reason=f'{shown(path)} cannot be written: '
                       f'{error.strerror}') from error

    @staticmethod
    def _move(fd: int, length: int, path: str) -> None:
        try:
            os.lseek(fd, length, os.SEEK_CUR)
        except OSError as error:
            raise plugin.PluginError(
                reason=f'{shown(path)} cannot be written: '
                       f'{error.strerror}') from error

    # -- all else -----------------------------------------------------------

    def _other(self, entry: Entry, path: str) -> bool:
        if not self._free(entry.name, path):
            return False
        if entry.kind == entries.LINK:
            self._link(entry, path)
            self._result.hard_links += 1
            return True
        parent = self._trail.fd
        if entry.kind == entries.SYMLINK:
            self._place.make(
                parent, entry, path,
                lambda name: os.symlink(entry.target, name, dir_fd=parent))
            self._result.symlinks += 1
            return True
        try:
            self._place.make(
                parent, entry, path,
                lambda name: os.mknod(name, entry.node[0] | 0o600,
                                      entry.node[1], dir_fd=parent))
        except PermissionError:
            if entry.kind == entries.FIFO:
                raise
            self._result.nodes.add(path)
            return False
        self._result.special_files += 1
        return True

    def _link(self, entry: Entry, path: str) -> None:
        """Link to the file that stands now where its first name is."""
        *way, last = entry.target.split('/')
        parent, first = self._trail.fd, descend(self._root, way)
        try:
            found = os.stat(last, dir_fd=first, follow_symlinks=False)
            if not stat.S_ISREG(found.st_mode):
                raise OSError(errno.EINVAL, 'its first name is no file')
            with contextlib.suppress(FileNotFoundError):
                present = os.stat(entry.name, dir_fd=parent,
                                  follow_symlinks=False)
                if os.path.samestat(found, present):
                    # renaming one name of a file to another does nothing
                    return
            self._place.make(
                parent, entry, path,
                lambda name: os.link(last, name, src_dir_fd=first,
                                     dst_dir_fd=parent,
                                     follow_symlinks=False))
        finally:
            os.close(first)


def conflicts(source: Source, root: int,
              check: Callable[[], None]) -> Found:
    """What of an archive exists already, directories aside.

    :param root: descriptor of the directory that would become the top
    """
    result, dropped, names = Found(), 0, ['']
    source.header()
    is_top = True
    with Trail(root) as trail:
        while names:
            kind, payload = source.next()
            if kind == archive.UP:
                if dropped:
                    dropped -= 1
                elif len(names) == 1:
                    names.pop()
                else:
                    trail.leave()
                    names.pop()
            if kind != archive.ENTRY:
                continue
            check()
            entry = entries.decode(payload, is_top)
            is_directory = entry.kind == entries.DIRECTORY
            if is_top:
                is_top = False
            elif dropped:
                dropped += is_directory
            else:
                try:
                    found = os.stat(entry.name, dir_fd=trail.fd,
                                    follow_symlinks=False)
                except FileNotFoundError:
                    dropped = int(is_directory)
                    continue
                if is_directory and stat.S_ISDIR(found.st_mode):
                    trail.enter(entry.name)
                    names.append(entry.name)
                else:
                    result.add('/'.join((*names[1:], entry.name)))
                    dropped = int(is_directory)
    return result
