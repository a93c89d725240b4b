# SPDX-License-Identifier: Apache-2.0
"""A bank in a directory: local, or a share that all workers mount."""

from collections.abc import Generator, Iterator, Sequence
import contextlib
import datetime
import errno
import itertools
import os
import re
import secrets
import stat
import threading
import time
from typing import NamedTuple

from oslo_config import cfg

from karbor import plugin

# No key can have these names, so what is in there can be no object.
_TEMP = '#incoming'
_MARK = '#bank'
_TEMP_AGE = 3600.0
_TRIES = 1000
_KNOWN = 4096
_PART = re.compile(r'[A-Za-z0-9._:@=+~-]+')
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW_FILE = (os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
             | os.O_CLOEXEC)
_OLD_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_ABSENT = {errno.ENOENT, errno.ENOTDIR}
# What shares, tunnels and loose cables say, and a process that is short of
# something for a moment. A disk says EIO as well, see `FileSystemBank.get`.
_AWAY = {
    errno.EIO, errno.ESTALE, errno.ENOTCONN, errno.ETIMEDOUT, errno.ENODEV,
    errno.ENXIO, errno.EHOSTDOWN, errno.EHOSTUNREACH, errno.ENETDOWN,
    errno.ENETUNREACH, errno.ECONNREFUSED, errno.ECONNRESET,
    errno.ECONNABORTED, errno.EPIPE, errno.ESHUTDOWN, errno.EREMOTEIO,
    errno.ENOLINK, errno.EAGAIN, errno.EBUSY, errno.EINTR, errno.ENOLCK,
    errno.EMFILE, errno.ENFILE, errno.ENOMEM}
_FULL = {errno.ENOSPC, errno.EDQUOT}

_REASONS = {
    errno.ENOSPC: 'the disk is full',
    errno.EDQUOT: 'the disk quota is used up',
    errno.EACCES: 'permission denied',
    errno.EPERM: 'permission denied',
    errno.EROFS: 'the file system is read-only',
    errno.ELOOP: 'a symbolic link is in the way',
    errno.ENOTDIR: 'something else is where a directory is expected',
    errno.EISDIR: 'a directory is where a file is expected',
}


def _failed(key: str, error: OSError) -> plugin.BankError:
    number = error.errno or 0
    reason = _REASONS.get(number) or os.strerror(number)
    kind: type[plugin.BankError] = plugin.BankError
    if number in _AWAY:
        kind = plugin.BankUnavailable
    elif number in _FULL:
        kind = plugin.BankFull
    return kind(
        key=key, reason=f'{reason} ({errno.errorcode.get(number, number)})')


class _Seen(NamedTuple):
    """A bank that this process has used."""

    mark: str
    place: tuple[int, int]


# by path; a bank that was there and is not is away, also for an instance that
# is made meanwhile
_seen: dict[str, _Seen] = {}
_seen_lock = threading.Lock()


class _Entry(NamedTuple):
    """A name in a directory, as the text with which its keys begin."""

    text: str
    name: str
    folder: bool


