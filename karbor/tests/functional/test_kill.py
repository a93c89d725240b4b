# SPDX-License-Identifier: Apache-2.0
"""Daemons killed, stopped and reloaded in the middle of their work."""

import os
import signal

import pytest

from karbor.plugin import HOOKS
from karbor.tests.functional import daemons

PLACES = [*((operation, hook) for operation in ('protect', 'restore', 'delete')
            for hook in HOOKS),
          # what differs from these is in their main phase
          ('verify', 'on_main'), ('copy', 'on_main')]


@pytest.fixture(scope='module', params=['standalone', 'postgresql'])
def karbor(request, tmp_path_factory):
    """Daemons whose worker may be dead when a test begins."""
    with daemons.deployment(tmp_path_factory.mktemp('kill'),
                            request.param) as deployed:
        deployed.start()
        yield deployed


@pytest.fixture(scope='module')
def apart(tmp_path_factory):
    """Three daemons, of which there may be more."""
    with daemons.deployment(tmp_path_factory.mktemp('apart'),
                            'postgresql') as deployed:
        deployed.start()
        yield deployed


@pytest.fixture
def alive(karbor):
    """The same, with a worker."""
    _revive(karbor)
    return karbor


def _revive(karbor):
    if karbor.worker.gone():
        karbor.start(karbor.binaries[0])


def _begin(karbor, operation, checkpoint):
    """Begin an operation; the id of the checkpoint that it works on."""
    client = karbor.client()
    if operation == 'copy':
        return karbor.http(
            'POST', f'/providers/{daemons.PROVIDER}/checkpoints/action',
            json={'copy': {'plan_id': checkpoint.protection_plan['id']}},
        ).json()['copy']['checkpoint_id']
    if operation == 'verify':
        client.verifications.create(daemons.PROVIDER, checkpoint.id, {})
    elif operation == 'restore':
        client.restores.create(daemons.PROVIDER, checkpoint.id, None, {},
                               None)
    else:
        client.checkpoints.delete(daemons.PROVIDER, checkpoint.id)
    return checkpoint.id


def _counts(trace, kind, place):
    return trace.count(f'{kind} {place}')


@pytest.mark.parametrize(('operation', 'hook'), PLACES)
def test_killed_in_a_hook_the_work_goes_on(alive, operation, hook):
    """SIGKILL in each hook: the next process finishes what was begun."""
    # a parent in one half of the cases, a child in the other
    kind = 'Thing' if operation == 'restore' else 'Box'
    name = f'{operation}-{hook}'
    place = f'{operation}.{hook}.{kind}.{name}'
    plan = alive.plan(alive.box(name, b'before'))
    if operation == 'protect':
        alive.order(place, 'kill')
        id_ = alive.checkpoint(plan).id
    else:
        checkpoint = alive.protect(plan)
        alive.box(name, b'lost')
        alive.order(place, 'kill')
        id_ = _begin(alive, operation, checkpoint)
    daemons.until(alive.worker.gone, what='the kill')
    seen = alive.trace()
    _revive(alive)

    log = alive.ended(operation, id_)
    assert log.status in ('available', 'success', 'deleted'), log.error_info
    trace = alive.trace()
    # the hook that was cut ran again; what it makes outside was made once
    assert _counts(trace, 'begin', place) == 2
    assert _counts(trace, 'end', place) == 1
    made = [line for line in trace
            if line.startswith(f'made {operation}.')
            and line.endswith(f'.{kind}.{name}')]
    assert len(made) == 1
    # Hooks of the batches before it were in the journal: they ran once. One
    # beside it may have been cut between its end and its entry.
    for line in {line for line in seen
                 if line.startswith(f'end {operation}.')
                 and line.endswith(f'.{name}') and f'.{hook}.' not in line}:
        assert trace.count(line) == 1, line
    if operation == 'copy':
        assert alive.delete(checkpoint.id).status == 'deleted'
    if operation in ('protect', 'verify', 'copy'):
        assert alive.restore(id_).status == 'success'
    if operation != 'delete':
        assert alive.boxes(name) == (b'box before', b'thing before')
        assert alive.delete(id_).status == 'deleted'
    assert not [p for p in alive.bank_objects() if id_ in p]


