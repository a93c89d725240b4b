# SPDX-License-Identifier: Apache-2.0
"""A database full of schedules, and engines that are measured."""

import contextlib
import datetime
from pathlib import Path
import subprocess
import sys
import time
import uuid

from oslo_config import cfg
import sqlalchemy as sa

from karbor import conf as karbor_conf
from karbor import context
from karbor import policy
from karbor.actions import scheduled_operations
from karbor.actions import triggers
from karbor.db import models
from karbor.db import plans
from karbor.db import session
from karbor.model.plan import Plan
from karbor.model.resource import Resource
from karbor.tests.functional import daemons

MINUTE = datetime.timedelta(minutes=1)
DATABASES = ('sqlite', 'postgresql', 'mariadb')
_START = '2026-01-01 00:00:00'


def _configure(root, bus, database):
    config = root / 'karbor.conf'
    config.write_text(f"""\
[DEFAULT]
state_path = {root}
auth_strategy = noauth
transport_url = {bus}
[database]
connection = {database}
[operationengine]
min_interval = 1
[quota]
plans = -1
[oslo_concurrency]
lock_path = {root}/locks
[oslo_messaging_notifications]
driver = messagingv2
""")
    return config


class World:
    """A new database with its schema, and a bus.

    :ivar root: a directory for whatever engines write
    """

    def __init__(self, root, bus, database):
        self.root = root
        root.mkdir()
        url = database or f'sqlite:///{root}/karbor.sqlite'
        self.config = _configure(root, bus, url)
        subprocess.run(
            [str(Path(sys.executable).with_name('karbor-manage')),
             '--config-file', str(self.config), 'db', 'sync'],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        karbor_conf.CONF.reset()
        karbor_conf.parse(['--config-file', str(self.config)],
                          default_config_files=[])
        session.init(karbor_conf.CONF)
        policy.init(cfg.CONF)
        self.user = context.RequestContext(
            user_id='bench', project_id=daemons.PROJECT,
            roles=['admin', 'member', 'reader'], is_admin=True,
            overwrite=False)
        self.plan = plans.create(self.user, Plan(
            id=str(uuid.uuid4()), project_id=daemons.PROJECT, name='bench',
            provider_id=daemons.PROVIDER, status='started',
            resources=(Resource('Noop', 'a', 'n'),)))

    def close(self):
        session.dispose()

    def make(self, count):
        """Triggers with an operation each, as users make them.

        :return: seconds
        """
        begin = time.perf_counter()
        for number in range(count):
            trigger = triggers.create(
                self.user, name=f't{number}', type_='time', properties={
                    'format': 'crontab', 'pattern': '@yearly'})
            scheduled_operations.create(
                self.user, name=f'o{number}', operation_type='protect',
                trigger_id=trigger.id, operation_definition={
                    'provider_id': self.plan.provider_id,
                    'plan_id': self.plan.id})
        return time.perf_counter() - begin

    def fill(self, count, moment):
        """The same at once, all of which fire at a moment."""
        past = min(moment, datetime.datetime.now(datetime.UTC)) - MINUTE
        with session.writer(context.system()) as writer:
            for begin in range(0, count, 1000):
                ids = [str(uuid.uuid4())
                       for _number in range(min(1000, count - begin))]
                writer.execute(sa.insert(models.Trigger), [
                    {'id': id_, 'project_id': daemons.PROJECT, 'name': 't',
                     'type': 'time', 'created_at': past,
                     'done_until': past, 'next_time': moment,
                     'properties': {
                         'format': 'crontab', 'end_time': None,
                         'pattern': f'{moment.minute} {moment.hour} '
                                    f'{moment.day} {moment.month} *',
                         'start_time': _START, 'window': 900,
                         'timezone': 'UTC'}} for id_ in ids])
                writer.execute(sa.insert(models.ScheduledOperation), [
                    {'id': str(uuid.uuid4()), 'trigger_id': id_,
                     'project_id': daemons.PROJECT, 'user_id': 'bench',
                     'name': 'o', 'operation_type': 'protect',
                     'plan_id': self.plan.id, 'enabled': True,
                     'overlap': 'skip', 'created_at': past,
                     'operation_definition': {
                         'provider_id': self.plan.provider_id,
                         'plan_id': self.plan.id}} for id_ in ids])

    def delays(self):
        """Seconds from its time to its work, of each run that has begun."""
        with session.reader(context.system()) as reader:
            return [(row.started_at - row.expected_at).total_seconds()
                    for row in reader.execute(sa.select(
                        models.Run.started_at, models.Run.expected_at)
                        .where(models.Run.started_at.is_not(None)))]

    def statuses(self):
        with session.reader(context.system()) as reader:
            return dict(reader.execute(sa.select(
                models.Run.status, sa.func.count()).group_by(
                    models.Run.status)).all())

    def operations(self):
        with session.reader(context.system()) as reader:
            return reader.execute(sa.select(sa.func.count()).select_from(
                models.Operation)).scalar()


class Engine:
    """karbor-operationengine in a ``with`` block."""

    def __init__(self, world):
        self.process = daemons.Process('karbor-operationengine',
                                       world.config, world.root / 'log')

    def __enter__(self):
        return self

    def __exit__(self, *_exc):
        self.process.stop()

    def cpu(self):
        """CPU seconds."""
        return self.process.cpu()

    def memory(self):
        """Bytes that are resident, of the largest of its processes."""
        return self.process.memory()


@contextlib.contextmanager
def world(root, database):
    with contextlib.ExitStack() as stack:
        bus = stack.enter_context(daemons.rabbit())
        url = stack.enter_context(daemons.database(database))
        made = World(root, bus, url)
        stack.callback(made.close)
        yield made
