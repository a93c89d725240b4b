# SPDX-License-Identifier: Apache-2.0
"""Three engines killed, frozen, cut off and lied to while triggers fire.

``python -m karbor.tests.fullstack.engines --minutes 15``

Three hosts with an engine each on PostgreSQL and RabbitMQ, which they reach
over wires that can be cut, by clocks that can be set; several operations are
due each second. Then the faults stop, what has begun may end, and `checker`
compares the ledger and the work with what the definitions of the triggers
say; and so with the bank. Meanwhile users change triggers and disable
operations. The exit status is 1 if a run is missed, doubled or otherwise
wrong.
"""

import argparse
from collections import Counter
import contextlib
import datetime
from pathlib import Path
import random
import shutil
import sys
import tempfile
import time

from oslo_config import cfg
import sqlalchemy as sa

from karbor.bank.store import Store
from karbor.db import models
from karbor.model.run import Run
from karbor.plugins.bank.filesystem import FileSystemBank
from karbor.tests import checker
from karbor.tests.fullstack import hosts
from karbor.tests.functional import clocks
from karbor.tests.functional import daemons

ENGINES = 3
# seconds between two times of one trigger
INTERVAL = 15
# until what was under way at the end of the faults must have ended
PATIENCE = 180


class Host(hosts.Host):
    """An engine on a host of its own, whose clock may be wrong."""

    def __init__(self, world, number):
        name = f'engine-{number}'
        root = world.root / name
        root.mkdir()
        self._clock = clocks.HostClock(root, world.library)
        super().__init__(world.deployment, name, 'karbor-operationengine',
                         self._clock)

    def clock_set(self, chance):
        self._clock.set(chance.choice((-86400, -3600, -7, 7, 3600, 86400)))
        return lambda: self._clock.set(0), chance.uniform(2, 8)

    FAULTS = (*hosts.Host.FAULTS, clock_set)


