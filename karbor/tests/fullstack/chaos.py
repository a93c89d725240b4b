# SPDX-License-Identifier: Apache-2.0
"""Workers killed, frozen and ended at random while users work.

``python -m karbor.tests.fullstack.chaos --seconds 180 --database postgresql``

Three daemons and a second karbor-protection on RabbitMQ and a real database.
Users make, restore and delete checkpoints of their own boxes; faults hit the
two workers. Then the faults stop, what is under way may end, and the promises
are checked: every operation has ended, no checkpoint is in between, what is
available is whole and comes back as it was, and what was deleted has left
nothing in the bank. The exit status is 1 if one of them is broken.
"""

import argparse
from collections import Counter
import os
from pathlib import Path
import random
import shutil
import signal
import sys
import tempfile
import threading
import time

from oslo_config import cfg

from karbor.bank.store import Store
from karbor.plugin import HOOKS
from karbor.plugins.bank.filesystem import FileSystemBank
from karbor.tests.functional import daemons

USERS = 4
BOXES = 5           # of each user
WORKERS = ('karbor-protection', 'the-second')
MOST_KEPT = 6       # checkpoints of each user


class User(threading.Thread):
    """Somebody with boxes of his own, who waits for the end of one thing
    before he begins the next, most of the time.

    :ivar known: what is in the boxes of each checkpoint
    """

    def __init__(self, karbor, number, seed, ended, tally):
        super().__init__(name=f'user {number}')
        self.karbor = karbor
        self.names = [f'user{number}-box{box}' for box in range(BOXES)]
        self.random = random.Random(f'{seed}/{number}')
        self.ended = ended
        self.tally = tally
        self.known = {}
        self.broken = []

    def run(self):
        try:
            while not self.ended.is_set():
                self._one()
        except Exception as error:
            # said at the end, with all else that is broken
            self.broken.append(f'{self.name}: {type(error).__name__}: '
                               f'{error}')

    def _one(self):
        held = list(self.known)
        choice = self.random.random()
        if len(held) >= MOST_KEPT or (held and choice < 0.3):
            self.delete(self.random.choice(held))
        elif held and choice < 0.6:
            self.restore(self.random.choice(held))
        else:
            self.protect()

    def _request(self, method, path, expected, **kwargs):
        response = self.karbor.http(method, path, **kwargs)
        self.tally[f'{method} {response.status_code}'] += 1
        if response.status_code not in expected:
            raise AssertionError(
                f'{method} {path}: {response.status_code} {response.text}')
        return response

    def _path(self, checkpoint_id):
        return f'/providers/{daemons.PROVIDER}/checkpoints/{checkpoint_id}'

    def status(self, checkpoint_id):
        response = self._request('GET', self._path(checkpoint_id),
                                 (200, 404))
        if response.status_code == 404:
            return 'deleted'
        return response.json()['checkpoint']['status']

    def _dawdle(self, operation, names):
        """Have a hook take its time, so that faults find it at work."""
        hook = self.random.choice(HOOKS)
        kind = self.random.choice(('Box', 'Thing'))
        order = self.karbor.order(
            f'{operation}.{hook}.{kind}.{self.random.choice(list(names))}',
            'hang')
        timer = threading.Timer(self.random.uniform(0.5, 5),
                                lambda: order.unlink(missing_ok=True))
        timer.daemon = True
        timer.start()

    def protect(self):
        """A checkpoint of some boxes; they do not change meanwhile."""
        names = self.random.sample(self.names, self.random.randint(1, BOXES))
        content = {}
        for name in names:
            data = self.random.randbytes(self.random.randint(1, 300_000))
            self.karbor.box(name, data)
            content[name] = self.karbor.boxes(name)
        self._dawdle('protect', names)
        plan = self._request('POST', '/plans', (200,), json={'plan': {
            'name': 'chaos', 'provider_id': daemons.PROVIDER,
            'parameters': {}, 'resources': [
                {'type': 'Test::Box', 'id': name, 'name': name}
                for name in names]}}).json()['plan']
        checkpoint_id = self._request(
            'POST', f'/providers/{daemons.PROVIDER}/checkpoints',
            (200, 201, 202), json={'checkpoint': {'plan_id': plan['id']}},
        ).json()['checkpoint']['id']
        self.known[checkpoint_id] = content
        status = daemons.until(
            lambda: (found := self.status(checkpoint_id)) != 'protecting'
            and found, 300, f'the end of protect {checkpoint_id}')
        self.tally[f'protect: {status}'] += 1

    def restore(self, checkpoint_id, at_rest=False):
        """Lose the boxes of a checkpoint and have them back."""
        content = self.known[checkpoint_id]
        for name in content:
            self.karbor.box(name, b'lost')
        if not at_rest:
            self._dawdle('restore', content)
        response = self._request(
            'POST', '/restores', (200, 201, 202, 400, 404), json={'restore': {
                'provider_id': daemons.PROVIDER, 'parameters': {},
                'checkpoint_id': checkpoint_id}})
        if response.status_code in (400, 404):
            # it is being deleted, or was
            assert not at_rest, response.text
            if response.status_code == 404:
                del self.known[checkpoint_id]
            return
        restore_id = response.json()['restore']['id']
        if not at_rest and self.random.random() < 0.2:
            # it is used, so this is refused; or it was done already
            self._request('DELETE', self._path(checkpoint_id),
                          (200, 202, 204, 409))
        status = daemons.until(
            lambda: (found := self._request(
                'GET', f'/restores/{restore_id}', (200,)).json()['restore'][
                    'status']) != 'in_progress' and found,
            300, f'the end of restore {restore_id}')
        self.tally[f'restore: {status}'] += 1
        if status == 'success':
            for name, expected in content.items():
                assert self.karbor.boxes(name) == expected, (
                    f'{name} of checkpoint {checkpoint_id} came back wrong')
        else:
            assert not at_rest, f'{checkpoint_id} cannot be restored'

    def delete(self, checkpoint_id, at_rest=False):
        if not at_rest:
            self._dawdle('delete', self.known[checkpoint_id])
        response = self._request('DELETE', self._path(checkpoint_id),
                                 (200, 202, 204, 404, 409))
        if response.status_code == 409:
            assert not at_rest, response.text
            return
        if not at_rest and self.random.random() < 0.3:
            return              # and does not wait for the end
        status = daemons.until(
            lambda: (found := self.status(checkpoint_id)) != 'deleting'
            and found, 300, f'the end of delete {checkpoint_id}')
        self.tally[f'delete: {status}'] += 1
        if status == 'deleted':
            del self.known[checkpoint_id]
        else:
            assert not at_rest, f'{checkpoint_id} is {status}'


