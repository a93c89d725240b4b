# SPDX-License-Identifier: Apache-2.0
"""Hosts with a daemon each, on which everything fails."""

import contextlib
import os
from pathlib import Path
import re
import signal
import subprocess
import sys

import sqlalchemy as sa

from karbor.tests.functional import daemons
from karbor.tests.functional import proxy

LEASE = 3


class Host:
    """A daemon on a host of its own: its wires, its process.

    Each fault is a method that is given a source of chance; it returns what
    ends the fault, or None, and after how many seconds that is to be called.

    :param parts: what else is its own; each has an ``environ``
    """

    def __init__(self, deployment, name, program, *parts):
        self.name = name
        self._deployment = deployment
        self._program = program
        self._parts = parts
        self._process = None
        self._log = deployment.root / f'{name}.log'
        self._database = proxy.Proxy(5432)
        self._bus = proxy.Proxy(5672)
        text = deployment.config.read_text()
        # the end of the URL is that of its line
        text = re.sub('(?m)127.0.0.1:5432(.*)$',
                      rf'127.0.0.1:{self._database.port}\1'
                      f'?application_name={self.name}', text)
        text = text.replace('127.0.0.1:5672', f'127.0.0.1:{self._bus.port}')
        text = text.replace('host = host-of-test', f'host = {self.name}')
        self._config = deployment.root / f'{name}.conf'
        self._config.write_text(text)

    @staticmethod
    def prepare(deployment):
        """Have the configuration name the port, which becomes another."""
        text = deployment.config.read_text()
        deployment.config.write_text(text.replace(
            '@127.0.0.1/', '@127.0.0.1:5432/'))

    def start(self):
        program = Path(sys.executable).with_name(self._program)
        environ = daemons.environ()
        for part in self._parts:
            for key, value in part.environ.items():
                # what is preloaded may be a list
                environ[key] = (f'{environ[key]}:{value}'
                                if key == 'LD_PRELOAD' and environ.get(key)
                                else value)
        with open(self._log, 'ab') as log:
            self._process = subprocess.Popen(
                [str(program), '--config-file', str(self._config)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True, env=environ)

    def _signal(self, number):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)

    def kill(self):
        self._signal(signal.SIGKILL)
        self._process.wait()

    def close(self):
        if self._process is not None:
            self.kill()
        self._database.stop()
        self._bus.stop()

    def freeze(self):
        self._signal(signal.SIGSTOP)

    def wake(self):
        self._signal(signal.SIGCONT)

    def said(self, words):
        """How often its log says something."""
        if not self._log.exists():
            return 0
        return self._log.read_text(errors='replace').count(words)

    # -- faults ---------------------------------------------------------------

    def killed(self, chance):
        self.kill()
        return self.start, chance.uniform(0, 2)

    def ended(self, chance):
        """In good order, as in an upgrade."""
        self._process.terminate()
        return self._ended, chance.uniform(0, 4)

    def _ended(self):
        try:
            self._process.wait(60)
        finally:
            self.kill()
        self.start()

    def frozen(self, chance):
        self.freeze()
        # longer than any lease
        return self.wake, chance.uniform(LEASE + 1, 2 * LEASE + 2)

    def napping(self, chance):
        self.freeze()
        return self.wake, chance.uniform(0.1, LEASE)

    def database_cut(self, chance):
        self._database.cut()
        return None, 0

    def database_ends_it(self, chance):
        self._deployment.rows(sa.text(
            'SELECT pg_terminate_backend(pid) FROM pg_stat_activity '
            'WHERE application_name = :name').bindparams(name=self.name))
        return None, 0

    def database_away(self, chance):
        self._database.close()
        return self._database.open, chance.uniform(1, 5)

    def bus_away(self, chance):
        self._bus.close()
        return self._bus.open, chance.uniform(1, 5)

    FAULTS = (killed, ended, frozen, napping, database_cut,
              database_ends_it, database_away, bus_away)