class World:
    """What the engines work on."""

    def __init__(self, root, seed):
        self.root = root
        self.chance = random.Random(seed)
        self.done = Counter()
        self._stack = contextlib.ExitStack()
        self.deployment = self._stack.enter_context(daemons.deployment(
            root / 'deployment', 'postgresql'))
        with self.deployment.config.open('a') as config:
            config.write(f"""
[operationengine]
poll_interval = 0.2
lease = {hosts.LEASE}
retry_interval = 1
min_interval = 1
""")
        hosts.Host.prepare(self.deployment)
        self.library = clocks.library(root)
        self._engine = sa.create_engine(self.deployment.database)
        self._lives = {}        # of operations, for the checker
        self._begin = None
        self.hosts = []

    def rows(self, statement):
        with self._engine.connect() as connection:
            return connection.execute(statement).all()

    def begin(self, rate, seconds):
        """Start all daemons, and make triggers that fire so many a second."""
        plan_id = self.prepare()
        # how long it takes to make one, on this machine today
        count, before = rate * INTERVAL, time.monotonic()
        self.schedule(plan_id, {'format': 'crontab', 'pattern': '@yearly'})
        each = time.monotonic() - before
        self._begin = datetime.datetime.now(
            datetime.UTC) + datetime.timedelta(seconds=1.5 * count * each)
        self.end = self._begin + datetime.timedelta(seconds=seconds)
        for number in range(count):
            self.schedule(plan_id, self._properties(number),
                          ('skip', 'queue')[number % 2])
        for host in self.hosts:
            host.start()

    def prepare(self):
        """Start all but the engines; returns the id of a plan."""
        for binary in ('karbor-protection', 'karbor-api'):
            self.deployment.processes[binary] = process = daemons.Process(
                binary, self.deployment.config, self.deployment.log)
            self.deployment.started.append(process)
        self.deployment.wait_until_healthy()
        self.hosts = [Host(self, number) for number in range(ENGINES)]
        plan = self.deployment.plan(('Karbor::Noop', 'noop-1'))
        self.call('POST', f'/plans/{plan.id}/start')
        return plan.id

    def _properties(self, number):
        # one after the other of the seconds; no rule fires more often than
        # each minute, so there are several
        starts = [self._begin + datetime.timedelta(seconds=later)
                  for later in range(number % INTERVAL, 60, INTERVAL)]
        events = [line for start in starts for line in (
            'BEGIN:VEVENT', f'DTSTART:{start:%Y%m%dT%H%M%SZ}',
            'RRULE:FREQ=MINUTELY', 'END:VEVENT')]
        return {'format': 'calendar', 'end_time': f'{self.end:%FT%TZ}',
                'start_time': f'{self._begin:%FT%TZ}',
                'pattern': '\n'.join(events)}

    def schedule(self, plan_id, properties, overlap='skip'):
        """Make a trigger with an operation, whose id is returned."""
        trigger = self.call('POST', '/triggers', {'trigger_info': {
            'name': 't', 'type': 'time',
            'properties': properties}})['trigger_info']
        id_ = self.call('POST', '/scheduled_operations', {
            'scheduled_operation': {
                'name': 'o', 'operation_type': 'protect', 'overlap': overlap,
                'trigger_id': trigger['id'], 'operation_definition': {
                    'provider_id': daemons.PROVIDER, 'plan_id': plan_id}},
        })['scheduled_operation']['id']
        row = self._row(models.ScheduledOperation, id_)
        self._lives[id_] = checker.Operation(
            id_, [checker.Version(row.created_at, self._row(
                models.Trigger, trigger['id']).properties)],
            row.created_at, overlap=overlap)
        return id_

    def _row(self, model, id_):
        [row] = self.rows(sa.select(model.__table__).where(model.id == id_))
        return row

    def call(self, method, path, body=None):
        answer = self.deployment.http(
            method, path, json=body, headers={
                'X-Auth-Token': f'user:{daemons.PROJECT}',
                'OpenStack-API-Version': 'data-protect 1.2'})
        assert answer.ok, answer.text
        return answer.json()

    def change(self):
        """What users do meanwhile: other times, or none for a while.

        When that was is said by the clock of the database, like all else.
        """
        life = self._lives[self.chance.choice(sorted(self._lives))]
        row = self._row(models.ScheduledOperation, life.id)
        if self.chance.random() < 0.5:
            self.done['trigger changed'] += 1
            self.call('PUT', f'/triggers/{row.trigger_id}', {
                'trigger_info': {'properties': self._properties(
                    self.chance.randrange(INTERVAL))}})
            trigger = self._row(models.Trigger, row.trigger_id)
            life.versions.append(checker.Version(trigger.updated_at,
                                                 trigger.properties))
            return
        self.done['disabled' if row.enabled else 'enabled'] += 1
        self.call('PUT', f'/scheduled_operations/{life.id}', {
            'scheduled_operation': {'enabled': not row.enabled}})
        moment = self._row(models.ScheduledOperation, life.id).updated_at
        if row.enabled:
            life.forbidden.append(checker.Span(moment))
        else:
            life.forbidden[-1] = checker.Span(life.forbidden[-1].begin,
                                              moment)

    def storm(self):
        """Faults until the triggers have ended; then they stop."""
        waiting = []            # (moment, host, what ends the fault)
        while True:
            now = time.monotonic()
            for item in [item for item in waiting if item[0] <= now]:
                waiting.remove(item)
                item[2]()
            left = (self.end - datetime.datetime.now(
                datetime.UTC)).total_seconds()
            if left <= 0 and not waiting:
                return
            free = [host for host in self.hosts
                    if host not in [item[1] for item in waiting]]
            if left > 0 and free:
                host = self.chance.choice(free)
                fault = self.chance.choice(Host.FAULTS)
                self.done[fault.__name__] += 1
                over, seconds = fault(host, self.chance)
                if over is not None:
                    waiting.append((time.monotonic() + seconds, host, over))
            # later, new times might have no time left to come
            if left > 20 and self.chance.random() < 0.4:
                self.change()
            time.sleep(self.chance.uniform(0.2, 2.5))

    def settle(self):
        """Wait until everything that was due has ended."""
        def quiet():
            return self.rows(sa.select(models.Trigger.id).where(
                models.Trigger.next_time <= self.end)) + self.rows(
                    sa.select(models.Run.id).where(models.Run.status.in_(
                        ('queued', 'running')))) == []
        daemons.until(quiet, PATIENCE, 'the end of all runs')

    def faults(self):
        """What the checker finds."""
        runs = [Run(**row._mapping) for row in self.rows(
            sa.select(models.Run.__table__))]
        rows = self.rows(sa.select(models.Operation.__table__))
        work = [checker.Work(row.scheduled_run_id, row.type,
                             row.checkpoint_id, row.status) for row in rows]
        lives = self._lives.values()
        self.report = checker.report(lives, runs, self.end) | {
            'taken again': sum(run.attempt > 1 for run in runs),
            'claims lost': sum(host.said('is no longer that of this engine')
                               for host in self.hosts)}
        return [*checker.check(lives, runs, work, self.end, self._bank()),
                *self._wrong_times(runs, rows)]

    @staticmethod
    def _wrong_times(runs, rows):
        """What was made for runs, by a clock that was wrong."""
        begun = {run.id: run for run in runs}
        for row in rows:
            run = begun[row.scheduled_run_id]
            # one transaction; it lasts at most as long as the database lets
            # it wait for a frozen engine
            if abs(row.created_at - run.started_at) > datetime.timedelta(
                    seconds=60):
                yield checker.Fault(
                    'false', run.scheduled_operation_id, run.expected_at,
                    f'run {run.id} began at {run.started_at}, and its '
                    f'operation at {row.created_at}')

    def _bank(self):
        """Ids of all checkpoints in the bank; only schedules make some."""
        conf = cfg.ConfigOpts()
        conf.register_opts(FileSystemBank.options,
                           FileSystemBank.option_group)
        conf.set_override('file_system_bank_path', str(self.deployment.bank),
                          FileSystemBank.option_group)
        store = Store(FileSystemBank(conf))
        return [id_ for id_ in store.manifests()
                if store.read_manifest(id_).status == 'available']

    def close(self):
        for host in self.hosts:
            host.close()
        self._engine.dispose()
        self._stack.close()


def weather(root, seed, rate, seconds):
    """A storm from its beginning to the verdict.

    :return: the faults that were found, and a line about what happened
    """
    world = World(root, seed)
    try:
        world.begin(rate, seconds)
        world.storm()
        world.settle()
        found = world.faults()
        return found, (f'{world.report} by {ENGINES} engines through '
                       f'{dict(world.done)}, seed {seed}, clocks '
                       + ('set' if world.library else 'left alone: there is '
                          'no compiler of C'))
    finally:
        world.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('--minutes', type=float, default=15)
    parser.add_argument('--rate', type=int, default=3,
                        help='runs that are due each second')
    parser.add_argument('--seed', type=int,
                        default=random.randrange(1_000_000))
    wanted = parser.parse_args()
    root = Path(tempfile.mkdtemp(prefix='karbor-engines-'))
    found, said = weather(root, wanted.seed, wanted.rate,
                          60 * wanted.minutes)
    print(said)
    for fault in found[:50]:
        print(fault)
    if found:
        print(f'{len(found)} faults; the logs are in {root}')
        return 1
    shutil.rmtree(root)
    print('Every run that was expected happened once, or its row says why '
          'not.')
    return 0


if __name__ == '__main__':
    sys.exit(main())
