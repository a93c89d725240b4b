# SPDX-License-Identifier: Apache-2.0
"""A client program of a database server, watched and never left behind."""

from collections.abc import Callable, Mapping, Sequence
import fcntl
import os
import select
import signal
import subprocess
import threading
import time
from types import MappingProxyType
from typing import IO

from karbor import plugin

CHUNK = 1 << 20

# How often a program that moves no byte is looked at, seconds: the longest
# that a cancelled operation waits for it.
_TICK = 0.25
# How long the last messages of a program that has ended may take, seconds.
_GRACE = 5.0
# What is told of a program's messages, bytes: the first ones name the cause.
_MESSAGES = 4096

_PACKAGES = MappingProxyType({
    'pg_dump': 'postgresql-client', 'pg_restore': 'postgresql-client',
    'psql': 'postgresql-client', 'mariadb': 'mariadb-client',
    'mariadb-dump': 'mariadb-client'})


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """What a program is given: nothing of the daemon's own secrets."""
    kept = {key: os.environ[key] for key in ('PATH', 'HOME')
            if key in os.environ}
    return kept | {'LC_ALL': 'C.UTF-8'} | dict(settings)


class Child:
    """A program in a process group of its own; use it in a ``with`` block.

    When the block ends and the program has not, its whole group is killed.
    Every method raises `PluginError` when nothing moved for too long.

    :param check: called often; what it raises ends the program
    :param argv: program and arguments, never a secret
    :param env: see `environment`
    :param stall: seconds without a byte moved
    :param secrets: texts that no message may show
    :param feed: whether it has an input
    :param stdout: where its output goes, if not to `read`
    :param fds: file descriptors that it inherits
    :raises PluginError: it cannot be started
    """

    def __init__(self, check: Callable[[], None], argv: Sequence[str], *,
                 env: Mapping[str, str], stall: float,
                 secrets: Sequence[str | None] = (), feed: bool = False,
                 stdout: int | None = None,
                 fds: Sequence[int] = ()) -> None:
        self.name = argv[0]
        self._check, self._stall = check, stall
        self._secrets = [secret for secret in secrets if secret]
        self._reaped = False
        self._moved = time.monotonic()
        try:
            self._process = subprocess.Popen(  # noqa: S603 - no shell
                list(argv), env=dict(env), start_new_session=True,
                stdin=subprocess.PIPE if feed else subprocess.DEVNULL,
                stdout=subprocess.PIPE if stdout is None else stdout,
                stderr=subprocess.PIPE, pass_fds=fds, bufsize=0)
        except FileNotFoundError:
            raise plugin.PluginError(
                reason=f'The program {self.name} was not found; install the '
                       f'Debian package {_PACKAGES[self.name]}.') from None
        except OSError as error:
            raise plugin.PluginError(
                reason=f'The program {self.name} cannot be started: '
                       f'{error.strerror}.') from None
        self._kept = bytearray()
        # So much more is kept that a secret is never cut before it is found.
        self._keep = _MESSAGES + max(
            (len(secret.encode()) for secret in self._secrets), default=0)
        self._threads = [self._drain(self._process.stderr, keep=True)]
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                _prepare(pipe)

    def discard_output(self) -> None:
        """Read the output in the background; it only shows life."""
        self._threads.append(self._drain(self._process.stdout, keep=False))

    def read(self) -> bytes:
        """Some bytes of the output, ``b''`` at its end."""
        fd = _number(self._process.stdout)
        self._await(fd, select.POLLIN)
        data = os.read(fd, CHUNK)
        self._moved = time.monotonic()
        return data

    def write(self, data: bytes) -> None:
        """Give all of it to the input.

        :raises PluginError: the program ended before it took it
        """
        fd = _number(self._process.stdin)
        # Nobody else holds this end now; see `input_for`.
        os.set_blocking(fd, False)
        view = memoryview(data)
        while view:
            self._await(fd, select.POLLOUT)
            try:
                view = view[os.write(fd, view):]
            except BlockingIOError:
                continue
            except BrokenPipeError:
                self.finish()
                raise plugin.PluginError(
                    reason=f'{self.name} ended before it had read '
                           'everything.') from None
            self._moved = time.monotonic()

    def input_for(self) -> int:
        """The input, to be the output of another program.

        It must block for that other program. Do not `write` while that runs:
        both would share the flag.
        """
        fd = _number(self._process.stdin)
        os.set_blocking(fd, True)
        return fd

    def finish(self) -> None:
        """Close the input and wait for a good end.

        :raises PluginError: it failed; the reason holds its messages
        """
        self._close_input()
        self._moved = time.monotonic()
        status = None
        while status is None:
            try:
                status = self._process.wait(_TICK)
            except subprocess.TimeoutExpired:
                self._look()
        self._settle()
        if status:
            raise plugin.PluginError(reason=self._reason(status))

    def failure(self) -> str | None:
        """Close the input; why it failed if that ends it soon, else None."""
        self._close_input()
        try:
            status = self._process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            return None
        self._settle()
        return self._reason(status) if status else None

    def __enter__(self) -> 'Child':
        return self

    def __exit__(self, *ignored: object) -> None:
        if not self._reaped:
            # Before it is waited for its group's number cannot be another's.
            _kill_group(self._process.pid)
            self._process.wait()
            self._settle()
        for pipe in (self._process.stdin, self._process.stdout,
                     self._process.stderr):
            if pipe is not None:
                pipe.close()

    def _close_input(self) -> None:
        if self._process.stdin is not None:
            self._process.stdin.close()

    def _settle(self) -> None:
        self._reaped = True
        for thread in self._threads:
            thread.join(_GRACE)

    def _await(self, fd: int, event: int) -> None:
        poller = select.poll()
        poller.register(fd, event)
        self._check()
        while not poller.poll(_TICK * 1000):
            self._look()

    def _look(self) -> None:
        self._check()
        if time.monotonic() - self._moved > self._stall:
            raise plugin.PluginError(
                reason=f'{self.name} moved no byte for {self._stall:g} '
                       f'seconds and was killed.{self._said()}')

    def _drain(self, pipe: IO[bytes] | None,
               keep: bool) -> threading.Thread:
        fd = _number(pipe)

        def run() -> None:
            while data := os.read(fd, 65536):
                self._moved = time.monotonic()
                if keep:
                    self._kept += data[:self._keep - len(self._kept)]

        thread = threading.Thread(target=run, daemon=True,
                                  name=f'karbor-{self.name}')
        thread.start()
        return thread

    def _reason(self, status: int) -> str:
        if status < 0:
            how = f'was killed by {signal.Signals(-status).name}'
        else:
            how = f'failed with exit status {status}'
        return f'{self.name} {how}.{self._said()}'

    def _said(self) -> str:
        text = bytes(self._kept).decode('utf-8', 'replace')
        for secret in self._secrets:
            text = text.replace(secret, '***')
        text = text[:_MESSAGES]
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        return f' It said: {"; ".join(lines)}' if lines else ''


def _number(pipe: IO[bytes] | None) -> int:
    if pipe is None:
        raise ValueError('the program has no such pipe')
    return pipe.fileno()


def _prepare(pipe: IO[bytes]) -> None:
    try:
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, CHUNK)
    except OSError:
        # Only speed: the kernel grants a user no more room for pipes.
        return


def _kill_group(number: int) -> None:
    try:
        os.killpg(number, signal.SIGKILL)
    except ProcessLookupError:
        return
