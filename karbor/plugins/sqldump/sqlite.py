# SPDX-License-Identifier: Apache-2.0
"""SQLite: its online backup, out of and into a database in use."""

from collections.abc import Callable, Iterator
import contextlib
import glob
import os
import shutil
import sqlite3
import tempfile
import time
from typing import Any, TypeVar
from urllib import parse

from karbor import plugin
from karbor.plugins.sqldump import registry

CHUNK = 1 << 20

T = TypeVar('T')

# Pages copied between two looks at whether to stop.
_PAGES = 1024
# Others may write between two portions, which begins the copy anew; after so
# many beginnings it holds them off.
_RESTARTS = 3
# Seconds of one try to get a lock.
_TRY = 0.5
# Steps of SQLite's machine between two looks at whether to stop.
_STEPS = 100_000
_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_NO_DATABASE = (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT)


class _Restarted(Exception):
    """The copy began anew too often."""


def protect(step: plugin.Step, database: registry.Database,
            limits: registry.Limits) -> dict[str, Any]:
    """Stream a copy of the file; returns what to save of it.

    :raises PluginError: it cannot be copied, or the copy is damaged
    """
    _sweep(step, limits.work_dir)
    with _named(database), _temporary(step, limits.work_dir) as copy:
        with _open(database.path, 'mode=rw') as source:
            stat = os.stat(database.path)
            wal = _patiently(step, limits, lambda: _is_wal(source))
            _copy_steadily(step, limits, source, copy, wal)
        _check(step, copy, 'The database is damaged')
        size = os.path.getsize(copy)
        step.progress(0.5, bytes_total=size)
        with open(copy, 'rb') as content, step.data.writer() as writer:
            done = 0
            while data := content.read(CHUNK):
                writer.write(data)
                done += len(data)
                step.progress(0.5 + done / size / 2)
    return {'bytes': size, 'server_version': sqlite3.sqlite_version,
            'mode': stat.st_mode & 0o7777, 'uid': stat.st_uid,
            'gid': stat.st_gid, 'wal': wal}


def restore(step: plugin.Step, target: registry.Database,
            limits: registry.Limits) -> None:
    """Make the database what it was, while it may be in use.

    A database that is there gets the content in one transaction of its own;
    one that is missing or no database any more is put in its place as a file.

    :raises PluginError: the database is as it was before
    """
    path = os.path.realpath(target.path)
    folder = os.path.dirname(path)
    if not os.path.isdir(folder):
        raise plugin.PluginError(
            reason=f'The directory of database {target.name} does not exist.')
    _sweep(step, limits.work_dir)
    _sweep(step, folder)
    missing = not os.path.exists(path)
    ours = missing or _is_ours(step, path)
    if not ours:
        step.overwrites('database', target.name)
    step.will_make('temporary files', target.name)
    with _named(target), _temporary(
            step, folder if missing else limits.work_dir) as copy:
        with open(copy, 'wb') as content, step.data.reader() as reader:
            done = 0
            while data := reader.read(CHUNK):
                content.write(data)
                done += len(data)
                step.progress(done / max(reader.size, 1) / 2)
        _check(step, copy, 'The saved database is damaged')
        if missing or not _load(step, limits, copy, path):
            _place(step, copy, path, target.name if ours else None)
    step.progress(1.0)


def undo(step: plugin.Step, target: registry.Database,
         limits: registry.Limits) -> None:
    """Remove the file that a restore has put where none was."""
    path = os.path.realpath(target.path)
    folder = os.path.dirname(path)
    with _named(target):
        for place in (limits.work_dir, folder):
            _sweep(step, place)
        if _is_ours(step, path):
            # the file last: by it this is known
            _remove_logs(path)
            os.unlink(path)
            _sync(folder)


def _is_ours(step: plugin.Step, path: str) -> bool:
    """Whether a file is the one that the restore has put there."""
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return False
    return any(record.details == _identity(found) for record in step.made())


def _identity(found: os.stat_result) -> dict[str, int]:
    return {'inode': found.st_ino, 'device': found.st_dev}


def _remove_logs(path: str) -> None:
    for log in _logs(path):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(log)


