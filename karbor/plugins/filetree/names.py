# SPDX-License-Identifier: Apache-2.0
"""Names of files, which on Linux are bytes.

Inside Python they are text as `os.fsdecode` makes it. In an archive they are
UTF-8, with each byte that is not UTF-8 as one lone surrogate (U+DC80 to
U+DCFF), whatever the locale of the process is.
"""

from collections.abc import Iterable
from dataclasses import dataclass
import os
import sys

_NATIVE = sys.getfilesystemencoding() == 'utf-8'


def to_archive(name: str, native: bool = _NATIVE) -> str:
    """A name of this process as it stands in an archive."""
    if native:
        return name
    return os.fsencode(name).decode('utf-8', 'surrogateescape')


def from_archive(name: str, native: bool = _NATIVE) -> str:
    """The reverse of `to_archive`."""
    if native:
        return name
    return os.fsdecode(name.encode('utf-8', 'surrogateescape'))


def shown(name: str) -> str:
    """A name that a person can read and any database can store."""
    text = os.fsencode(name).decode('utf-8', 'backslashreplace')
    return ''.join(sign if sign.isprintable() else ascii(sign)[1:-1]
                   for sign in text)


def valid(name: object) -> bool:
    """Whether it is the name of one file in a directory, and no path."""
    if (not isinstance(name, str) or name in ('', '.', '..')
            or '/' in name or '\0' in name):
        return False
    try:
        return len(name.encode('utf-8', 'surrogateescape')) <= 255
    except UnicodeEncodeError:
        return False


class Found:
    """How many files something happened to, and the names of the first.

    Bounded, however many there are.
    """

    MOST = 5

    def __init__(self) -> None:
        self.count = 0
        self.first: list[str] = []

    def add(self, path: str, reason: str = '') -> None:
        self.count += 1
        if len(self.first) < self.MOST:
            name = shown(path) or '.'
            self.first.append(f'{name} ({reason})' if reason else name)

    def __bool__(self) -> bool:
        return self.count > 0

    def __str__(self) -> str:
        more = ', ...' if self.count > len(self.first) else ''
        return ', '.join(self.first) + more


@dataclass
class Counts:
    """How many of each kind.

    :ivar bytes: content of files, holes not counted
    """

    files: int = 0
    directories: int = 0
    symlinks: int = 0
    hard_links: int = 0
    special_files: int = 0
    bytes: int = 0

    @property
    def entries(self) -> int:
        return (self.files + self.directories + self.symlinks
                + self.hard_links + self.special_files)


def sentence(parts: Iterable[tuple[Found, str]]) -> str:
    """``3 vanished: a, b, c; 1 changed: d`` of what was found at all."""
    return '; '.join(f'{found.count} {what}: {found}'
                     for found, what in parts if found)
