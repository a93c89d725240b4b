# SPDX-License-Identifier: Apache-2.0
"""Disks that are full, without a file system of their own."""

from pathlib import Path

from karbor.tests.functional import clocks

_SOURCE = Path(__file__).with_name('disk.c')


def library(root):
    """What is preloaded into programs; None if there is no compiler of C."""
    return clocks.library(root, _SOURCE)


class Disk:
    """What is beneath a path, for all programs with its `environ`.

    Without a library it is never full.

    :param name: of the file that says whether it is
    """

    def __init__(self, root, name, path, library):
        self._file = root / name
        self._path = path
        self._library = library
        self._file.write_bytes(b'\0')

    def fill(self):
        self._set(b'\1')

    def clear(self):
        self._set(b'\0')

    def _set(self, state):
        # in place: programs have the file in their memory
        with self._file.open('r+b', buffering=0) as file:
            file.write(state)

    @property
    def environ(self):
        if self._library is None:
            return {}
        return {'LD_PRELOAD': str(self._library),
                'KARBOR_TEST_DISK': str(self._file),
                'KARBOR_TEST_DISK_PATH': str(self._path)}