class Faults(threading.Thread):
    """Hits one worker after another."""

    def __init__(self, karbor, seed, ended, tally):
        super().__init__(name='faults')
        self.karbor = karbor
        self.random = random.Random(seed)
        self.ended = ended
        self.tally = tally
        self.broken = []

    def run(self):
        try:
            while not self.ended.wait(self.random.uniform(0.5, 4)):
                self._one(self.random.choice(WORKERS))
        except Exception as error:
            self.broken.append(f'faults: {type(error).__name__}: {error}')

    def _one(self, name):
        process = self.karbor.processes[name]
        kind = self.random.choice(('kill', 'freeze', 'freeze', 'term',
                                   'two terms'))
        self.tally[f'fault: {kind}'] += 1
        if kind == 'kill':
            process.kill()
        elif kind == 'freeze':
            # longer and shorter than a lease
            os.killpg(process.popen.pid, signal.SIGSTOP)
            self.ended.wait(self.random.uniform(0.3, 7))
            os.killpg(process.popen.pid, signal.SIGCONT)
            return
        else:
            process.signal(signal.SIGTERM)
            if kind == 'two terms':
                self.ended.wait(self.random.uniform(0, 0.5))
                if not process.gone():
                    process.signal(signal.SIGTERM)
            status = process.stop()
            if status:
                self.tally[f'exit status {status}'] += 1
        self.start_worker(name)

    def start_worker(self, name):
        """A new process in the place of one that is gone."""
        process = daemons.Process('karbor-protection', self.karbor.config,
                                  self.karbor.log)
        self.karbor.processes[name] = process
        self.karbor.started.append(process)


def _together(users, work):
    """Each user's work side by side; what broke."""
    broken = []

    def guarded(user):
        try:
            work(user)
        except Exception as error:
            broken.append(f'{user.name}: {type(error).__name__}: {error}')

    threads = [threading.Thread(target=guarded, args=(user,))
               for user in users]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return broken


def _store(karbor):
    conf = cfg.ConfigOpts()
    conf.register_opts(FileSystemBank.options, FileSystemBank.option_group)
    conf.set_override('file_system_bank_path', str(karbor.bank),
                      FileSystemBank.option_group)
    return Store(FileSystemBank(conf))


