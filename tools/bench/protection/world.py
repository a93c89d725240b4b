# SPDX-License-Identifier: Apache-2.0
"""Plans of resources that are not there, and daemons that protect them."""

import contextlib
import datetime
import itertools
import re
import time
import uuid

from oslo_config import cfg
import sqlalchemy as sa

from karbor import conf as karbor_conf
from karbor import context
from karbor import policy
from karbor.actions import checkpoints
from karbor.db import models
from karbor.db import plans
from karbor.db import session
from karbor.model.plan import Plan
from karbor.model.resource import Resource
from karbor.rpc import notifications
from karbor.rpc import protection as rpc_protection
from karbor.rpc import transport
from karbor.tests.functional import daemons

KINDS = ('postgresql', 'mariadb', 'sqlite', 'standalone')
TYPE = 'Karbor::Noop'
# what the deployments of tests have otherwise than an operator
_OF_TESTS = re.compile(r'(?m)^(poll_interval|progress_interval|chunk_size|'
                       r'service_heartbeat_interval|response_validation|'
                       r'database_idle_transaction_timeout) = .*\n')
# who has not ended in that time has lost something
PATIENCE = 900


def user(project):
    return context.RequestContext(
        user_id='bench', project_id=project,
        roles=['admin', 'member', 'reader'], is_admin=True, overwrite=False)


class World(daemons.Deployment):
    """A deployment with the options that an operator has.

    This process is part of it, too: it makes plans and fills queues.
    """

    def __init__(self, *arguments, **kwargs):
        super().__init__(*arguments, **kwargs)
        text = _OF_TESTS.sub('', self.config.read_text())
        if not self.alone:
            # as where somebody listens: it is part of what the bus costs
            text += '[oslo_messaging_notifications]\ndriver = messagingv2\n'
        self.config.write_text(text)
        self._numbers = itertools.count(1)

    def write_provider(self, bank=None, strange=False):
        """Plugins of nothing alone, or also the one that can be held up."""
        super().write_provider(bank)
        if not strange:
            path = self.root / 'providers.d/test.conf'
            path.write_text(''.join(
                line for line in path.read_text().splitlines(True)
                if not line.startswith('plugin') or 'noop' in line))

    @property
    def alone(self):
        return self.bus is None

    def open(self):
        """Connect this process to the database and the bus."""
        karbor_conf.CONF.reset()
        karbor_conf.parse(['--config-file', str(self.config), '--log-file',
                           str(self.root / 'bench.log')],
                          default_config_files=[])
        session.init(karbor_conf.CONF)
        policy.init(cfg.CONF)
        transport.init(karbor_conf.CONF)
        notifications.reset()
        rpc_protection.reset()
        self._engine = sa.create_engine(self.database)

    def close(self):
        self._engine.dispose()
        transport.cleanup()
        session.dispose()

    def worker_(self):
        """Start one more daemon that works; returns it."""
        if self.alone:
            binary = name = 'karbor-standalone'
        else:
            binary = 'karbor-protection'
            name = f'{binary}-{next(self._numbers)}'
        process = daemons.Process(binary, self.config, self.log)
        self.processes[name] = process
        self.started.append(process)
        return process

    def work(self, workers):
        """Start an API, and so many daemons that work."""
        if not self.alone:
            self.processes['karbor-api'] = api = daemons.Process(
                'karbor-api', self.config, self.log)
            self.started.append(api)
        found = [self.worker_() for _number in range(workers)]
        self.wait_until_healthy()
        return found

    def plan_of(self, count, project=daemons.PROJECT):
        """A plan of so many resources."""
        return self.plan(*((TYPE, str(number)) for number in range(count)),
                         project=project)

    def plan(self, *resources, project=daemons.PROJECT):
        """Without the API, which has a benchmark of its own."""
        return plans.create(user(project), Plan(
            id=str(uuid.uuid4()), project_id=project, name='bench',
            provider_id=daemons.PROVIDER, status='started',
            resources=tuple(Resource(type_, id_, id_)
                            for type_, id_ in resources)))

    def post(self, plan):
        """Begin a checkpoint as a user does; its id."""
        answer = self.http(
            'POST', f'/providers/{daemons.PROVIDER}/checkpoints',
            json={'checkpoint': {'plan_id': plan.id}})
        answer.raise_for_status()
        return answer.json()['checkpoint']['id']

    def queue(self, plan):
        """The same by the call behind it."""
        return checkpoints.create(user(plan.project_id), plan.provider_id,
                                  plan.id)

    def ask(self, statement):
        """Rows, by a connection that stays open."""
        with self._engine.connect() as connection:
            return connection.execute(statement).all()

    def until(self, question, pause=0.005):
        """Ask until the answer is true; returns it."""
        end = time.monotonic() + PATIENCE
        while not (answer := question()):
            if time.monotonic() > end:
                raise SystemExit(f'nothing happens: {self.tail()}')
            time.sleep(pause)
        return answer

    def available(self, checkpoint_id):
        """Wait until a checkpoint can be used."""
        table = models.Checkpoint
        statement = sa.select(table.status).where(table.id == checkpoint_id)
        status = self.until(lambda: next(
            (row.status for row in self.ask(statement)
             if row.status != 'protecting'), None))
        if status != 'available':
            raise SystemExit(f'the checkpoint went to {status}')

    def operations(self):
        """All operations, as rows."""
        table = models.Operation
        return self.ask(sa.select(
            table.project_id, table.owner, table.started_at,
            table.ended_at))

    def held(self, checkpoint_id):
        """Who works on a checkpoint: owner, attempt, lease_until."""
        table = models.Operation
        return self.ask(sa.select(
            table.owner, table.attempt, table.lease_until).where(
                table.checkpoint_id == checkpoint_id))[0]

    def statuses(self):
        table = models.Operation
        return dict(self.ask(sa.select(table.status, sa.func.count())
                             .group_by(table.status)))


def moment():
    return datetime.datetime.now(datetime.UTC)


@contextlib.contextmanager
def world(root, kind, lease=30):
    root.mkdir()
    with daemons.deployment(root, kind, World, lease=lease) as made:
        made.open()
        try:
            yield made
        finally:
            # daemons first, for they have connections of their own
            made.stop()
            made.close()