def _logs(path: str) -> list[str]:
    return [path + suffix for suffix in ('-wal', '-shm', '-journal')]


def _sync(folder: str) -> None:
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _copy_steadily(step: plugin.Step, limits: registry.Limits,
                   source: sqlite3.Connection, copy: str,
                   wal: bool) -> None:
    """Copy one state of the source, whoever writes meanwhile."""
    if not wal:
        try:
            with _fresh(copy) as target:
                _copy(step, limits, source, target, _RESTARTS, 0.5)
        except _Restarted:
            step.note('Others wrote so often that they had to wait for the '
                      'copy.')
        else:
            return
    # With a write-ahead log this reader holds nobody off.
    source.execute('BEGIN')
    _patiently(step, limits, lambda: source.execute(
        'SELECT count(*) FROM sqlite_master').fetchone())
    with _fresh(copy) as target:
        _copy(step, limits, source, target, None, 0.5)
    source.execute('ROLLBACK')


@contextlib.contextmanager
def _fresh(copy: str) -> Iterator[sqlite3.Connection]:
    """An empty file to copy into.

    Without a journal, for it is thrown away if anything goes wrong; so what
    a copy that was broken off leaves there is no database any more.
    """
    os.truncate(copy, 0)
    with _open(copy, 'mode=rw') as target:
        target.execute('PRAGMA journal_mode = OFF')
        target.execute('PRAGMA synchronous = OFF')
        yield target


def _copy(step: plugin.Step, limits: registry.Limits,
          source: sqlite3.Connection, target: sqlite3.Connection,
          restarts: int | None, share: float, begin: float = 0) -> None:
    """Run SQLite's backup.

    :param restarts: how many beginnings are too many
    :param share: fraction of the progress that it is; ``begin`` is before
    """
    least: int | None = None
    count = 0
    end = time.monotonic() + limits.busy_timeout

    def look(status: int, remaining: int, total: int) -> None:
        nonlocal least, count, end
        step.check()
        if status in _BUSY:
            if time.monotonic() > end:
                raise _locked(limits)
            return
        end = time.monotonic() + limits.busy_timeout
        if least is not None and remaining >= least:
            count += 1
            if restarts is not None and count >= restarts:
                raise _Restarted()
        least = remaining
        step.progress(begin + share * (1 - remaining / max(total, 1)))

    source.backup(target, pages=_PAGES, progress=look, sleep=0.1)


def _load(step: plugin.Step, limits: registry.Limits, copy: str,
          path: str) -> bool:
    """Copy into a database in use; False if there is none in the file."""
    try:
        with _open(copy, 'mode=ro&immutable=1') as source, \
                _open(path, 'mode=rw') as target:
            wal = _patiently(step, limits, lambda: _is_wal(target))
            sizes = [c.execute('PRAGMA page_size').fetchone()
                     for c in (source, target)]
            if wal and sizes[0] != sizes[1]:
                # SQLite cannot change the page size of a write-ahead log.
                _patiently(step, limits, lambda: _journal(target, 'delete'))
            _copy(step, limits, source, target, None, 0.5, 0.5)
            if wal:
                _patiently(step, limits, lambda: _journal(target, 'wal'))
    except sqlite3.Error as error:
        if _code(error) not in _NO_DATABASE:
            raise
        return False
    return True


def _place(step: plugin.Step, copy: str, path: str,
           made: str | None) -> None:
    """Put the file where the database was, with its mode and owner.

    :param made: the name of the database, if there was none
    """
    info = step.data.load()
    folder = os.path.dirname(path)
    with _temporary(step, folder) as beside:
        if os.path.dirname(copy) == folder:
            os.replace(copy, beside)
        else:
            shutil.copyfile(copy, beside)
        with open(beside, 'rb') as content:
            # A user other than root may own files only himself.
            with contextlib.suppress(PermissionError):
                os.fchown(content.fileno(), info['uid'], info['gid'])
            os.fchmod(content.fileno(), info['mode'])
            os.fsync(content.fileno())
        if made is not None:
            # it stays the same file under its final name
            step.will_make('database', made, **_identity(os.stat(beside)))
            if any(map(os.path.exists, _logs(path))):
                step.overwrites('log of a lost database', made)
        # The log of a lost database would be played into the new one.
        _remove_logs(path)
        os.replace(beside, path)
        _sync(folder)


