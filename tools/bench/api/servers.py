# SPDX-License-Identifier: Apache-2.0
"""An API to be measured: a database, a bus, and a server."""

import contextlib
import os
from pathlib import Path
import subprocess
import sys

import requests

from karbor.tests import ports
from karbor.tests.functional import daemons

PROVIDER = daemons.PROVIDER
THREADS = 16
SERVERS = ('cheroot', 'uwsgi')
DATABASES = ('sqlite', 'postgresql', 'mariadb')


def _configure(root, port, bus, database):
    (root / 'providers.d').mkdir()
    config = root / 'karbor.conf'
    config.write_text(f"""\
[DEFAULT]
state_path = {root}
auth_strategy = noauth
transport_url = {bus}
[api]
port = {port}
threads = {THREADS}
[database]
connection = {database}
[protection]
provider_config_dir = {root}/providers.d
[quota]
plans = 1000000
[oslo_concurrency]
lock_path = {root}/locks
""")
    (root / 'providers.d/noop.conf').write_text(f"""\
[provider]
name = noop
id = {PROVIDER}
bank = karbor-fs-bank-plugin
plugin = karbor-noop-protection-plugin
[file_system_bank_plugin]
file_system_bank_path = {root}/bank
""")
    return config


class Api:
    """A server that runs.

    :ivar database: its URL
    """

    def __init__(self, kind, port, config, database, log):
        self.port = port
        self.database = database
        name = 'karbor-api' if kind == 'cheroot' else 'uwsgi'
        program = str(Path(sys.executable).with_name(name))
        command = [program, '--config-file', str(config)]
        if kind == 'uwsgi':
            command = [
                program, '--http11-socket', f'127.0.0.1:{port}', '--master',
                # a thread of it belongs to a client as long as that is
                # connected, so there are more than ever come
                '--lazy-apps', '--threads', '40', '--need-app',
                '--disable-logging', '--die-on-term', '--buffer-size', '16384',
                '--module', 'karbor.wsgi.api:application']
        with log.open('ab') as output:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output,
                stderr=output, start_new_session=True,
                env={**os.environ, 'OS_KARBOR_CONFIG_FILE': str(config)})

    def answers(self):
        if self.process.poll() is not None:
            raise SystemExit('the server has ended')
        with contextlib.suppress(requests.ConnectionError):
            return requests.get(f'http://127.0.0.1:{self.port}/healthcheck',
                                timeout=60).ok
        return False

    def knows_the_provider(self):
        """Its question about providers is answered, and remembered."""
        return requests.get(
            f'http://127.0.0.1:{self.port}/v1/bench/providers', timeout=60,
            headers={'X-Auth-Token': 'bench:bench'}).ok

    def cpu(self):
        """CPU seconds of all processes of the server."""
        ticks = 0
        for path in Path('/proc').glob('[0-9]*/stat'):
            # processes come and go
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                fields = path.read_text().rpartition(')')[2].split()
                if int(fields[3]) == self.process.pid:
                    ticks += sum(map(int, fields[11:15]))
        return ticks / os.sysconf('SC_CLK_TCK')

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@contextlib.contextmanager
def running(kind, database, root):
    """An API of a kind of server on a new database of a kind."""
    root.mkdir()
    log = root / 'log'
    with contextlib.ExitStack() as stack:
        bus = stack.enter_context(daemons.rabbit())
        url = stack.enter_context(daemons.database(database))
        url = url or f'sqlite:///{root}/karbor.sqlite'
        port = ports.free()
        config = _configure(root, port, bus, url)
        subprocess.run(
            [str(Path(sys.executable).with_name('karbor-manage')),
             '--config-file', str(config), 'db', 'sync'],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        protection = daemons.Process('karbor-protection', config, log)
        stack.callback(protection.stop)
        api = Api(kind, port, config, url, log)
        stack.callback(api.stop)
        try:
            daemons.until(api.answers, what='a healthy API')
            daemons.until(api.knows_the_provider, what='an answer')
        except BaseException:
            print(log.read_text(errors='replace')[-3000:], file=sys.stderr)
            raise
        yield api
