# SPDX-License-Identifier: Apache-2.0
"""Real daemons as processes, for functional tests."""

import contextlib
import os
from pathlib import Path
import shutil
import signal
import subprocess
import sys
import time
import uuid

import amqp
from karborclient import client as karbor_client
from oslo_config import cfg
import oslo_messaging as messaging
import pytest
import requests
import sqlalchemy as sa

from karbor.db import models
from karbor.tests import ports

STRANGER = Path(__file__).with_name('stranger')
PROVIDER = '7b0c1f0e-4f70-4d0f-9a5e-0d1f6f3a1c11'
PROJECT = '1' * 32
OTHER = '2' * 32
FILESET = '3d9d0d36-6a0b-4f3c-a1a9-1b6d2c7a5e01'
DATABASE = '3d9d0d36-6a0b-4f3c-a1a9-1b6d2c7a5e02'
RABBIT = 'rabbit://guest:guest@127.0.0.1:5672/'
# of the secrets of webhooks
KEY = 'a key of tests that everybody knows'
QUICK = 120         # seconds until a test gives a daemon up


def missing(what):
    """Skip, or fail where everything has to be there."""
    if os.environ.get('CI') == 'true':
        pytest.fail(f'{what}, and CI must have it')
    pytest.skip(what)


def until(question, seconds=QUICK, what='it'):
    """Ask until the answer is true; returns the answer."""
    end = time.monotonic() + seconds
    while True:
        answer = question()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f'{what} did not happen in {seconds} s')
        time.sleep(0.05)


def environ():
    """Of every program: the stranger is installed, the rest as for us."""
    return {**os.environ, 'PYTHONPATH': os.pathsep.join(
        [str(STRANGER), *filter(None, [os.environ.get('PYTHONPATH')])]),
        'PYTHONWARNINGS': 'ignore'}


class Process:
    """A daemon: a master and its workers, in a session of their own."""

    def __init__(self, binary, config, log):
        self.binary = binary
        with open(log, 'ab') as output:
            self.popen = subprocess.Popen(
                [str(Path(sys.executable).with_name(binary)),
                 '--config-file', str(config)],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                start_new_session=True, env=environ())

    def signal(self, number):
        os.kill(self.popen.pid, number)

    def kill(self):
        """As the machine's end would: master and workers at once."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.popen.pid, signal.SIGKILL)
        self.popen.wait()

    def stop(self, seconds=60):
        """End it in good order; returns its exit status."""
        if self.popen.poll() is None:
            self.popen.terminate()
        try:
            return self.popen.wait(seconds)
        finally:
            self.kill()

    def gone(self):
        """The master has ended, by itself or not."""
        return self.popen.poll() is not None

    def workers(self):
        """Process ids of the workers."""
        found = []
        for thread in Path(f'/proc/{self.popen.pid}/task').iterdir():
            found += (thread / 'children').read_text().split()
        assert found, 'a daemon without workers'
        return sorted(found)

    def _stats(self):
        """Of all workers, what /proc says."""
        for path in Path('/proc').glob('[0-9]*/stat'):
            # processes come and go
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                fields = path.read_text().rpartition(')')[2].split()
                if int(fields[3]) == self.popen.pid:
                    yield fields

    def cpu(self):
        """CPU seconds of master and workers; for benchmarks."""
        return sum(sum(map(int, fields[11:13]))
                   for fields in self._stats()) / os.sysconf('SC_CLK_TCK')

    def memory(self):
        """Bytes that are resident, of the largest of them."""
        return max(int(fields[21]) for fields in self._stats(
            )) * os.sysconf('SC_PAGE_SIZE')


class Deployment:
    """A configuration, and the daemons that run from it.

    :param bus: None for karbor-standalone, else a transport URL
    :param database: None for SQLite, else a URL
    :param project: whose the files and the database are
    :param authentication: options of Keystone; without it, none is asked
    """

    def __init__(self, root, bus=None, database=None, lease=2,
                 project=PROJECT, authentication=''):
        self.root = root
        self.bus = bus
        self.port = ports.free()
        self.processes = {}
        self.started = []
        self.config = root / 'karbor.conf'
        self.log = root / 'daemons.log'
        self.bank = root / 'bank'
        self.stranger = root / 'stranger'
        self.database = database or f'sqlite:///{root}/karbor.sqlite'
        for name in ('providers.d', 'stranger/Box', 'stranger/Thing',
                     'stranger/orders', 'files'):
            (root / name).mkdir(parents=True)
        self.config.write_text(f"""\
[DEFAULT]
state_path = {root}/state
host = host-of-test
auth_strategy = {'keystone' if authentication else 'noauth'}
debug = {os.environ.get('KARBOR_TEST_DEBUG', 'false')}
service_heartbeat_interval = 1
graceful_shutdown_timeout = 30
database_idle_transaction_timeout = 2
transport_url = {bus or 'local://'}
[api]
port = {self.port}
response_validation = error
[database]
connection = {self.database}
[protection]
provider_config_dir = {root}/providers.d
lease = {lease}
poll_interval = 0.5
progress_interval = 0.1
chunk_size = 65536
[quota]
plans = -1
[events]
webhook_keys = {KEY}
min_interval = 1
[oslo_concurrency]
lock_path = {root}/locks
[fileset]
registry = {root}/filesets.toml
[sqldatabase]
registry = {root}/sqldatabases.toml
[test_stranger]
directory = {self.stranger}
{authentication}""")
        self.write_provider()
        (root / 'filesets.toml').write_text(f"""\
