# SPDX-License-Identifier: Apache-2.0
"""Where the cloud is: folders, ports, files of configuration, commands."""

from collections.abc import Callable, Mapping
import os
from pathlib import Path
import re
import shutil
import socket
import subprocess
import sys

HERE = Path(__file__).resolve().parent
_CACHE = os.environ.get('XDG_CACHE_HOME') or '~/.cache'
HOME = Path(os.environ.get('KARBOR_CLOUD_HOME')
            or f'{_CACHE}/karbor-cloud').expanduser().resolve()
VENV = HOME / 'venv'
BIN = VENV / 'bin'
SHIMS = HOME / 'shims'
NAME = os.environ.get('KARBOR_CLOUD_NAME') or 'default'
if not re.fullmatch(r'[\w-]+', NAME):
    # it is a folder, which is deleted in the end
    sys.exit(f'KARBOR_CLOUD_NAME is a word, not {NAME!r}')
OWN = HOME / 'clouds' / NAME
# all that a cloud keeps, and a copy of it to go back to
STATE = OWN / 'state'
SAVED = OWN / 'saved'
ETC = STATE / 'etc'
DATA = STATE / 'data'
LOG = STATE / 'log'
DONE = STATE / 'done'
# beside the state, which may be thrown away or be an old copy
RUN = OWN / 'run'

HOST = '127.0.0.1'
# Below the ports that the system hands out, and none of them is usual.
OFFSET = int(os.environ.get('KARBOR_CLOUD_PORTS') or 11000)
PASSWORD = 'karbor-cloud'  # noqa: S105 - of a cloud on loopback
REGION = 'RegionOne'


class Failed(Exception):
    """The cloud cannot do it; the text says why."""


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def port(number: int) -> int:
    """The port here of a service that others know at this one."""
    return number + OFFSET


def url(number: int, path: str = '') -> str:
    return f'http://{HOST}:{port(number)}{path}'


def answers(number: int) -> bool:
    """Does anything listen on a port of this machine?"""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((HOST, number)) == 0


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Of all programs of the cloud: nothing of who started it."""
    own = {key: value for key, value in os.environ.items()
           if not key.startswith(('OS_', 'PYTHON'))}
    path = os.pathsep.join([str(SHIMS), str(BIN), own.get('PATH', ''),
                            '/usr/sbin', '/sbin', '/usr/bin', '/bin'])
    direct = ','.join(filter(None, [own.get('no_proxy'), HOST, 'localhost']))
    return {**own, 'PATH': path, 'no_proxy': direct, 'LC_ALL': 'C.UTF-8',
            'PYTHONPATH': str(HERE / 'drivers'),
            # what is installed is compiled; nothing is left in the checkout
            'PYTHONDONTWRITEBYTECODE': '1', **(extra or {})}


def write(path: Path, text: str, mode: int | None = None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text() != text:
        path.write_text(text)
    if mode is not None:
        path.chmod(mode)


def ini(sections: Mapping[str, Mapping[str, object]]) -> str:
    """A file of configuration as text."""
    lines: list[str] = []
    for name, options in sections.items():
        lines += [f'[{name}]',
                  *(f'{key} = {value}' for key, value in options.items()), '']
    return '\n'.join(lines)


def call(name: str, arguments: list[object],
         env: Mapping[str, str] | None = None,
         stdin: str | None = None) -> None:
    """Run a command to its end; what it says goes to a log of this name.

    :raises Failed: it did not end well
    """
    LOG.mkdir(parents=True, exist_ok=True)
    log = LOG / f'{name}.log'
    words = [str(argument) for argument in arguments]
    with log.open('ab') as output:
        output.write(f'\n$ {" ".join(words)}\n'.encode())
        output.flush()
        try:
            done = subprocess.run(
                words, stdout=output, stderr=output, text=True,
                input=stdin or '', env=environment(env), cwd=STATE,
                check=False)
        except OSError as error:
            raise Failed(f'{words[0]}: {error}') from error
    if done.returncode:
        tail = log.read_text(errors='replace').splitlines()[-15:]
        raise Failed('\n'.join([f'failed: {" ".join(words)}', *tail,
                                f'(all of it is in {log})']))


def once(mark: str, action: Callable[[], None]) -> None:
    """Do a step of the set-up that is done already in a state that has it."""
    path = DONE / mark
    if not path.exists():
        action()
        write(path, '')


def remove(path: Path) -> None:
    if path.exists():
        shutil.rmtree(path)