def _check(step: plugin.Step, path: str, what: str) -> None:
    try:
        with _open(path, 'mode=ro&immutable=1') as found:
            found.set_progress_handler(lambda: step.cancelled, _STEPS)
            answer = _ask_health(found, 'integrity_check')
    except sqlite3.Error as error:
        step.check()
        raise plugin.PluginError(reason=f'{what}: {error}.') from error
    if answer != ('ok',):
        raise plugin.PluginError(reason=f'{what}: {answer[0]}.')


def _ask_health(found: sqlite3.Connection, pragma: str) -> tuple[str, ...]:
    try:
        answer: tuple[str, ...] = found.execute(
            f'PRAGMA {pragma}(1)').fetchone()
    except sqlite3.OperationalError as error:
        text, _, collation = str(error).partition(': ')
        if text != 'no such collation sequence' or not collation:
            raise
        # Only the application knows the order of its indexes; the quick
        # check does not look at that, but wants the name to be known.
        found.create_collation(collation, lambda a, b: (a > b) - (a < b))
        return _ask_health(found, 'quick_check')
    return answer


def _is_wal(connection: sqlite3.Connection) -> bool:
    mode, = connection.execute('PRAGMA journal_mode').fetchone()
    # The first to ask opens the file; a lock of others shows only here.
    connection.execute('SELECT count(*) FROM sqlite_master').fetchone()
    return bool(mode == 'wal')


def _journal(connection: sqlite3.Connection, mode: str) -> None:
    connection.execute(f'PRAGMA journal_mode = {mode}')


def _patiently(step: plugin.Step, limits: registry.Limits,
               ask: Callable[[], T]) -> T:
    """Ask until nobody holds a lock; each question waits a little."""
    end = time.monotonic() + limits.busy_timeout
    while True:
        step.check()
        try:
            return ask()
        except sqlite3.OperationalError as error:
            if _code(error) not in _BUSY:
                raise
            if time.monotonic() > end:
                raise _locked(limits) from error


def _locked(limits: registry.Limits) -> plugin.PluginError:
    return plugin.PluginError(
        reason='The database was locked by another program for '
               f'{limits.busy_timeout:g} seconds.')


def _code(error: sqlite3.Error) -> int:
    """Primary code of an error, 0 if it has none."""
    return (getattr(error, 'sqlite_errorcode', 0) or 0) & 0xff


@contextlib.contextmanager
def _named(database: registry.Database) -> Iterator[None]:
    """What SQLite refuses, as a sentence that names the database."""
    try:
        yield
    except sqlite3.Error as error:
        raise plugin.PluginError(
            reason=f'SQLite refused database {database.name}: '
                   f'{error}.') from error
    except OSError as error:
        raise plugin.PluginError(
            reason=f'A file of database {database.name} cannot be used: '
                   f'{error.strerror}.') from error


@contextlib.contextmanager
def _open(path: str, how: str) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(f'file:{parse.quote(path)}?{how}', uri=True,
                                 timeout=_TRY, isolation_level=None)
    try:
        yield connection
    finally:
        connection.close()


@contextlib.contextmanager
def _temporary(step: plugin.Step, folder: str) -> Iterator[str]:
    """A file that only we may read; gone afterwards."""
    number, path = tempfile.mkstemp('.sqlite', _prefix(step), folder)
    os.close(number)
    try:
        yield path
    finally:
        for left in glob.glob(glob.escape(path) + '*'):
            os.unlink(left)


def _sweep(step: plugin.Step, folder: str) -> None:
    """Remove the files that a killed run of the same operation left."""
    for left in glob.glob(os.path.join(glob.escape(folder),
                                       _prefix(step) + '*')):
        os.unlink(left)


def _prefix(step: plugin.Step) -> str:
    return f'.karbor-{step.undoes or step.operation_id}-{step.resource.id}-'
