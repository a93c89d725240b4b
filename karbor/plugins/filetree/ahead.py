# SPDX-License-Identifier: Apache-2.0
"""Announcing what a restore is about to make, some hundred files at a time.

To record each file durably before it is made would cost more than to make it.
So an archive is read some way ahead, what of it exists is looked up, and all
of that is recorded at once, before the first entry of it is handed on.

Entries have numbers, and those that are announced are known by the number of
the last one: what exists when a restore is run again, was made by the run
before if it was announced then.
"""

from collections import deque
from collections.abc import Callable, Sequence
import os
import stat

from karbor import plugin
from karbor.plugins.filetree import archive
from karbor.plugins.filetree import entry as entries
from karbor.plugins.filetree.entry import Entry
from karbor.plugins.filetree.names import shown
from karbor.plugins.filetree.trail import Trail

DIRECTORY, FILE, SYMLINK, LINK, SPECIAL = (
    'directory', 'file', 'symbolic link', 'hard link', 'special file')
ATTRIBUTES = 'attributes of'
REMOVED = 'removed'
_KINDS = {entries.DIRECTORY: DIRECTORY, entries.FILE: FILE,
          entries.SYMLINK: SYMLINK, entries.LINK: LINK}

# None is the end of a directory
Steps = Sequence[Entry | None]


class Ahead(archive.Source):
    """Reads frames, and tells of entries before it gives them on."""

    ENTRIES = 256
    BYTES = 4 << 20
    # what a frame without a payload weighs
    FRAME = 64

    def __init__(self, stream: archive.Readable,
                 tell: Callable[[Steps], None]) -> None:
        super().__init__(stream)
        self._tell = tell
        self._frames: deque[tuple[bytes, memoryview]] = deque()
        self._has_header = self._has_top = False

    def next(self) -> tuple[bytes, memoryview]:
        if not self._has_header:
            # nothing is taken of an archive that is none
            self._has_header = True
            return super().next()
        if not self._frames:
            self._fill()
        return self._frames.popleft()

    def _fill(self) -> None:
        told: list[Entry | None] = []
        size = 0
        while size < self.BYTES and len(told) < self.ENTRIES:
            kind, payload = super().next()
            self._frames.append((kind, payload))
            size += len(payload) + self.FRAME
            if kind == archive.ENTRY:
                told.append(entries.decode(payload, not self._has_top))
                self._has_top = True
            elif kind == archive.UP:
                told.append(None)
            elif kind == archive.END:
                break
        self._tell(told)


class Announcer:
    """Says what the restore of a tree makes, and what it overwrites."""

    def __init__(self, step: plugin.Step, root: int, *, skip: bool,
                 dress_top: bool) -> None:
        """Announce nothing yet.

        :param root: descriptor of the directory that becomes the top
        :param skip: what exists is left alone
        :param dress_top: the top gets its owner, mode and times, too
        """
        self._step = step
        self._skip = skip
        self._trail = Trail(root)
        self._names: list[str] = []     # of all levels but the top
        self._outside = 0               # of them, those that are not entered
        # what becomes of entries there: made, overwritten or left alone
        self._made: bool | None = None
        self._count = self._known = 0
        self._dress_top = dress_top
        for record in step.records():
            if 'at' in record.details:
                self._known = record.details['at'] + 1
                break
            if 'path' in record.details:
                self._dress_top = False     # the restore has made the top

    def __call__(self, batch: Steps) -> None:
        records = []
        for entry in batch:
            if entry is None:
                self._up()
                continue
            number = self._count
            self._count += 1
            record = self._look(entry, number)
            if record is not None and number >= self._known:
                records.append(record)
        if records:
            self._step.announce(records)

    def removing(self, paths: Sequence[str]) -> None:
        """Say that what the archive does not have is about to go."""
        self._step.announce([plugin.Record(REMOVED, path, made=False)
                             for path in paths])

    def close(self) -> None:
        self._trail.close()

    def __enter__(self) -> 'Announcer':
        return self

    def __exit__(self, *ignored: object) -> None:
        self.close()

    def _up(self) -> None:
        if not self._names:
            return                      # of the top, or of a damaged archive
        self._names.pop()
        if self._outside:
            self._outside -= 1
            return
        try:
            self._trail.leave()
        except OSError as error:
            raise plugin.PluginError(
                reason=f'{shown("/".join(self._names)) or "The directory"} '
                       'was moved while it was restored: '
                       f'{error.strerror}') from error

    def _look(self, entry: Entry, number: int) -> plugin.Record | None:
        if not number:
            return self._said(ATTRIBUTES, '.', number, made=False,
                              ) if self._dress_top else None
        path = '/'.join((*self._names, entry.name))
        is_directory = entry.kind == entries.DIRECTORY
        if self._outside:
            if is_directory:
                self._go_outside(entry, self._made)
            return self._becomes(entry, path, number, self._made)
        try:
            found = os.stat(entry.name, dir_fd=self._trail.fd,
                            follow_symlinks=False)
        except FileNotFoundError:
            if is_directory:
                self._go_outside(entry, True)
            return self._becomes(entry, path, number, True)
        except OSError:
            # What cannot be looked at may be there. The restore itself will
            # not get far here, and tells why.
            if is_directory:
                self._go_outside(entry, False)
            return self._becomes(entry, path, number, False)
        if is_directory and stat.S_ISDIR(found.st_mode):
            return self._into(entry, path, number, found.st_mode)
        if self._skip:
            if is_directory:
                self._go_outside(entry, None)
            return None
        if is_directory:
            self._go_outside(entry, True)
        return self._said(_kind_of(found.st_mode), path, number, made=False)

    def _into(self, entry: Entry, path: str, number: int,
              mode: int) -> plugin.Record | None:
        """A directory that is there already."""
        try:
            self._trail.enter(entry.name)
        except OSError:
            self._go_outside(entry, False)
        else:
            self._names.append(entry.name)
        if self._skip and mode & 0o700 == 0o700:
            return None
        return self._said(ATTRIBUTES, path, number, made=False)

    def _go_outside(self, entry: Entry, made: bool | None) -> None:
        self._names.append(entry.name)
        self._outside += 1
        if self._outside == 1:
            self._made = made

    def _becomes(self, entry: Entry, path: str, number: int,
                 made: bool | None) -> plugin.Record | None:
        if made is None:
            return None
        # by its time an undo knows a file that was changed since
        more = ({'mtime': entry.mtime} if made
                and entry.kind == entries.FILE else {})
        return self._said(_KINDS.get(entry.kind, SPECIAL), path, number,
                          made=made, **more)

    @staticmethod
    def _said(kind: str, path: str, number: int, *, made: bool,
              **details: int) -> plugin.Record:
        return plugin.Record(kind, path, {'at': number, **details}, made)


def _kind_of(mode: int) -> str:
    if stat.S_ISDIR(mode):
        return DIRECTORY
    if stat.S_ISREG(mode):
        return FILE
    return SYMLINK if stat.S_ISLNK(mode) else SPECIAL