[[fileset]]
id = "{FILESET}"
name = "files"
path = "{root}/files"
projects = ["{project}"]
""")
        (root / 'sqldatabases.toml').write_text(f"""\
[[database]]
id = "{DATABASE}"
name = "shop"
url = "sqlite:///{root}/shop.sqlite"
projects = ["{project}"]
""")

    def write_provider(self, bank=None):
        (self.root / 'providers.d/test.conf').write_text(f"""\
[provider]
name = Test
id = {PROVIDER}
description = for tests
bank = karbor-fs-bank-plugin
plugin = karbor-noop-protection-plugin
plugin = karbor-fileset-protection-plugin
plugin = karbor-sqldatabase-protection-plugin
plugin = karbor-test-stranger
[file_system_bank_plugin]
file_system_bank_path = {bank or self.bank}
""")

    # -- daemons --------------------------------------------------------------

    @property
    def binaries(self):
        return (('karbor-standalone',) if self.bus is None else
                ('karbor-protection', 'karbor-operationengine',
                 'karbor-api'))

    def manage(self, *arguments, check=True):
        return subprocess.run(
            [str(Path(sys.executable).with_name('karbor-manage')),
             '--config-file', str(self.config), *arguments],
            capture_output=True, text=True, check=check, timeout=120,
            env=environ())

    def start(self, binary=None, name=None):
        """Start all daemons, or one more of one kind."""
        for one in (self.binaries if binary is None else (binary,)):
            process = Process(one, self.config, self.log)
            self.processes[name or one] = process
            self.started.append(process)
        self.wait_until_healthy()

    def wait_until_healthy(self):
        def healthy():
            for process in self.processes.values():
                assert not process.gone(), self.tail()
            with contextlib.suppress(requests.ConnectionError):
                return requests.get(
                    f'http://127.0.0.1:{self.port}/healthcheck',
                    timeout=10).status_code == 200
        until(healthy, what='a healthy API')
        # its first heartbeat comes when it has its queue; what is asked
        # before that is lost
        until(lambda: 'karbor-protection' in self.heartbeats(),
              what='a heartbeat of karbor-protection')

    @property
    def worker(self):
        """The process that does the work."""
        return self.processes[self.binaries[0]]

    def stop(self):
        try:
            return [process.stop() for process in self.processes.values()]
        finally:
            for process in self.started:
                process.kill()
            self.started.clear()
            self.processes.clear()

    def tail(self):
        return self.log.read_text(errors='replace')[-6000:]

    # -- what a user does -----------------------------------------------------

    def client(self, project=None):
        """The real client, without Keystone."""
        project = project or PROJECT
        return karbor_client.Client(
            '1', f'http://127.0.0.1:{self.port}/v1/{project}',
            token=f'user:{project}')

    def http(self, method, path, project=PROJECT, **kwargs):
        kwargs.setdefault('headers', {'X-Auth-Token': f'user:{project}'})
        return requests.request(
            method, f'http://127.0.0.1:{self.port}/v1/{project}{path}',
            timeout=60, **kwargs)

    def plan(self, *resources, parameters=None, project=None):
        return self.client(project).plans.create(
            f'plan-{uuid.uuid4().hex[:6]}', PROVIDER,
            [{'type': type_, 'id': id_, 'name': id_}
             for type_, id_ in resources], parameters or {})

    def checkpoint(self, plan):
        """Begin a checkpoint."""
        return self.client().checkpoints.create(PROVIDER, plan.id)

    def ended(self, type_, checkpoint_id, skip=()):
        """Wait for the end of an operation; returns its log."""
        def look():
            for log in self.client().operation_logs.list(
                    search_opts={'checkpoint_id': checkpoint_id}):
                if (log.operation_type == type_ and log.ended_at
                        and log.id not in skip):
                    return log
            return None
        return until(look, what=f'the end of {type_}')

    def protect(self, plan):
        """Make a checkpoint and wait for it."""
        checkpoint = self.checkpoint(plan)
        self.ended('protect', checkpoint.id)
        return self.client().checkpoints.get(PROVIDER, checkpoint.id)

    def restore(self, checkpoint_id, parameters=None):
        """Restore a checkpoint and wait for the end."""
        restore = self.client().restores.create(
            PROVIDER, checkpoint_id, None, parameters or {}, None)
        until(lambda: self.client().restores.get(restore.id).status
              != 'in_progress', what='the end of a restore')
        return self.client().restores.get(restore.id)

    def delete(self, checkpoint_id):
        """Delete a checkpoint and wait for the end."""
        before = {log.id for log in self.client().operation_logs.list(
            search_opts={'checkpoint_id': checkpoint_id})}
        self.client().checkpoints.delete(PROVIDER, checkpoint_id)
        return self.ended('delete', checkpoint_id, skip=before)

    # -- what lies about ------------------------------------------------------

    def bank_objects(self):
        """Paths of all files in the bank but for its mark."""
        return sorted(str(path.relative_to(self.bank))
                      for path in self.bank.rglob('*')
                      if path.is_file() and path.name != '#bank')

    @contextlib.contextmanager
    def notifications(self, exchange):
        """A transport for what is told on the bus by a service."""
        path = self.root / f'{exchange}-notifications.conf'
        # how an exchange is made must be said alike by all who use it
        path.write_text(f"""\
