# SPDX-License-Identifier: Apache-2.0
"""Daemons that are known by their process ids, and how one is ready."""

from collections.abc import Callable, Iterable, Mapping
import contextlib
import os
from pathlib import Path
import signal
import subprocess
import time
import urllib.error
import urllib.request

from place import answers
from place import BIN
from place import environment
from place import Failed
from place import HERE
from place import LOG
from place import port
from place import RUN
from place import STATE
from place import url

Check = Callable[[], bool]


def _began(pid: int) -> str | None:
    """When a process began, in ticks since boot; None if it is gone."""
    try:
        stat = Path(f'/proc/{pid}/stat').read_text()
    except OSError:
        return None
    fields = stat.rpartition(')')[2].split()
    return None if fields[0] in 'ZX' else fields[19]


def running(file: Path) -> int | None:
    """The id in a file of ours, if it is still that very process."""
    try:
        pid, began = file.read_text().split()
    except (OSError, ValueError):
        return None
    return int(pid) if _began(int(pid)) == began else None


def memory(pid: int) -> float:
    """MiB of a process and its group, with their part of what is shared."""
    total = 0
    for path in Path('/proc').glob('[0-9]*'):
        # processes come and go
        with contextlib.suppress(OSError):
            if os.getpgid(int(path.name)) != pid:
                continue
            for line in (path / 'smaps_rollup').read_text().splitlines():
                if line.startswith('Pss:'):
                    total += int(line.split()[1])
    return total / 1024


class Process:
    """A daemon in a session of its own.

    :param number: a port that it has to itself, where it has one
    :param check: says whether it is ready; by default, that its port answers
    :param patience: seconds until it has to be
    """

    def __init__(self, name: str, arguments: Iterable[object],
                 env: Mapping[str, str] | None = None, *,
                 number: int | None = None, check: Check | None = None,
                 patience: int = 180) -> None:
        self.name = name
        self.arguments = [str(argument) for argument in arguments]
        self.env = env
        self.number = number
        self.check = check or (lambda: number is None or answers(number))
        self.patience = patience
        self.file = RUN / f'{name}.pid'

    def start(self) -> None:
        """Start it, if it does not run.

        :raises Failed: it cannot be run, or its port is somebody else's
        """
        if running(self.file):
            return
        if self.number and answers(self.number):
            raise Failed(f'{self.name}: something else listens on port '
                         f'{self.number}; KARBOR_CLOUD_PORTS moves all ports')
        for folder in (RUN, LOG):
            folder.mkdir(parents=True, exist_ok=True)
        with (LOG / f'{self.name}.log').open('ab') as output:
            try:
                child = subprocess.Popen(
                    self.arguments, stdin=subprocess.DEVNULL, stdout=output,
                    stderr=output, env=environment(self.env), cwd=STATE,
                    start_new_session=True)
            except OSError as error:
                raise Failed(f'{self.arguments[0]}: {error}') from error
        self.file.write_text(f'{child.pid} {_began(child.pid)}\n')

    def wait(self) -> None:
        """Wait until it is ready.

        :raises Failed: it ended, or was not ready in time
        """
        end = time.monotonic() + self.patience
        while not self.check():
            if not running(self.file):
                raise Failed(f'{self.name} has ended; see '
                             f'{LOG}/{self.name}.log')
            if time.monotonic() > end:
                raise Failed(f'{self.name} is not ready in {self.patience} '
                             f's; see {LOG}/{self.name}.log')
            time.sleep(0.2)


def stop(files: list[Path], patience: int = 20) -> None:
    """End the processes of these files, with all that they started."""
    pids = {file: pid for file in files if (pid := running(file))}
    for pid in pids.values():
        # it may have ended just now
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    end = time.monotonic() + patience
    while any(map(running, pids)) and time.monotonic() < end:
        time.sleep(0.1)
    for pid in pids.values():
        # its number is given to nobody as long as one of the group is there
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
    for file in files:
        file.unlink(missing_ok=True)


def http(number: int, path: str = '/') -> Check:
    """A check: does something answer HTTP there?"""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def check() -> bool:
        try:
            opener.open(url(number, path), timeout=20).close()
        except urllib.error.HTTPError as error:
            return error.code < 500
        except OSError:
            return False
        return True
    return check


def api(name: str, number: int, module: str, *arguments: object,
        env: Mapping[str, str] | None = None, path: str = '/') -> Process:
    """An API that a package ships as a WSGI module; see serve.py."""
    return Process(
        name, [BIN / 'python', HERE / 'serve.py', name, port(number), module,
               *arguments],
        env, number=port(number), check=http(number, path))