class FileSystemBank(plugin.BankPlugin):
    """Keys are paths below a directory, which nothing else may write.

    Every step goes through open directories and follows no symbolic link, so
    that nothing outside the directory can be reached, whoever plants one. Any
    number of processes may use the directory at once.

    The first `put` leaves a mark in the directory. Where it is missing, the
    bank is not there, but most likely the empty directory on which it is
    mounted at other times.
    """

    option_group = 'file_system_bank_plugin'
    options = (
        cfg.StrOpt('file_system_bank_path',
                   help='Absolute path of the directory that holds the bank. '
                        'It is created if the directory above it exists. '
                        'Only Karbor may write there.'),
        cfg.BoolOpt('file_system_bank_create', default=True,
                    help='Whether a bank is made where there is none. Set it '
                         'to False when a bank that is mounted has been used '
                         'for the first time: a directory without it is then '
                         'never taken for an empty bank, but for one that is '
                         'not mounted, and operations wait for it.'),
    )

    def __init__(self, config: cfg.ConfigOpts) -> None:
        super().__init__(config)
        path = self.config.file_system_bank_path
        # in place of the path, which is none of a tenant's business
        self._where = where = f'[{self.option_group}] file_system_bank_path'
        if not path:
            raise plugin.ConfigError(file=where, reason='it is not set; '
                                     'expected an absolute path')
        if not os.path.isabs(path) or '\0' in path:
            raise plugin.ConfigError(
                file=where, reason=f'{path!r} is not an absolute path')
        self._path: str = path.rstrip('/') or '/'
        self._lock = threading.Lock()
        self._durable: dict[str, tuple[int, int]] = {}
        self._next_sweep = 0.0

    # -- the contract ---------------------------------------------------------

    def put(self, key: str, data: bytes) -> None:
        parts = _split(key)
        with self._errors(key), self._root(make=True) as root:
            self._sweep_now_and_then(root)
            for _try in range(_TRIES):
                try:
                    self._put(root, parts, data)
                    return
                except FileNotFoundError:
                    # another worker has removed a directory because it was
                    # empty, or our file because it was old
                    continue
        raise plugin.BankError(key=key, reason='its directory vanished '
                               f'{_TRIES} times while it was written')

    def get(self, key: str) -> bytes:
        parts = _split(key)
        with self._errors(key), self._root() as root:
            # EIO is what a sector says that cannot be read, and a server that
            # did not answer. The second one says it of everything.
            for last in (False, True):
                try:
                    return self._get(root, parts, key)
                except OSError as error:
                    if error.errno != errno.EIO:
                        raise
                    os.fstatvfs(root)
                    if last:
                        raise plugin.BankCorrupt(
                            key=key, reason=f'{os.strerror(errno.EIO)} (EIO)',
                        ) from error
        raise AssertionError

    def stat(self, key: str) -> plugin.Stat:
        with (self._errors(key), self._root() as root,
              self._open(root, _split(key), key) as fd):
            info = os.fstat(fd)
        return plugin.Stat(info.st_size, datetime.datetime.fromtimestamp(
            info.st_mtime, datetime.UTC))

    def list(self, prefix: str = '', after: str = '',
             limit: int | None = None) -> list[str]:
        # All keys with the prefix are in this directory or below it.
        base, slash, _rest = prefix.rpartition('/')
        parts = _split(base) if base else []
        with (self._errors(prefix), self._root() as root,
              contextlib.ExitStack() as stack):
            try:
                folder = stack.enter_context(self._walk(root, parts))
            except OSError as error:
                if error.errno in _ABSENT:
                    return []
                raise
            keys = stack.enter_context(contextlib.closing(
                _keys(folder, base + slash, prefix, after)))
            return list(itertools.islice(keys, limit))

    def delete(self, key: str) -> None:
        parts = _split(key)
        with self._errors(key), self._root() as root:
            try:
                with self._walk(root, parts[:-1]) as folder:
                    info = os.stat(parts[-1], dir_fd=folder,
                                   follow_symlinks=False)
                    if stat.S_ISDIR(info.st_mode):
                        return
                    os.unlink(parts[-1], dir_fd=folder)
                    _sync_folder(folder)
            except OSError as error:
                if error.errno not in _ABSENT:
                    raise
            # also if it was gone: the one who removed it may have crashed
            self._prune(root, parts[:-1])

    # -- directories ----------------------------------------------------------

    @contextlib.contextmanager
    def _errors(self, key: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise _failed(key, error) from error

    @contextlib.contextmanager
    def _root(self, *, make: bool = False) -> Iterator[int]:
        """The directory of the bank, open; made if it is missing.

        :param make: mark it as a bank if nobody has
        """
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
        with _seen_lock:
            seen = _seen.get(self._path)
        try:
            try:
                root = os.open(self._path, flags)
            except FileNotFoundError as error:
                if seen or not self.config.file_system_bank_create:
                    raise self._away('the directory is not there') from error
                self._make_root()
                root = os.open(self._path, flags)
        except FileNotFoundError as error:
            raise self._away('the directory does not exist, nor does the '
                             'one above it') from error
        except NotADirectoryError as error:
            raise plugin.BankError(key=self._where, reason='it is not a '
                                   'directory') from error
        except OSError as error:
            raise _failed(self._where, error) from error
        try:
            with self._errors(self._where):
                self._recognise(root, seen, make)
            yield root
        finally:
            os.close(root)

    def _away(self, reason: str) -> plugin.BankUnavailable:
        return plugin.BankUnavailable(key=self._where, reason=reason)

    def _recognise(self, root: int, seen: _Seen | None, make: bool) -> None:
        """Make sure that this is the bank, and not what it is mounted on."""
        info = os.fstat(root)
        place = (info.st_dev, info.st_ino)
        if seen is not None and seen.place == place:
            return
        mark = _read_mark(root)
        if mark is None:
            if seen or not self.config.file_system_bank_create:
                raise self._away(f'the directory holds no bank (no {_MARK}); '
                                 'is it mounted?')
            if not make:
                return          # nobody has put anything there yet
            mark = _make_mark(root)
        # an empty one is about to be written, or its author has crashed
        elif seen is not None and seen.mark and mark and seen.mark != mark:
            raise self._away('another bank is in its place')
        with _seen_lock:
            _seen[self._path] = _Seen(mark, place)

    def _make_root(self) -> None:
        with contextlib.suppress(FileExistsError):
            os.mkdir(self._path, 0o700)
        above = os.open(os.path.dirname(self._path) or '/',
                        os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            _sync_folder(above)
        finally:
            os.close(above)

    @contextlib.contextmanager
    def _walk(self, root: int, parts: Sequence[str], *,
              make: bool = False) -> Iterator[int]:
        """Open the directory of a path, one part after another."""
        here = os.dup(root)
        try:
            for number, part in enumerate(parts):
                if make:
                    with contextlib.suppress(FileExistsError):
                        os.mkdir(part, 0o700, dir_fd=here)
                below = os.open(part, _DIRECTORY, dir_fd=here)
                try:
                    if make:
                        self._make_durable('/'.join(parts[:number + 1]),
                                           below, here)
                finally:
                    os.close(here)
                    here = below
            yield here
        finally:
            os.close(here)

    def _make_durable(self, path: str, folder: int, above: int) -> None:
        # Whoever makes a directory may crash before it is on disk, so every
        # process sees to it when it first puts something there. An inode
        # that has been removed and used again for the same path would be
        # taken for the old one; paths with data have a token and never return.
        info = os.fstat(folder)
        mark = (info.st_dev, info.st_ino)
        with self._lock:
            if self._durable.get(path) == mark:
                return
        _sync_folder(above)
        with self._lock:
            if len(self._durable) >= _KNOWN:
                self._durable.clear()
            self._durable[path] = mark

    def _prune(self, root: int, parts: Sequence[str]) -> None:
        """Remove directories that are empty, from the innermost out.

        rmdir is the test: a directory into which another worker has just put
        something stays, and one who comes too late makes it again.
        """
        while parts:
            path = '/'.join(parts)
            with self._lock:
                self._durable.pop(path, None)
            try:
                with self._walk(root, parts[:-1]) as above:
                    os.rmdir(parts[-1], dir_fd=above)
                    _sync_folder(above)
            except OSError as error:
                if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
                    return
                if error.errno not in _ABSENT:
                    raise
            parts = parts[:-1]
        with contextlib.suppress(OSError):
            # of no use to anybody now; whoever needs it makes it again
            os.rmdir(_TEMP, dir_fd=root)

    # -- files ----------------------------------------------------------------

    @contextlib.contextmanager
    def _open(self, root: int, parts: Sequence[str],
              key: str) -> Iterator[int]:
        """An object, open."""
        try:
            with self._walk(root, parts[:-1]) as folder:
                fd = os.open(parts[-1], _OLD_FILE, dir_fd=folder)
        except OSError as error:
            if error.errno in _ABSENT:
                raise plugin.BankKeyNotFound(key=key) from error
            raise
        try:
            if not stat.S_ISREG(os.fstat(fd).st_mode):
                raise plugin.BankKeyNotFound(key=key)
            yield fd
        finally:
            os.close(fd)

    def _get(self, root: int, parts: Sequence[str], key: str) -> bytes:
        with (self._open(root, parts, key) as fd,
              open(fd, 'rb', closefd=False) as file):
            return file.read()

    def _put(self, root: int, parts: Sequence[str], data: bytes) -> None:
        with contextlib.suppress(FileExistsError):
            os.mkdir(_TEMP, 0o700, dir_fd=root)
        name = secrets.token_hex(16)
        temp = os.open(_TEMP, _DIRECTORY, dir_fd=root)
        try:
            fd = os.open(name, _NEW_FILE, 0o600, dir_fd=temp)
            try:
                try:
                    _write_all(fd, data)
                    os.fsync(fd)
                finally:
                    os.close(fd)
                with self._walk(root, parts[:-1], make=True) as folder:
                    os.rename(name, parts[-1], src_dir_fd=temp,
                              dst_dir_fd=folder)
                    _sync_folder(folder)
            except BaseException:
                with contextlib.suppress(OSError):
                    # the first error counts; the sweep finds what is left
                    os.unlink(name, dir_fd=temp)
                raise
        finally:
            os.close(temp)

    def _sweep_now_and_then(self, root: int) -> None:
        """Remove files of writers that have crashed, once in a while.

        A writer that was only slow finds its file gone and begins again.
        """
        now = time.time()
        with self._lock:
            if now < self._next_sweep:
                return
            self._next_sweep = now + _TEMP_AGE
        try:
            with self._walk(root, [_TEMP]) as temp:
                for name in os.listdir(temp):
                    with contextlib.suppress(FileNotFoundError):
                        info = os.stat(name, dir_fd=temp,
                                       follow_symlinks=False)
                        if info.st_mtime < now - _TEMP_AGE:
                            os.unlink(name, dir_fd=temp)
        except FileNotFoundError:
            return


def _split(key: str) -> list[str]:
    parts = key.split('/')
    for part in parts:
        if part in ('', '.', '..') or not _PART.fullmatch(part):
            raise plugin.BankError(key=repr(key), reason='it is not a key')
    return parts


def _read_mark(root: int) -> str | None:
    """What distinguishes a bank from others; None if it has no mark."""
    try:
        fd = os.open(_MARK, _OLD_FILE, dir_fd=root)
    except FileNotFoundError:
        return None
    try:
        return os.read(fd, 64).decode('ascii', 'replace')
    finally:
        os.close(fd)


def _make_mark(root: int) -> str:
    try:
        fd = os.open(_MARK, _NEW_FILE, 0o600, dir_fd=root)
    except FileExistsError:
        # somebody else was first
        return _read_mark(root) or ''
    mark = secrets.token_hex(16)
    try:
        _write_all(fd, mark.encode('ascii'))
        os.fsync(fd)
    finally:
        os.close(fd)
    _sync_folder(root)
    return mark


def _sync_folder(fd: int) -> None:
    try:
        os.fsync(fd)
    except OSError as error:
        # file systems that cannot sync a directory (some of FUSE) say so
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise


def _write_all(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view):]


def _keys(folder: int, base: str, prefix: str,
          after: str) -> Generator[str, None, None]:
    """Keys below an open directory, in the order of their bytes.

    A directory counts as its name and a slash: ``a-b`` comes before ``a/b``,
    though ``a`` comes before ``a-b``.
    """
    for entry in _entries(folder, base):
        text = entry.text
        if not entry.folder:
            if text.startswith(prefix) and text > after:
                yield text
            continue
        if not (text.startswith(prefix) or prefix.startswith(text)):
            continue
        if text <= after and not after.startswith(text):
            continue
        try:
            below = os.open(entry.name, _DIRECTORY, dir_fd=folder)
        except OSError as error:
            # removed meanwhile, and maybe something else put in its place
            if error.errno in _ABSENT | {errno.ELOOP}:
                continue
            raise
        try:
            yield from _keys(below, text, prefix, after)
        finally:
            os.close(below)


def _entries(folder: int, base: str) -> list[_Entry]:
    found: list[_Entry] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            name = entry.name
            if not _PART.fullmatch(name):
                continue
            if entry.is_dir(follow_symlinks=False):
                found.append(_Entry(f'{base}{name}/', name, True))
            elif entry.is_file(follow_symlinks=False):
                found.append(_Entry(f'{base}{name}', name, False))
    found.sort()
    return found
