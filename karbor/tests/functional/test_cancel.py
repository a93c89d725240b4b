# SPDX-License-Identifier: Apache-2.0
"""Cancelling what real daemons work on."""

import pytest

from karbor.tests.functional import daemons

# so long that no heartbeat comes by in a test: the bus has to tell
LEASE = 900
NEW = {'OpenStack-API-Version': 'data-protect 1.1'}


@pytest.fixture(scope='module', params=['standalone', 'postgresql'])
def karbor(request, tmp_path_factory):
    with daemons.deployment(tmp_path_factory.mktemp('cancel'),
                            request.param, lease=LEASE) as deployed:
        deployed.start()
        yield deployed


def _ask(karbor, method, path):
    return karbor.http(method, path, headers={
        **NEW, 'X-Auth-Token': f'user:{daemons.PROJECT}'})


def _operation(karbor, type_, checkpoint_id):
    found = _ask(karbor, 'GET', f'/operations?type={type_}&checkpoint_id='
                 f'{checkpoint_id}').json()['operations']
    return found[0]


@pytest.mark.parametrize('type_', ['protect', 'restore', 'delete'])
def test_a_hook_is_cut_off_and_there_is_a_way_out(karbor, type_):
    name = f'cancel-{type_}'
    place = f'{type_}.on_main.Box.{name}'
    plan = karbor.plan(karbor.box(name, b'before'))
    if type_ == 'protect':
        order = karbor.order(place, 'hang')
        checkpoint = karbor.checkpoint(plan)
    else:
        checkpoint = karbor.protect(plan)
        order = karbor.order(place, 'hang')
        if type_ == 'restore':
            karbor.client().restores.create(daemons.PROVIDER, checkpoint.id,
                                            None, {}, None)
        else:
            karbor.client().checkpoints.delete(daemons.PROVIDER,
                                               checkpoint.id)
    daemons.until(lambda: f'begin {place}' in karbor.trace(),
                  what='the hook that hangs')
    running = _operation(karbor, type_, checkpoint.id)
    assert running['status'] == 'running'
    answer = _ask(karbor, 'POST', f'/operations/{running["id"]}/cancel')
    assert answer.status_code == 202
    karbor.ended(type_, checkpoint.id)
    ended = _ask(karbor, 'GET', f'/operations/{running["id"]}').json()
    assert ended['operation']['status'] == 'cancelled'
    assert ended['operation']['reason'].startswith('Cancelled by ')
    assert f'end {place}' not in karbor.trace()
    # too late for another time
    answer = _ask(karbor, 'POST', f'/operations/{running["id"]}/cancel')
    assert answer.status_code == 409
    order.unlink()
    status = karbor.client().checkpoints.get(daemons.PROVIDER,
                                             checkpoint.id).status
    assert status == {'protect': 'error', 'restore': 'available',
                      'delete': 'error-deleting'}[type_]
    assert karbor.delete(checkpoint.id).status == 'deleted'
    assert not [key for key in karbor.bank_objects()
                if checkpoint.id in key]
