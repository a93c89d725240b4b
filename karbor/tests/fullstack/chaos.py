# SPDX-License-Identifier: Apache-2.0
"""Protection workers through all faults while users work.

``python tools/soak --minutes 20``

Three hosts with a karbor-protection each on PostgreSQL and RabbitMQ, which
they reach over wires that can be cut; their bank goes away, and their disks
are full. Users protect, copy, verify, restore and delete boxes of their own.
Then the faults stop, what is under way may end, and the promises are checked:
every operation has ended, and says why if it has not done its work; no
checkpoint is in between; what is available is whole and comes back as it was;
what was made outside of the bank was made once; and what was deleted has left
nothing, neither in the bank nor outside. The exit status is 1 if one of them
is broken.
"""

import argparse
from collections import Counter
import contextlib
import os
from pathlib import Path
import random
import re
import shutil
import sys
import tempfile
import threading
import time

from oslo_config import cfg

from karbor.bank.store import Store
from karbor.plugins.bank.filesystem import FileSystemBank
from karbor.tests.fullstack import hosts
from karbor.tests.fullstack import users
from karbor.tests.functional import daemons
from karbor.tests.functional import disks

USERS = 4
WORKERS = 3
# until what was under way at the end of the faults must have ended
PATIENCE = 180
# a cut writer leaves its file here; it goes after a while
_INCOMING = '#incoming'


class Host(hosts.Host):
    """A worker on a host of its own, whose disk may be full."""

    def __init__(self, world, number):
        name = f'worker-{number}'
        self._disk = disks.Disk(world.deployment.root, f'{name}.disk',
                                world.deployment.bank, world.library)
        super().__init__(world.deployment, name, 'karbor-protection',
                         self._disk)

    def disk_full(self, chance):
        self._disk.fill()
        return self._disk.clear, chance.uniform(0.5, 3)

    FAULTS = (*hosts.Host.FAULTS, hosts.Host.killed, hosts.Host.frozen,
              disk_full)