def test_another_worker_takes_over(apart):
    """Nobody starts the dead one again: a second one goes on."""
    karbor = apart
    _revive(karbor)
    resource = karbor.box('takeover')
    karbor.order('protect.on_main.Box.takeover', 'kill')
    checkpoint = karbor.checkpoint(karbor.plan(resource))
    daemons.until(karbor.worker.gone, what='the kill')
    karbor.processes.pop('karbor-protection')
    karbor.start('karbor-protection', name='the-second')
    try:
        assert karbor.ended('protect', checkpoint.id).status == 'available'
    finally:
        karbor.processes['karbor-protection'] = karbor.processes.pop(
            'the-second')


def _hang(karbor, name):
    """A checkpoint whose main hook waits for its order to be removed."""
    resource = karbor.box(name)
    order = karbor.order(f'protect.on_main.Box.{name}', 'hang')
    checkpoint = karbor.checkpoint(karbor.plan(resource))
    begun = f'begin protect.on_main.Box.{name}'
    daemons.until(lambda: begun in karbor.trace(), what='the hook')
    return checkpoint, order, begun


def test_sigterm_gives_work_up_in_good_order(alive):
    """The claim is released, so nobody has to wait for its lease."""
    checkpoint, order, begun = _hang(alive, 'term')
    assert alive.worker.stop() == 0
    rows = alive.rows('SELECT status, owner, crashes FROM operations '
                      'WHERE checkpoint_id = :id', id=checkpoint.id)
    assert rows == [('queued', None, 0)]
    order.unlink()
    _revive(alive)
    assert alive.ended('protect', checkpoint.id).status == 'available'
    assert alive.trace().count(begun) == 2
    assert alive.rows('SELECT attempt, crashes FROM operations '
                      'WHERE checkpoint_id = :id',
                      id=checkpoint.id) == [(2, 0)]


def test_sighup_does_not_cut_work(alive):
    """Providers are read again; the hook that runs does not notice."""
    checkpoint, order, begun = _hang(alive, 'hup')
    workers = alive.worker.workers()
    text = (alive.root / 'providers.d/test.conf').read_text()
    (alive.root / 'providers.d/second.conf').write_text(text.replace(
        daemons.PROVIDER, '7b0c1f0e-4f70-4d0f-9a5e-0d1f6f3a1c22',
    ).replace('name = Test', 'name = Second'))
    try:
        alive.worker.signal(signal.SIGHUP)
        daemons.until(lambda: len(alive.client().providers.list()) == 2,
                      what='the second provider')
        assert alive.worker.workers() == workers
        order.unlink()
        assert alive.ended('protect', checkpoint.id).status == 'available'
        assert alive.trace().count(begun) == 1
    finally:
        (alive.root / 'providers.d/second.conf').unlink()


def test_a_frozen_worker_that_wakes_does_nothing(apart):
    """SIGSTOP longer than a lease: the other one's outcome stands."""
    karbor = apart
    _revive(karbor)
    checkpoint, order, begun = _hang(karbor, 'frozen')
    first = karbor.processes.pop('karbor-protection')
    for pid in first.workers():
        os.kill(int(pid), signal.SIGSTOP)
    karbor.start('karbor-protection', name='karbor-protection')
    daemons.until(lambda: karbor.trace().count(begun) == 2,
                  what='the takeover')
    order.unlink()
    log = karbor.ended('protect', checkpoint.id)
    assert log.status == 'available'
    for pid in first.workers():
        os.kill(int(pid), signal.SIGCONT)
    assert first.stop() == 0
    assert karbor.rows(
        'SELECT status, attempt FROM operations WHERE checkpoint_id = :id',
        id=checkpoint.id) == [('success', 2)]
    # the one that woke ended its hook no more than once, and changed nothing
    assert karbor.ended('protect', checkpoint.id).ended_at == log.ended_at
    karbor.box('frozen', b'lost')
    assert karbor.restore(checkpoint.id).status == 'success'
    assert karbor.boxes('frozen') == (b'box content', b'thing content')


def test_every_daemon_beats_and_ends_well(alive):
    """Heartbeats come; SIGTERM ends each daemon with status 0."""
    daemons.until(lambda: {'karbor-protection', 'karbor-operationengine'}
                  <= alive.heartbeats(), what='heartbeats')
    assert set(alive.stop()) == {0}
    alive.start()
    assert alive.http('GET', '/plans').status_code == 200
