# SPDX-License-Identifier: Apache-2.0
"""Hosts whose clocks are wrong, and are set while their programs run."""

import os
from pathlib import Path
import shutil
import struct
import subprocess

_SOURCE = Path(__file__).with_name('clock.c')


def library(root, source=_SOURCE):
    """What is preloaded into programs; None if there is no compiler of C."""
    compiler = shutil.which('cc') or shutil.which('gcc')
    if compiler is None:
        return None
    path = root / f'{source.stem}.so'
    made = subprocess.run([compiler, '-O1', '-shared', '-fPIC', '-o', path,
                           source])
    return path if made.returncode == 0 else None


class HostClock:
    """The clock of a host, for all programs with its `environ`.

    Without a library the clock is right, whatever it is set to.
    """

    def __init__(self, root, library):
        self._path = root / 'clock'
        self._library = library
        self.set(0)

    def set(self, seconds):
        """Have it be wrong by so many seconds, from now on."""
        # in place: programs have the file in their memory
        file = os.open(self._path, os.O_CREAT | os.O_WRONLY, 0o600)
        os.pwrite(file, struct.pack('=q', round(seconds * 1e9)), 0)
        os.close(file)

    @property
    def environ(self):
        if self._library is None:
            return {}
        return {'LD_PRELOAD': str(self._library),
                'KARBOR_TEST_CLOCK': str(self._path)}
