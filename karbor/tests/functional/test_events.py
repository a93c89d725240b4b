# SPDX-License-Identifier: Apache-2.0
"""Something happens, and a checkpoint is made: real daemons on a real bus."""

import json
import time

from oslo_context import context
import oslo_messaging as messaging
import pytest
import requests

from karbor.model import webhook
from karbor.tests.functional import daemons

DELETE = 'compute.instance.delete.start'
NEWEST = {'X-Auth-Token': f'user:{daemons.PROJECT}',
          'OpenStack-API-Version': 'data-protect latest'}
TOPIC = 'notifications-of-test'


@pytest.fixture(scope='module')
def karbor(tmp_path_factory):
    with daemons.deployment(tmp_path_factory.mktemp('karbor'),
                            'postgresql') as deployed:
        deployed.config.write_text(deployed.config.read_text().replace(
            '[events]', f"""\
[events]
notification_topics = {TOPIC}
notification_exchanges = nova
"""))
        deployed.box('one')
        deployed.start()
        yield deployed


class Serializer(messaging.JsonPayloadSerializer):
    def serialize_context(self, context):
        return context.to_dict()


@pytest.fixture(scope='module')
def nova(karbor):
    """Tells of things as nova does."""
    with karbor.notifications('nova') as transport:
        notifier = messaging.Notifier(
            transport, publisher_id='compute.host', driver='messagingv2',
            topics=[TOPIC], serializer=Serializer())
        yield lambda type_, payload: notifier.info(
            context.RequestContext(project_id=daemons.OTHER, overwrite=False),
            type_, payload)


def scheduled(karbor, **properties):
    """A trigger of events, and an operation that it sets off."""
    plan = karbor.plan(('Test::Box', 'one'))
    karbor.http('POST', f'/plans/{plan.id}/start',
                headers=NEWEST).raise_for_status()
    trigger = ask(karbor, 'POST', '/triggers', {'trigger_info': {
        'name': 't', 'type': 'event', 'properties': properties}})
    operation = ask(karbor, 'POST', '/scheduled_operations', {
        'scheduled_operation': {
            'name': 's', 'operation_type': 'protect',
            'trigger_id': trigger['id'], 'operation_definition': {
                'provider_id': daemons.PROVIDER, 'plan_id': plan.id}}})
    return trigger, operation


def ask(karbor, method, path, body=None):
    answer = karbor.http(method, path, json=body, headers=NEWEST)
    assert answer.ok, answer.text
    found, = answer.json().values()
    return found


def runs(karbor, operation):
    return ask(karbor, 'GET', f'/scheduled_operations/{operation["id"]}/runs')


def ended(karbor, operation, number=1):
    """Waits until so many runs have ended."""
    def look():
        found = runs(karbor, operation)
        return len(found) >= number and all(
            run['ended_at'] for run in found) and found
    return daemons.until(look, what='the end of a run')


def call(karbor, trigger, payload, *, secret=None, expect=202):
    body = json.dumps(payload).encode()
    timestamp = str(int(time.time()))
    answer = requests.post(
        f'http://127.0.0.1:{karbor.port}/v1/{daemons.PROJECT}/triggers/'
        f'{trigger["id"]}/webhook', data=body, timeout=60, headers={
            'Content-Type': 'application/json',
            'X-Karbor-Timestamp': timestamp,
            'X-Karbor-Signature': webhook.signature(
                secret or trigger['secret'], timestamp, body)})
    assert answer.status_code == expect, answer.text
    return answer.json()


def test_a_webhook_makes_a_checkpoint(karbor):
    trigger, operation = scheduled(karbor, source='webhook',
                                   payload={'ref': 'main'})
    assert call(karbor, trigger, {'ref': 'new'}) == {
        'event': {'wanted': False}}
    call(karbor, trigger, {'ref': 'main'}, secret='x' * 64, expect=403)
    assert call(karbor, trigger, {'ref': 'main', 'number': 1}) == {
        'event': {'wanted': True}}
    [run] = ended(karbor, operation)
    assert (run['status'], run['origin'], run['cause']['count']) == (
        'success', 'event', 1)
    checkpoint = karbor.client().checkpoints.get(daemons.PROVIDER,
                                                 run['checkpoint_id'])
    assert checkpoint.status == 'available'


def test_a_notification_makes_a_checkpoint(karbor, nova):
    """Before a server goes; whoever deletes it, whatever tells of it."""
    trigger, operation = scheduled(
        karbor, source='notification', debounce=1,
        event_types=[DELETE, 'instance.delete.start'])
    daemons.until(lambda: 'Listening for notifications'
                  in karbor.log.read_text(), what='a listener')
    nova(DELETE, {'tenant_id': daemons.OTHER})
    nova('compute.instance.create.end', {'tenant_id': daemons.PROJECT})
    nova(DELETE, {'tenant_id': daemons.PROJECT})
    nova('instance.delete.start', {'nova_object.data': {
        'tenant_id': daemons.PROJECT}})
    found = ended(karbor, operation)
    daemons.until(lambda: sum(
        run['cause']['count'] for run in runs(karbor, operation)) == 2,
        what='both')
    assert {run['status'] for run in found} == {'success'}


def test_nothing_is_lost_while_the_engine_is_dead(karbor, nova):
    """Killed, not stopped; the webhook goes on, and so does the queue."""
    trigger, operation = scheduled(karbor, source='webhook')
    other, told = scheduled(karbor, source='notification',
                            event_types=['volume.*'])
    karbor.processes['karbor-operationengine'].kill()
    call(karbor, trigger, {})
    nova('volume.delete.start', {'tenant_id': daemons.PROJECT})
    assert (runs(karbor, operation), runs(karbor, told)) == ([], [])
    del karbor.processes['karbor-operationengine']
    karbor.start('karbor-operationengine')
    for one in (operation, told):
        [run] = ended(karbor, one)
        assert (run['status'], run['cause']['count']) == ('success', 1)
