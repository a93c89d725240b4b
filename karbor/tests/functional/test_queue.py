# SPDX-License-Identifier: Apache-2.0
"""The queue of real daemons, as users see it."""

import pytest

from karbor.tests.functional import daemons

# so long that no heartbeat comes by in a test: the bus has to tell
LEASE = 900
OTHER = 'f' * 32


class Deployment(daemons.Deployment):
    """Two operations run at a provider, however many workers there are."""

    def write_provider(self, bank=None):
        super().write_provider(bank)
        path = self.root / 'providers.d/test.conf'
        path.write_text(path.read_text().replace(
            '[provider]\n', '[provider]\noperations = 2\n'))


@pytest.fixture(scope='module', params=['standalone', 'postgresql'])
def karbor(request, tmp_path_factory):
    with daemons.deployment(tmp_path_factory.mktemp('queue'), request.param,
                            make=Deployment, lease=LEASE) as deployed:
        deployed.start()
        if request.param != 'standalone':
            deployed.start('karbor-protection', 'another worker')
        yield deployed


def _ask(karbor, method, path, project=daemons.PROJECT, **kwargs):
    return karbor.http(method, path, project=project, headers={
        'OpenStack-API-Version': 'data-protect 1.2',
        'X-Auth-Token': f'user:{project}'}, **kwargs)


def _begin(karbor, plan, project=daemons.PROJECT):
    """Ask for a checkpoint; the operation that makes it."""
    answer = _ask(karbor, 'POST',
                  f'/providers/{daemons.PROVIDER}/checkpoints', project,
                  json={'checkpoint': {'plan_id': plan.id}})
    made = answer.json()['checkpoint']['id']
    [operation] = _ask(karbor, 'GET', f'/operations?checkpoint_id={made}',
                       project).json()['operations']
    return operation


def _now(karbor, operation):
    return _ask(karbor, 'GET', f'/operations/{operation["id"]}',
                operation['project_id']).json()['operation']


def _until(karbor, operation, status):
    daemons.until(lambda: _now(karbor, operation)['status'] == status,
                  what=f'an operation that is {status}')


def _hang(karbor, name):
    """A plan whose protection hangs until the file is removed."""
    return (karbor.plan(karbor.box(name)),
            karbor.order(f'protect.on_main.Box.{name}', 'hang'))


def test_what_waits_says_for_what_and_a_deletion_cancels(karbor):
    plan, order = _hang(karbor, 'lane')
    first = _begin(karbor, plan)
    _until(karbor, first, 'running')
    assert _now(karbor, first)['waiting'] is None
    second = _begin(karbor, plan)
    assert second['waiting'] == {
        'position': 1,
        'reason': f'waiting until operation {first["id"]} (protect) ends'}
    daemons.until(lambda: 'begin protect.on_main.Box.lane' in karbor.trace(),
                  what='the hook that hangs')
    path = f'/providers/{daemons.PROVIDER}/checkpoints'
    answer = _ask(karbor, 'DELETE', f'{path}/{first["checkpoint_id"]}')
    assert answer.status_code == 202
    # the bus has told its worker, which has let the hook go
    _until(karbor, first, 'cancelled')
    order.unlink()
    _until(karbor, second, 'success')
    daemons.until(lambda: _ask(
        karbor, 'GET', f'{path}/{first["checkpoint_id"]}',
        ).status_code == 404, what='the end of the checkpoint')
    assert not [key for key in karbor.bank_objects()
                if first['checkpoint_id'] in key]


def test_a_provider_takes_so_many_from_all_workers(karbor):
    begun = [_hang(karbor, f'full-{number}') for number in range(2)]
    running = [_begin(karbor, plan) for plan, _order in begun]
    for operation in running:
        _until(karbor, operation, 'running')
    crowd = [_begin(karbor, karbor.plan(karbor.box(f'crowd-{number}')))
             for number in range(3)]
    # of another project, which has its turn as soon as there is room
    late = _begin(karbor, karbor.plan(karbor.box('late'), project=OTHER),
                  OTHER)
    reason = f'waiting for provider {daemons.PROVIDER}: 2 of 2 running'
    daemons.until(lambda: _now(karbor, late)['waiting'] == {
        'position': 1, 'reason': reason}, what='the limit')
    assert [_now(karbor, one)['waiting']['position']
            for one in crowd] == [1, 2, 3]
    begun[0][1].unlink()
    for operation in (*crowd, late):
        _until(karbor, operation, 'success')
    ended = {one['id']: _now(karbor, one) for one in (*crowd, late)}
    assert ended[late['id']]['started_at'] == min(
        one['started_at'] for one in ended.values())
    begun[1][1].unlink()
    for operation in running:
        _until(karbor, operation, 'success')