[DEFAULT]
control_exchange = {exchange}
transport_url = {self.bus}
[oslo_messaging_rabbit]
amqp_durable_queues = true
rabbit_quorum_queue = true
""")
        conf = cfg.ConfigOpts()
        conf(['--config-file', str(path)], default_config_files=[])
        transport = messaging.get_notification_transport(conf)
        try:
            yield transport
        finally:
            transport.cleanup()

    def rows(self, statement, **values):
        """Rows of the database."""
        if isinstance(statement, str):
            statement = sa.text(statement)
        engine = sa.create_engine(self.database)
        try:
            with engine.connect() as connection:
                return connection.execute(statement, values).all()
        finally:
            engine.dispose()

    def heartbeats(self):
        """Names of the daemons that ever beat."""
        return {row.binary
                for row in self.rows(sa.select(models.Service.binary))}

    def box(self, name, content=b'content'):
        """A box that depends on a thing of the same name."""
        (self.stranger / 'Box' / name).write_bytes(b'box ' + content)
        (self.stranger / 'Thing' / name).write_bytes(b'thing ' + content)
        return 'Test::Box', name

    def boxes(self, name):
        return ((self.stranger / 'Box' / name).read_bytes(),
                (self.stranger / 'Thing' / name).read_bytes())

    def order(self, place, how):
        path = self.stranger / 'orders' / f'{place}.{how}'
        path.touch()
        return path

    def trace(self):
        path = self.stranger / 'trace'
        return path.read_text().splitlines() if path.exists() else []


@contextlib.contextmanager
def rabbit():
    """The URL of a broker whose queues nobody else uses."""
    try:
        with amqp.Connection('127.0.0.1:5672', connect_timeout=5):
            pass
    except OSError as error:
        missing(f'RabbitMQ does not answer on 127.0.0.1:5672: {error}')
    vhost = f'karbor-{uuid.uuid4().hex[:12]}'
    made = _rabbitmqctl('add_vhost', vhost) and _rabbitmqctl(
        'set_permissions', '-p', vhost, 'guest', '.*', '.*', '.*')
    try:
        if made:
            yield f'{RABBIT}{vhost}'
        else:
            # not allowed to: then the only one, without old messages
            with amqp.Connection('127.0.0.1:5672') as broker:
                broker.channel().queue_delete('karbor-protection')
            yield RABBIT
    finally:
        if made:
            _rabbitmqctl('delete_vhost', vhost)


def _rabbitmqctl(*arguments):
    program = shutil.which('rabbitmqctl')
    return program is not None and subprocess.run(
        [program, '-q', *arguments], stdin=subprocess.DEVNULL,
        capture_output=True, timeout=120).returncode == 0


@contextlib.contextmanager
def database(kind):
    """The URL of a new database on a real server, or None for SQLite."""
    name = f'karbor_{uuid.uuid4().hex[:12]}'
    if kind == 'sqlite':
        yield None
        return
    base = {'postgresql': 'postgresql+psycopg://postgres@127.0.0.1/',
            'mariadb': 'mysql+pymysql://root@127.0.0.1/'}[kind]
    engine = sa.create_engine(
        base + ('postgres' if kind == 'postgresql' else ''),
        isolation_level='AUTOCOMMIT')
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql(f'CREATE DATABASE {name}')
    except sa.exc.OperationalError as error:
        missing(f'{kind} does not answer: {error}')
    try:
        yield base + name
    finally:
        force = ' WITH (FORCE)' if kind == 'postgresql' else ''
        with engine.connect() as connection:
            connection.exec_driver_sql(f'DROP DATABASE {name}{force}')
        engine.dispose()


@contextlib.contextmanager
def deployment(root, kind, make=Deployment, **kwargs):
    """A deployment with its schema; nothing is started.

    :param kind: ``standalone``, or the name of a database for three daemons
        on RabbitMQ
    :param make: the class of it
    """
    with contextlib.ExitStack() as stack:
        alone = kind == 'standalone'
        bus = None if alone else stack.enter_context(rabbit())
        url = stack.enter_context(database('sqlite' if alone else kind))
        deployed = make(root, bus, url, **kwargs)
        deployed.manage('db', 'sync')
        try:
            yield deployed
        finally:
            deployed.stop()