class World:
    """Daemons, hosts, users and the bank."""

    def __init__(self, root, seed):
        self.chance = random.Random(seed)
        self.tally = Counter()
        self.broken = []
        self._stack = contextlib.ExitStack()
        self.deployment = self._stack.enter_context(daemons.deployment(
            root / 'deployment', 'postgresql', lease=hosts.LEASE))
        # it is here as long as its parent is, which no worker can make
        mount = self.deployment.root / 'mount'
        mount.mkdir()
        self.deployment.bank = mount / 'bank'
        self.deployment.write_provider()
        text = self.deployment.config.read_text()
        self.deployment.config.write_text(text.replace(
            # here it is the machine that is poison, not an operation
            '[protection]\n', '[protection]\nmax_crashes = 1000\n'))
        hosts.Host.prepare(self.deployment)
        self.library = disks.library(root)
        self.hosts = [Host(self, number) for number in range(WORKERS)]
        self._ended = threading.Event()
        self.users = [users.User(self.deployment, number, seed, self._ended,
                                 self.tally) for number in range(USERS)]

    def close(self):
        for host in self.hosts:
            host.close()
        self._stack.close()

    def begin(self):
        for host in self.hosts:
            host.start()
        process = daemons.Process('karbor-api', self.deployment.config,
                                  self.deployment.log)
        self.deployment.processes['karbor-api'] = process
        self.deployment.started.append(process)
        self.deployment.wait_until_healthy()
        for user in self.users:
            user.start()

    # -- faults ---------------------------------------------------------------

    def bank_away(self, chance):
        mount = self.deployment.bank.parent
        away = mount.with_name('mount-away')
        mount.rename(away)
        return lambda: away.rename(mount), chance.uniform(0.3, 2)

    def storm(self, seconds):
        """Faults for some time; then they stop, and the users too."""
        waiting = []        # (moment, who is hit, what ends the fault)
        end = time.monotonic() + seconds
        while True:
            now = time.monotonic()
            for item in [item for item in waiting
                         if item[0] <= now or now > end]:
                waiting.remove(item)
                item[2]()
            if now > end:
                break
            hit = [item[1] for item in waiting]
            # the bank is that of all: without it nothing is done at all
            one = self.chance.choice(self.hosts * 4 + [self])
            if one not in hit:
                self._hit(one, waiting)
            self._ended.wait(self.chance.uniform(0.2, 2.5))
        self._ended.set()
        for user in self.users:
            user.join()
            self.broken += user.broken

    def _hit(self, one, waiting):
        fault = (World.bank_away if one is self
                 else self.chance.choice(Host.FAULTS))
        self.tally[f'fault: {fault.__name__}'] += 1
        over, seconds = fault(one, self.chance)
        if over is not None:
            waiting.append((time.monotonic() + seconds, one, over))

    # -- the verdict ----------------------------------------------------------

    def rows(self, statement):
        return self.deployment.rows(statement)

    def check(self):
        """Hold all that there is against what was promised."""
        self._quiescence()
        rows = {row.id: row.status for row in self.rows(
            'SELECT id, status FROM checkpoints')}
        self.tally.update(f'left: {status}' for status in rows.values())
        self._expect(rows)
        for user in self.users:
            for id_ in set(user.known) - set(rows):
                del user.known[id_]
        self._together(lambda user: [
            (user.verify(id_, at_rest=True), user.restore(id_, at_rest=True))
            for id_ in list(user.known) if rows[id_] == 'available'])
        self._together(lambda user: [
            user.delete(id_, at_rest=True) for id_ in list(user.known)])
        self._quiescence()
        self._nothing_left()

    def _quiescence(self):
        """Wait until nothing is queued or running; each says why it ended."""
        active = ("SELECT id, type, status, attempt, crashes FROM operations "
                  "WHERE status IN ('queued', 'running')")
        try:
            daemons.until(lambda: not self.rows(active), PATIENCE,
                          'quiescence')
        except AssertionError:
            self.broken += [f'not ended: {row}' for row in self.rows(active)]
        self.broken += [f'without a reason: {row}' for row in self.rows(
            "SELECT id, type, status FROM operations "
            "WHERE status <> 'success' AND coalesce(reason, '') = ''")]

    def _expect(self, rows):
        """Index, bank and outside agree."""
        store = self._store()
        self.broken += [f'checkpoint {id_} is {status}'
                        for id_, status in rows.items()
                        if status not in ('available', 'error',
                                          'error-deleting')]
        crates = Counter(name.rpartition('.')[0] for name in self._crates())
        for id_, status in rows.items():
            if status != 'available':
                continue
            manifest = store.read_manifest(id_)
            problems = store.verify(id_)
            if problems or manifest.status != 'available':
                self.broken.append(f'{id_} is available, but its data or its '
                                   f'manifest is not: {problems}')
            for entry in manifest.resources:
                count = crates[f'{id_}.{entry.type}.{entry.id}']
                if count != 1:
                    self.broken.append(f'{count} crates of {entry.resource} '
                                       f'in {id_}')
        self.broken += [f'left over: {one}'
                        for one in (*self._objects(), *self._crates())
                        if not any(id_ in one for id_ in rows)]

    def _nothing_left(self):
        self.broken += [f'still there: {one}'
                        for one in (*self._objects(), *self._crates())]
        incoming = self.deployment.bank / _INCOMING
        if incoming.exists():
            self.tally['writes cut short'] = len(list(incoming.iterdir()))
            for path in incoming.iterdir():
                os.utime(path, (0, 0))
        # a new worker sweeps what is old
        bank = self._bank()
        bank.put('probe', b'')
        bank.delete('probe')
        self.broken += [f'still incoming: {path}'
                        for path in self.deployment.bank_objects()]

    def _objects(self):
        return [path for path in self.deployment.bank_objects()
                if not path.startswith(_INCOMING)]

    def _crates(self):
        path = self.deployment.stranger / 'crates'
        return sorted(os.listdir(path)) if path.exists() else []

    def _bank(self):
        conf = cfg.ConfigOpts()
        conf.register_opts(FileSystemBank.options,
                           FileSystemBank.option_group)
        conf.set_override('file_system_bank_path', str(self.deployment.bank),
                          FileSystemBank.option_group)
        return FileSystemBank(conf)

    def _store(self):
        return Store(self._bank())

    def _together(self, work):
        """Each user's work side by side."""
        def guarded(user):
            try:
                work(user)
            except Exception as error:
                self.broken.append(f'{user.name}: {type(error).__name__}: '
                                   f'{error}')

        threads = [threading.Thread(target=guarded, args=(user,))
                   for user in self.users]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def report(self):
        """What has happened, in lines."""
        for row in self.rows(
                'SELECT type, status, count(*), sum(attempt) - count(*), '
                'max(attempt) FROM operations GROUP BY type, status '
                'ORDER BY type, status'):
            type_, status, count, again, most = row
            yield (f'{type_}: {count} ended in {status} and were taken over '
                   f'{again or 0} times; one had {most} attempts')
        reasons = Counter(
            # without the names of boxes and keys
            re.sub(r'user\d-box\d|[0-9a-f/.-]{20,}\S*', '...', row.reason)
            for row in self.rows("SELECT reason FROM operations "
                                 "WHERE status <> 'success'"))
        for reason, count in sorted(reasons.items()):
            yield f'reason of {count}: {reason}'
        for what, count in sorted(self.tally.items()):
            yield f'{what}: {count}'
        if not self.library:
            yield 'no disk was full: there is no compiler of C'


def weather(root, seed, seconds):
    """A storm from its beginning to the verdict.

    :return: what is broken, and lines about what has happened
    """
    world = World(root, seed)
    try:
        world.begin()
        world.storm(seconds)
        world.check()
        return world.broken, list(world.report())
    finally:
        world.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--minutes', type=float, default=20)
    parser.add_argument('--seed', type=int,
                        default=random.randrange(1_000_000))
    options = parser.parse_args()
    print(f'seed {options.seed}', flush=True)
    root = Path(tempfile.mkdtemp(prefix='karbor-soak-'))
    broken, lines = weather(root, options.seed, 60 * options.minutes)
    print('\n'.join(lines))
    for line in broken:
        print(f'BROKEN: {line}')
    if broken:
        print(f'{len(broken)} broken; what is left of it is in {root}')
        return 1
    shutil.rmtree(root)
    print('Nothing was lost, doubled or left over.')
    return 0


if __name__ == '__main__':
    sys.exit(main())
