# SPDX-License-Identifier: Apache-2.0
"""What a large plan costs, and a long list of checkpoints.

``python tools/bench/plans.py`` starts karbor-standalone with the noop plugin
and measures through HTTP: how long a POST of a checkpoint takes, when it is
available, and what a page of checkpoints costs with few and with many of them
in the bank. No list may need the bank: its directory is away meanwhile.
"""

import datetime
import os
from pathlib import Path
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import uuid

from oslo_config import cfg
import requests

from karbor.bank.manifest import Manifest
from karbor.bank.store import Store
from karbor.model.graph import Graph
from karbor.plugins.bank.filesystem import FileSystemBank

PROJECT = '1' * 32
PROVIDER = str(uuid.uuid4())
HEADERS = {'X-Auth-Token': f'bench:{PROJECT}'}


def configure(root, port):
    (root / 'providers.d').mkdir()
    (root / 'karbor.conf').write_text(f"""\
[DEFAULT]
state_path = {root}
auth_strategy = noauth
[api]
port = {port}
[database]
connection = sqlite:///{root}/karbor.sqlite
[protection]
provider_config_dir = {root}/providers.d
[quota]
plans = -1
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


class Daemon:
    """karbor-standalone in a ``with`` block."""

    def __init__(self, root):
        with socket.socket() as listener:
            listener.bind(('127.0.0.1', 0))
            self.port = listener.getsockname()[1]
        self.root = root
        configure(root, self.port)
        self.base = f'http://127.0.0.1:{self.port}/v1/{PROJECT}'
        self.session = requests.Session()
        self.session.headers.update(HEADERS)

    def __enter__(self):
        program = Path(sys.executable).with_name('karbor-standalone')
        with (self.root / 'log').open('wb') as log:
            self.process = subprocess.Popen(
                [program, '--config-file', self.root / 'karbor.conf'],
                stdout=log, stderr=log, start_new_session=True)
        url = f'http://127.0.0.1:{self.port}/healthcheck'
        while True:
            if self.process.poll() is not None:
                raise SystemExit((self.root / 'log').read_text()[-3000:])
            try:
                if requests.get(url, timeout=5).ok:
                    return self
            except requests.ConnectionError:
                time.sleep(0.1)

    def __exit__(self, *ignored):
        self.process.terminate()
        self.process.wait()

    def call(self, method, path, document=None):
        response = self.session.request(method, self.base + path,
                                        json=document, timeout=600)
        response.raise_for_status()
        return response.json() if response.content else None

    def cpu(self):
        """CPU seconds of the daemon's processes, those that ended too."""
        ticks = 0
        for thread in Path(f'/proc/{self.process.pid}/task').iterdir():
            for pid in (thread / 'children').read_text().split():
                fields = Path(f'/proc/{pid}/stat').read_text()
                ticks += sum(map(int, fields.rpartition(')')[2]
                                 .split()[11:13]))
        return ticks / os.sysconf('SC_CLK_TCK')


def make_plan(daemon, count):
    return daemon.call('POST', '/plans', {'plan': {
        'name': f'{count} resources', 'provider_id': PROVIDER,
        'parameters': {}, 'resources': [
            {'type': 'Karbor::Noop', 'id': str(number), 'name': 'noop'}
            for number in range(count)]}})['plan']['id']


def protect(daemon, plan):
    """(seconds of the POST, seconds until available)."""
    path = f'/providers/{PROVIDER}/checkpoints'
    began = time.perf_counter()
    made = daemon.call('POST', path, {'checkpoint': {'plan_id': plan}})
    posted = time.perf_counter() - began
    one = f'{path}/{made["checkpoint"]["id"]}'
    while True:
        status = daemon.call('GET', one)['checkpoint']['status']
        if status != 'protecting':
            break
        time.sleep(0.1)
    if status != 'available':
        raise SystemExit(f'the checkpoint went to {status}')
    return posted, time.perf_counter() - began


def large_plans(daemon):
    print('resources  POST, median ms  available after s  CPU ms/resource')
    for count, times in ((10, 9), (1000, 5), (10000, 1)):
        plan = make_plan(daemon, count)
        cpu = daemon.cpu()
        results = [protect(daemon, plan) for _time in range(times)]
        cpu = (daemon.cpu() - cpu) / times
        posts, ends = zip(*results, strict=True)
        print(f'{count:9} {statistics.median(posts) * 1000:16.1f} '
              f'{statistics.median(ends):18.2f} {cpu / count * 1000:16.2f}')


def fill(daemon, count):
    """Bring so many checkpoints into the bank, and from it into the index."""
    conf = cfg.ConfigOpts()
    conf.register_opts(list(FileSystemBank.options),
                       FileSystemBank.option_group)
    conf([], default_config_files=[
        str(daemon.root / 'providers.d/noop.conf')])
    store = Store(FileSystemBank(conf))
    began = datetime.datetime.now(datetime.UTC)
    for number in range(count):
        store.write_manifest(Manifest(
            checkpoint_id=str(uuid.uuid4()), project_id=PROJECT,
            provider_id=PROVIDER, status='available', plan={
                'id': str(uuid.uuid4()), 'name': 'filled',
                'provider_id': PROVIDER, 'resources': []},
            resource_graph=Graph.of((), {}).to_json(),
            created_at=began + datetime.timedelta(seconds=number)))
    subprocess.run(
        [Path(sys.executable).with_name('karbor-manage'), '--config-file',
         daemon.root / 'karbor.conf', 'bank', 'import', PROVIDER],
        check=True, stdout=subprocess.DEVNULL)


def long_lists(daemon):
    print('checkpoints  page of 50, median ms  CPU ms/page')
    path = f'/providers/{PROVIDER}/checkpoints?limit=50'
    bank = daemon.root / 'bank'
    there = len(daemon.call('GET', path)['checkpoints'])
    for count in (max(50, there), 10000):
        fill(daemon, count - there)
        there = count
        bank.rename(daemon.root / 'away')
        cpu, times = daemon.cpu(), []
        for _number in range(50):
            began = time.perf_counter()
            found = daemon.call('GET', path)
            times.append(time.perf_counter() - began)
            if len(found['checkpoints']) != 50:
                raise SystemExit('a page is not full')
        cpu = (daemon.cpu() - cpu) / 50
        (daemon.root / 'away').rename(bank)
        print(f'{count:11} {statistics.median(times) * 1000:22.1f} '
              f'{cpu * 1000:12.1f}')


def main():
    root = Path(tempfile.mkdtemp(prefix='karbor-bench-'))
    try:
        for measure in (long_lists, large_plans):
            place = root / measure.__name__
            place.mkdir()
            with Daemon(place) as daemon:
                measure(daemon)
    finally:
        shutil.rmtree(root, ignore_errors=True)


if __name__ == '__main__':
    main()
