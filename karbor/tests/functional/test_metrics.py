# SPDX-License-Identifier: Apache-2.0
"""What real daemons show to Prometheus while they work."""

from pathlib import Path
import socket
import subprocess
import sys

from prometheus_client import parser
import pytest
import requests

from karbor.tests import ports
from karbor.tests.functional import daemons

BINARIES = ('api', 'operationengine', 'protection', 'standalone')
WORKERS = 2


class Deployment(daemons.Deployment):
    """Shows metrics; the protection service has two processes.

    :ivar ports: by the name of the daemon, of its first process
    """

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        first = ports.free(2 * len(BINARIES))
        self.ports = {name: first + 2 * number
                      for number, name in enumerate(BINARIES)}
        text = self.config.read_text().replace(
            '[protection]', f"""\
[metrics]
database_interval = 0
{chr(10).join(f'{name}_port = {port}' for name, port in self.ports.items())}
[protection]
workers = {WORKERS}
operations = 1""")
        self.config.write_text(text)

    @property
    def slots(self):
        """Operations that run at the same time."""
        return 1 if self.bus is None else WORKERS

    def shown(self, name, worker=0):
        """Samples of a process, as Prometheus reads them."""
        answer = requests.get(
            f'http://127.0.0.1:{self.ports[name] + worker}/metrics',
            timeout=60)
        answer.raise_for_status()
        return {
            (sample.name.removeprefix('karbor_'),
             *(value for _key, value in sorted(sample.labels.items()))):
            sample.value
            for family in parser.text_string_to_metric_families(answer.text)
            for sample in family.samples}

    def of_database(self):
        return self.shown('standalone' if self.bus is None
                          else 'operationengine')

    def of_workers(self, *key):
        """A sample, summed over all processes that work."""
        if self.bus is None:
            return self.shown('standalone').get(key, 0)
        return sum(self.shown('protection', worker).get(key, 0)
                   for worker in range(WORKERS))


@pytest.fixture(scope='module', params=['standalone', 'postgresql'])
def karbor(request, tmp_path_factory):
    with daemons.deployment(tmp_path_factory.mktemp('metrics'),
                            request.param, make=Deployment) as deployed:
        deployed.start()
        yield deployed


def test_what_waits_and_what_runs(karbor):
    """One more than there are slots, all of which wait to be told."""
    places = [f'protect.on_main.Box.{number}'
              for number in range(karbor.slots)]
    orders = [karbor.order(place, 'hang') for place in places]
    plans = [karbor.plan(karbor.box(str(number)))
             for number in range(karbor.slots + 1)]
    made = []
    for plan, place in zip(plans, places, strict=False):
        made.append(karbor.checkpoint(plan))
        daemons.until(lambda place=place: f'begin {place}' in karbor.trace(),
                      what='the hook that hangs')
    made.append(karbor.checkpoint(plans[-1]))
    mine = daemons.PROJECT, 'protect'
    busy = karbor.of_database()
    assert busy['database_up',] == 1
    assert busy['operations_running', *mine] == karbor.slots
    assert busy['queue_depth', *mine] == 1
    assert busy['queue_oldest_age_seconds', *mine] >= 0
    assert busy['operations_abandoned', *mine] == 0
    assert {busy['plan_last_success_timestamp_seconds', plan.id,
                 daemons.PROJECT] for plan in plans} == {0}
    assert busy['plan_scheduled', plans[0].id, daemons.PROJECT] == 0
    assert karbor.of_workers('operation_claims_total',
                             'protect') == karbor.slots
    for order in orders:
        order.unlink()
    for checkpoint in made:
        karbor.ended('protect', checkpoint.id)
    done = 'success', 'protect'
    # what is counted is counted after the commit
    daemons.until(lambda: karbor.of_workers(
        'operation_outcomes_total', *done) == len(made), what='the counter')
    assert karbor.of_workers('operation_duration_seconds_count',
                             *done) == len(made)
    assert karbor.of_workers('operation_wait_seconds_count',
                             'protect') == len(made)
    content = sum(len(part) for number in range(len(made))
                  for part in karbor.boxes(str(number)))
    assert karbor.of_workers('bank_bytes_total', 'write',
                             'protect') == content
    idle = karbor.of_database()
    assert ('queue_depth', *mine) not in idle
    for plan in plans:
        assert idle['plan_last_success_timestamp_seconds', plan.id,
                    daemons.PROJECT] > 0
    for binary in ('karbor-protection', 'karbor-operationengine'):
        assert idle['service_enabled', binary, 'host-of-test'] == 1
        assert idle['service_heartbeat_age_seconds', binary,
                    'host-of-test'] < 3600


def test_requests_are_counted(karbor):
    name = 'standalone' if karbor.bus is None else 'api'

    def count():
        return karbor.shown(name).get(
            ('api_request_duration_seconds_count', 'GET', '404'), 0)

    before = count()
    karbor.http('GET', '/plans/00000000-0000-4000-8000-000000000000')
    daemons.until(lambda: count() == before + 1, what='the count')


def test_each_daemon_says_what_it_is(karbor):
    for binary in karbor.binaries:
        name = binary.removeprefix('karbor-')
        for worker in range(WORKERS if name == 'protection' else 1):
            [build] = [key for key in karbor.shown(name, worker)
                       if key[0] == 'build_info']
            assert build[1] == binary


def test_an_address_in_use_is_said_and_nothing_begins(karbor):
    """As when the port of another daemon is written twice."""
    config = karbor.root / 'twice.conf'
    config.write_text(karbor.config.read_text().replace(
        f'port = {karbor.port}', 'port = 0'))
    name = karbor.binaries[0].removeprefix('karbor-')
    ended = subprocess.run(
        [str(Path(sys.executable).with_name(karbor.binaries[0])),
         '--config-file', str(config)], capture_output=True, text=True,
        timeout=120, env=daemons.environ())
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1] == (
        f'karbor-{name}: [metrics] {name}_port = {karbor.ports[name]}: '
        f'cannot listen on port {karbor.ports[name]} of 127.0.0.1: '
        'Address already in use')


def test_a_worker_that_is_killed_has_its_port_again(karbor):
    if karbor.bus is None:
        return
    before = karbor.processes['karbor-protection'].workers()
    subprocess.run(['kill', '-9', *before], check=True)
    for worker in range(WORKERS):
        assert any(key[0] == 'build_info'
                   for key in karbor.shown('protection', worker))
    assert not set(before) & set(
        karbor.processes['karbor-protection'].workers())


def test_who_asks_for_metrics_holds_up_no_end(karbor):
    """Somebody connects, and says nothing."""
    name = karbor.binaries[0].removeprefix('karbor-')
    with socket.create_connection(('127.0.0.1', karbor.ports[name])):
        assert set(karbor.stop()) == {0}
