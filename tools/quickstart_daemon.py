# SPDX-License-Identifier: Apache-2.0
"""A throwaway Karbor below the checkout: its configuration and its process."""

import os
from pathlib import Path
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

PROVIDER = 'b2e5f0a6-6a3c-4f0e-9d53-3f2c5a1d7e10'
FILESET = '0c6f6f0e-51a1-4a57-8b1b-5a3a2a1f0b11'
DATABASE = '4d7b1f9a-2c9e-4a43-9a39-7f0e6c5d4b12'
PROJECT = '7f3d1c2b5a6948e7b0a1c2d3e4f50617'
MARK = '.made-by-quickstart'


class Failed(Exception):
    """The quickstart cannot go on; the text says why."""


def fresh_directory(path):
    """Make the work directory anew; remove only what an earlier run made."""
    if path.exists():
        if not (path / MARK).exists():
            raise Failed(f'{path} exists and is not of the quickstart; move '
                         'it away')
        shutil.rmtree(path)
    path.mkdir(mode=0o700)
    (path / MARK).touch()


def free_port():
    with socket.socket() as one:
        one.bind(('127.0.0.1', 0))
        return one.getsockname()[1]


def write_configuration(work, port):
    """Four little files; see doc/source/admin for what else they can say."""
    (work / 'providers.d').mkdir()
    (work / 'state').mkdir()
    app = work / 'application'
    texts = {
        'karbor.conf': f"""\
[DEFAULT]
state_path = {work}/state
log_file = {work}/karbor.log
debug = False
auth_strategy = noauth
transport_url = local://

[api]
host = 127.0.0.1
port = {port}

[database]
connection = sqlite:///{work}/state/karbor.sqlite

[oslo_concurrency]
lock_path = {work}/state/locks

[protection]
provider_config_dir = {work}/providers.d
# more often than an operator would want it, so that a short job is seen moving
progress_interval = 0.1

[fileset]
registry = {work}/filesets.toml

[sqldatabase]
registry = {work}/sqldatabases.toml
""",
        'providers.d/quickstart.conf': f"""\
[provider]
name = quickstart
description = A directory of this machine as the bank
id = {PROVIDER}
bank = karbor-fs-bank-plugin
plugin = karbor-fileset-protection-plugin
plugin = karbor-sqldatabase-protection-plugin
enabled = True

[file_system_bank_plugin]
file_system_bank_path = {work}/bank
""",
        'filesets.toml': f"""\
[[fileset]]
id = "{FILESET}"
name = "files of the shop"
path = "{app}/files"
projects = ["*"]
""",
        'sqldatabases.toml': f"""\
[[database]]
id = "{DATABASE}"
name = "database of the shop"
url = "sqlite:///{app}/shop.sqlite"
projects = ["*"]
""",
    }
    for name, text in texts.items():
        (work / name).write_text(text)
    return work / 'karbor.conf'


class Standalone:
    """All of Karbor in one process, in a ``with`` block."""

    def __init__(self, config, port):
        self.config = config
        self.port = port
        self.output = config.parent / 'karbor-standalone.out'
        self.process = None

    def _run(self, program, *arguments):
        return [str(Path(sys.executable).with_name(program)),
                '--config-file', str(self.config), *arguments]

    def sync(self):
        done = subprocess.run(self._run('karbor-manage', 'db', 'sync'),
                              text=True, capture_output=True)
        if done.returncode:
            raise Failed(f'karbor-manage db sync: {done.stderr[-2000:]}')

    def __enter__(self):
        self.sync()
        with open(self.output, 'wb') as output:
            # a session of its own, so that whatever it starts can be found
            self.process = subprocess.Popen(
                self._run('karbor-standalone'), stdin=subprocess.DEVNULL,
                stdout=output, stderr=output, start_new_session=True)
        try:
            self._wait_until_healthy()
        except BaseException:
            self.stop()
            raise
        return self

    def _wait_until_healthy(self, seconds=60):
        url = f'http://127.0.0.1:{self.port}/healthcheck'
        end = time.monotonic() + seconds
        while True:
            if self.process.poll() is not None:
                raise Failed('karbor-standalone ended at once:\n'
                             + self.log_tail())
            try:
                with urllib.request.urlopen(url, timeout=5):  # noqa: S310 - loopback
                    return
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                if time.monotonic() > end:
                    raise Failed(f'{url} did not answer in {seconds} s:\n'
                                 + self.log_tail())
                time.sleep(0.1)

    def log_tail(self):
        texts = [path.read_text(errors='replace')[-3000:] for path in
                 (self.output, self.config.parent / 'karbor.log')
                 if path.exists()]
        return '\n'.join(texts)

    def __exit__(self, *ignored):
        self.stop()

    def stop(self):
        """End it and whatever it started; True if it went by itself."""
        if self.process is None:
            return True
        process, self.process = self.process, None
        process.terminate()
        try:
            process.wait(30)
            gentle = True
        except subprocess.TimeoutExpired:
            gentle = False
        try:
            # nobody is left in its session if it ended as it should
            os.killpg(process.pid, signal.SIGKILL)
            gentle = False
        except ProcessLookupError:
            pass
        process.wait()
        return gentle
