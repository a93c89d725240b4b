# SPDX-License-Identifier: Apache-2.0
"""What is told to those who wait."""

import uuid

from oslo_utils import timeutils
import pytest

from karbor import context
from karbor.actions import queue
from karbor.db import operations
from karbor.db import services
from karbor.db import session
from karbor.model.operation import Operation
from karbor.model.queue import Limits
from karbor.tests import fixtures
from karbor.tests.fixtures import PROVIDER

SYSTEM = context.system()


@pytest.fixture(autouse=True)
def house(database):
    """What it stands on."""


def save(**changes):
    made = Operation(**{
        'id': str(uuid.uuid4()), 'type': 'protect', 'user_id': 'u',
        'project_id': fixtures.PROJECT, 'provider_id': PROVIDER,
        'checkpoint_id': str(uuid.uuid4()), 'status': 'queued',
        'created_at': timeutils.utcnow(with_timezone=True), **changes})
    with session.writer(SYSTEM) as writer:
        operations.insert(writer, made)
    return made


def run(**changes):
    save(**changes)
    return operations.claim(SYSTEM, 'w', 300)


def beat(project=0, at_provider=0, host='h'):
    services.heartbeat(SYSTEM, host, 'karbor-protection',
                       Limits(project, {PROVIDER: at_provider}).to_dict())


def told(*found):
    return queue.waiting(SYSTEM, found)


def reason(one):
    return told(one)[one.id].reason


def test_only_of_what_waits():
    beat()
    running = run()
    assert told() == told(running) == {}
    # begun since it was read
    waiting = save()
    operations.claim(SYSTEM, 'w', 300)
    assert told(waiting) == {}


def test_nobody_would_take_it():
    one = save()
    assert reason(one) == 'waiting for a worker: no karbor-protection is up'
    beat()
    assert reason(one) == 'waiting for a free worker'
    [daemon] = services.list_(SYSTEM, 60)
    services.set_status(SYSTEM, daemon.id, 'disabled', None, 60)
    assert reason(one) == (
        'waiting for a worker: every karbor-protection is disabled')
    beat(host='another')
    assert reason(one) == 'waiting for a free worker'


def test_a_provider_is_full():
    beat(at_provider=1)
    one = save(project_id=fixtures.OTHER)
    assert reason(one) == 'waiting for a free worker'
    operations.claim(SYSTEM, 'w', 300)
    two = save()
    assert reason(two) == f'waiting for provider {PROVIDER}: 1 of 1 running'
    assert reason(save(provider_id=fixtures.PROVIDER_2)) == (
        'waiting for a free worker')


def test_a_project_is_full():
    beat(project=2)
    run()
    run(provider_id=fixtures.PROVIDER_2)
    assert reason(save()) == (
        'waiting for the other operations of the project: 2 of 2 running')
    assert reason(save(project_id=fixtures.OTHER)) == (
        'waiting for a free worker')


def test_another_is_in_its_way():
    beat(project=1)
    running = run(lane='plan:p')
    assert reason(save(lane='plan:p', type='restore')) == (
        f'waiting until operation {running.id} (protect) ends')
    # ids are for those of the project
    assert reason(save(lane='plan:p', project_id=fixtures.OTHER)) == (
        'waiting until an operation on the same place ends')


def test_the_last_that_was_configured_counts():
    run()
    beat(at_provider=1, host='first')
    beat(at_provider=0, host='second')
    assert reason(save()) == 'waiting for a free worker'
    beat(at_provider=1, host='first')
    assert 'of 1 running' in reason(save())
    # a daemon of an older release tells of none
    services.heartbeat(SYSTEM, 'old', 'karbor-protection')
    assert 'of 1 running' in reason(save())


def test_a_list_takes_as_many_queries_as_one():
    beat()
    found = [save(project_id=str(number % 5)) for number in range(50)]
    counts = []
    for some in (found[:1], found):
        with fixtures.Statements() as statements:
            assert len(told(*some)) == len(some)
        counts.append(statements.count)
    assert counts[0] == counts[1]
    assert [told(*found)[one.id].position for one in found[::5]] == list(
        range(1, 11))