def _quiescence(karbor):
    """Wait until nothing is queued or running; what broke."""
    active = ("SELECT id, type, status, attempt, crashes FROM operations "
              "WHERE status IN ('queued', 'running')")
    try:
        daemons.until(lambda: not karbor.rows(active), 180, 'quiescence')
    except AssertionError:
        return [f'not ended: {row}' for row in karbor.rows(active)]
    return []


def check(karbor, users, tally):
    """Everything that Karbor promises; what of it is broken."""
    broken = _quiescence(karbor)
    rows = {row.id: row.status for row in karbor.rows(
        'SELECT id, status FROM checkpoints')}
    tally.update(f'left: {status}' for status in rows.values())
    broken += [f'checkpoint {id_} is {status}' for id_, status in rows.items()
               if status in ('protecting', 'deleting')]
    store = _store(karbor)
    for id_, status in rows.items():
        if status == 'available':
            problems = store.verify(id_)
            if problems or store.read_manifest(id_).status != 'available':
                broken.append(f'{id_} is available, but its data or its '
                              f'manifest is not: {problems}')
    lying = [path for path in karbor.bank_objects()
             if not any(id_ in path for id_ in rows)]
    broken += [f'left in the bank: {path}' for path in lying[:20]]
    for user in users:
        for id_ in set(user.known) - set(rows):
            del user.known[id_]
    broken += _together(users, lambda user: [
        user.restore(id_, at_rest=True) for id_ in list(user.known)
        if rows[id_] == 'available'])
    broken += _together(users, lambda user: [
        user.delete(id_, at_rest=True) for id_ in list(user.known)])
    broken += [f'still in the bank: {path}'
               for path in karbor.bank_objects()[:20]]
    return broken


def run(karbor, seconds, seed):
    """Chaos for some seconds, then the checks; what happened, and what broke.
    """
    tally = Counter()
    ended, calm = threading.Event(), threading.Event()
    karbor.config.write_text(karbor.config.read_text().replace(
        # here it is the machine that is poison, not an operation
        '[protection]\n', '[protection]\nmax_crashes = 1000\n'))
    karbor.start()
    faults = Faults(karbor, seed, calm, tally)
    faults.start_worker(WORKERS[1])
    users = [User(karbor, number, seed, ended, tally)
             for number in range(USERS)]
    for thread in (*users, faults):
        thread.start()
    ended.wait(seconds)
    calm.set()
    faults.join()
    for name in WORKERS:
        if karbor.processes[name].gone():
            faults.start_worker(name)
    ended.set()
    for user in users:
        user.join()
    broken = [*faults.broken, *(line for user in users
                                for line in user.broken)]
    return tally, broken + check(karbor, users, tally)


def _report(karbor, tally, broken):
    for row in karbor.rows(
            'SELECT type, status, count(*), sum(crashes), max(attempt) '
            'FROM operations GROUP BY type, status ORDER BY type, status'):
        type_, status, count, crashes, most = row
        print(f'{type_}: {count} ended in {status} after {crashes} crashes, '
              f'at most {most} attempts')
    for reason, count in karbor.rows(
            "SELECT reason, count(*) FROM operations WHERE status = 'error' "
            'GROUP BY reason'):
        print(f'reason of {count}: {reason}')
    for what, count in sorted(tally.items()):
        print(f'{what}: {count}')
    for line in broken:
        print(f'BROKEN: {line}')
    print('all promises hold' if not broken else f'{len(broken)} broken')


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--seconds', type=float, default=180)
    parser.add_argument('--database', default='postgresql',
                        choices=('postgresql', 'mariadb'))
    parser.add_argument('--bus', help='transport URL; else the usual broker, '
                                      'whose queues are emptied')
    parser.add_argument('--seed', type=int, default=int(time.time()))
    options = parser.parse_args()
    print(f'seed {options.seed}', flush=True)
    root = Path(tempfile.mkdtemp(prefix='karbor-chaos-'))
    with daemons.database(options.database) as url:
        karbor = daemons.Deployment(root, options.bus or daemons.rabbit(),
                                    url)
        karbor.manage('db', 'sync')
        try:
            tally, broken = run(karbor, options.seconds, options.seed)
            _report(karbor, tally, broken)
        finally:
            karbor.stop()
    if broken:
        print(f'what is left of it is in {root}')
        return 1
    shutil.rmtree(root)
    return 0


if __name__ == '__main__':
    sys.exit(main())
