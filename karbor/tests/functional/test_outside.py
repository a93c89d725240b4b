# SPDX-License-Identifier: Apache-2.0
"""Whatever the engine does, a scheduler outside of Karbor can do.

The same history, once with an engine and once with none at all: what is left
in the end is the same, and so is what the service says of it.
"""

import ast
import json
import os
from pathlib import Path
import subprocess
import sys

import pytest

from karbor.tests.functional import daemons
from karbor.tests.functional import outside
from karbor.tests.functional.daemons import PROVIDER

AT_1_2 = {**outside.HEADERS, 'X-Auth-Token': f'user:{daemons.PROJECT}'}
RULE = {'max_backups': 2, 'max_age': 86_400}
# what happens, one after the other: the schedule's time comes, or comes while
# nothing can be saved, or a user makes a checkpoint by hand, or takes the
# newest one out of use
HISTORY = ('time', 'hand', 'time', 'broken', 'hand', 'reset', 'time')


class Engineless(daemons.Deployment):
    """Nothing but the API and the protection service."""

    binaries = ('karbor-protection', 'karbor-api')


class Site:
    """A plan, and what has become of its checkpoints.

    :ivar made: the number in the history of each checkpoint, by its id
    :ivar instead: of which operation the rule does not count, if there is
        one
    """

    instead = {}

    def __init__(self, karbor, name):
        self.karbor = karbor
        self.name = name
        self.plan = karbor.plan(karbor.box(name)).id
        self.ask('PUT', f'/plans/{self.plan}', plan={'status': 'started'})
        self.made = {}
        self.begin()

    def ask(self, method, path, **body):
        answer = self.karbor.http(method, path, json=body or None,
                                  headers=AT_1_2)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    def begin(self):
        """Prepare what comes when the time comes."""

    def time_comes(self):
        """Do what is scheduled, to its end."""
        raise NotImplementedError

    def time_comes_in_vain(self):
        """The same, while nothing can be saved."""
        self.time_comes()

    def checkpoints(self):
        """Those of the plan, newest first."""
        return self.ask('GET', f'/providers/{PROVIDER}/checkpoints?'
                        f'plan_id={self.plan}')['checkpoints']

    def history(self):
        """Let all happen; what is left and what is said after each."""
        found = []
        for number, what in enumerate(HISTORY):
            self.step(number, what)
            found.append((self.left(), self.said()))
        return found

    def step(self, number, what):
        if what == 'hand':
            made = self.ask('POST', f'/providers/{PROVIDER}/checkpoints',
                            checkpoint={'plan_id': self.plan})['checkpoint']
            self.karbor.ended('protect', made['id'])
        elif what == 'reset':
            self.ask('PUT', f'/providers/{PROVIDER}/checkpoints/'
                     f'{self.checkpoints()[0]["id"]}',
                     **{'os-resetState': {'state': 'error'}})
        elif what == 'broken':
            order = self.karbor.order(
                f'protect.on_main.Box.{self.name}', 'fail')
            self.time_comes_in_vain()
            order.unlink()
        else:
            self.time_comes()
        for one in self.checkpoints():
            self.made.setdefault(one['id'], number)

    def left(self):
        """Number and status of what there is, newest first."""
        return [(self.made[one['id']], one['status'])
                for one in self.checkpoints()]

    def said(self):
        """What its rule would do now and why, and what another one would."""
        return [[(self.made[one['id']], one['action'], one['reason'])
                 for one in answer['retention']['checkpoints']]
                for answer in (self.simulated(), self.ask(
                    'POST', f'/plans/{self.plan}/retention',
                    retention={'max_backups': 1, **self.instead}))]

    def simulated(self):
        """What the service says that the rule would do."""
        raise NotImplementedError


class Outside(Site):
    """There is no engine; a program asks over REST."""

    def begin(self):
        self.scheduler = outside.Scheduler(
            f'http://127.0.0.1:{self.karbor.port}/v1/{daemons.PROJECT}',
            AT_1_2['X-Auth-Token'], self.plan, RULE)

    def time_comes(self):
        self.scheduler.run()

    def simulated(self):
        return self.ask('POST', f'/plans/{self.plan}/retention',
                        retention=RULE)

    def time_comes_in_vain(self):
        with pytest.raises(outside.Failed, match='told to fail'):
            self.scheduler.run()


class Inside(Site):
    """The engine does it, whenever a run of the operation is due."""

    def begin(self):
        trigger = self.ask('POST', '/triggers', trigger_info={
            'name': 'nightly', 'type': 'time', 'properties': {
                'format': 'crontab', 'pattern': '0 2 1 1 *'}})
        made = self.ask('POST', '/scheduled_operations', scheduled_operation={
            'name': 'keep two', 'operation_type': 'retention_protect',
            'trigger_id': trigger['trigger_info']['id'],
            'operation_definition': {'provider_id': PROVIDER,
                                     'plan_id': self.plan, **RULE}})
        self.instead = {'instead_of': made['scheduled_operation']['id']}
        self.path = f'/scheduled_operations/{self.instead["instead_of"]}'

    def simulated(self):
        return self.ask('GET', f'{self.path}/retention')

    def time_comes(self):
        run = self.ask('POST', f'{self.path}/run')['run']

        def ended():
            found = self.ask('GET', f'{self.path}/runs/{run["id"]}')['run']
            return found['ended_at'] and found
        daemons.until(ended, what='the end of a run')

        def swept():
            return not any(
                one['action'] == 'delete' or one['status'] == 'deleting'
                for one in self.simulated()['retention']['checkpoints'])
        daemons.until(swept, what='the end of a sweep')


@pytest.fixture
def karbor(tmp_path):
    with daemons.deployment(tmp_path, 'sqlite', Engineless) as deployed:
        deployed.start()
        yield deployed


def test_the_same_history_has_the_same_end(karbor):
    without = Outside(karbor, 'outside').history()
    assert karbor.heartbeats() == {'karbor-protection'}
    karbor.start('karbor-operationengine')
    with_ = Inside(karbor, 'inside').history()
    for what, one, other in zip(HISTORY, without, with_, strict=True):
        assert one == other, what
    # two that are available, and two that no rule is about
    left, _said = without[-1]
    assert left == [(6, 'available'), (4, 'error'), (3, 'error'),
                    (2, 'available')]
    assert [(run['Origin'], run['Status']) for run in watched(karbor)] == [
        ('manual', 'success'), ('manual', 'failed'), ('manual', 'success'),
        ('manual', 'success')]


def watched(karbor):
    """The ledger, as a user without Keystone sees it by the command line."""
    result = subprocess.run(
        [str(Path(sys.executable).with_name('openstack')), 'data',
         'protection', 'run', 'list', 'keep two', '-f', 'json'],
        capture_output=True, text=True, timeout=daemons.QUICK, env={
            'PATH': os.environ['PATH'], 'HOME': str(karbor.root),
            'OS_AUTH_TYPE': 'admin_token',
            'OS_ENDPOINT': f'http://127.0.0.1:{karbor.port}/v1/'
                           f'{daemons.PROJECT}',
            'OS_TOKEN': f'me:{daemons.PROJECT}'})
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def test_the_program_knows_nothing_but_the_api():
    tree = ast.parse(Path(outside.__file__).read_text())
    assert {alias.name for node in ast.walk(tree)
            if isinstance(node, ast.Import) for alias in node.names} == {
        'requests', 'time'}
    assert not any(isinstance(node, ast.ImportFrom)
                   for node in ast.walk(tree))
