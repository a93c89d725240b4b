# SPDX-License-Identifier: Apache-2.0
"""What real daemons tell a listener on a real bus."""

import threading

import oslo_messaging as messaging
import pytest

from karbor.tests import told as checker
from karbor.tests.functional import daemons

NEWEST = {'X-Auth-Token': f'user:{daemons.PROJECT}',
          'OpenStack-API-Version': 'data-protect latest'}
TOPIC = 'told-of-test'


@pytest.fixture(scope='module')
def karbor(tmp_path_factory):
    with daemons.deployment(tmp_path_factory.mktemp('karbor'),
                            'postgresql') as deployed:
        with deployed.config.open('a') as config:
            config.write(f"""
[oslo_messaging_notifications]
driver = messagingv2
topics = {TOPIC}
""")
        deployed.start()
        yield deployed


class Ear:
    """Takes all notifications, and holds each against its schema."""

    def __init__(self):
        self._heard = []
        self._lock = threading.Lock()

    def info(self, context, publisher, type_, payload, metadata):
        self._take('info', context, publisher, type_, payload)

    def error(self, context, publisher, type_, payload, metadata):
        self._take('error', context, publisher, type_, payload)

    def _take(self, priority, *said):
        with self._lock:
            self._heard.append((priority, *said))

    def about(self, key, id_):
        """(type, payload, publisher) of what has this id, in order."""
        with self._lock:
            heard = list(self._heard)
        found = []
        for priority, _context, publisher, type_, payload in heard:
            checker.check(type_, payload, priority)
            if payload.get(key) == id_:
                found.append((type_.removeprefix('karbor.'), payload,
                              publisher))
        return found


@pytest.fixture(scope='module')
def ear(karbor):
    with karbor.notifications('karbor') as transport:
        ear = Ear()
        listener = messaging.get_notification_listener(
            transport, [messaging.Target(topic=TOPIC)], [ear],
            executor='threading')
        listener.start()
        yield ear
        listener.stop()
        listener.wait()


def heard(ear, checkpoint_id, type_, last):
    """What was told of an operation, when the last of it has come."""
    def look():
        found = [(event, payload, publisher) for event, payload, publisher
                 in ear.about('checkpoint_id', checkpoint_id)
                 if payload.get('type') == type_]
        return any(event == last for event, *_rest in found) and found
    return daemons.until(look, what=f'the notification {last}')


def events(found):
    return [event for event, *_rest in found]


def ask(karbor, method, path, body=None):
    answer = karbor.http(method, path, json=body, headers=NEWEST)
    assert answer.ok, answer.text
    found, = answer.json().values()
    return found


def test_an_operation_from_its_start_to_its_end(karbor, ear):
    """Its things are done, and its boxes wait to be told."""
    boxes = [karbor.box(name) for name in ('one', 'two')]
    orders = [karbor.order(f'protect.on_complete.Box.{name}', 'hang')
              for _type, name in boxes]
    plan = karbor.plan(*boxes)
    checkpoint = karbor.checkpoint(plan)

    def half():
        found = ear.about('checkpoint_id', checkpoint.id)
        return [payload for _event, payload, _publisher in found
                if payload.get('quarter') == 0.5] and found
    found = daemons.until(half, what='the half of it')
    assert (found[0][0], found[0][1]['attempt']) == ('operation.start', 1)
    # a quarter is told of, too, if progress was written just then
    assert set(events(found[1:])) == {'operation.progress'}
    assert found[-1][1]['fraction'] == 0.5
    assert found[-1][1]['plan_id'] == plan.id
    for order in orders:
        order.unlink()
    found = heard(ear, checkpoint.id, 'protect', 'operation.end')
    assert events(found)[:2] == ['operation.start', 'operation.progress']
    assert events(found)[-1] == 'operation.end'
    assert {publisher for *_rest, publisher in found} == {
        'karbor-protection.host-of-test'}
    assert found[-1][1]['bytes_done'] > 0
    assert len({payload['id'] for _event, payload, _publisher in found}) == 1
    karbor.restore(checkpoint.id)
    assert events(heard(ear, checkpoint.id, 'restore', 'operation.end'))[0] \
        == 'operation.start'
    karbor.delete(checkpoint.id)
    heard(ear, checkpoint.id, 'delete', 'operation.end')


def test_a_failure(karbor, ear):
    order = karbor.order('protect.on_main.Box.bad', 'fail')
    plan = karbor.plan(karbor.box('bad'))
    checkpoint = karbor.checkpoint(plan)
    *_rest, (_event, payload, _publisher) = heard(
        ear, checkpoint.id, 'protect', 'operation.error')
    assert 'told to fail in protect.on_main.Box.bad' in payload['reason']
    order.unlink()


def test_a_damaged_checkpoint(karbor, ear):
    checkpoint = karbor.protect(karbor.plan(karbor.box('damaged')))
    chunk, *_others = (karbor.bank / 'data' / checkpoint.id).glob(
        '**/content/*/00000000/00000000')
    chunk.write_bytes(b'something else')
    karbor.client().verifications.create(daemons.PROVIDER, checkpoint.id, {})
    found = heard(ear, checkpoint.id, 'verify', 'verification.failed')
    # by then, some of it may have been done
    assert [event for event in events(found)
            if event != 'operation.progress'] == [
        'operation.start', 'operation.error', 'verification.failed']
    [damaged] = found[-1][1]['resources']
    assert damaged['id'] == 'damaged'
    assert damaged['reason']


def test_what_a_user_cancels(karbor, ear):
    order = karbor.order('protect.on_main.Box.slow', 'hang')
    checkpoint = karbor.checkpoint(karbor.plan(karbor.box('slow')))
    (_event, payload, _publisher), *_more = heard(
        ear, checkpoint.id, 'protect', 'operation.start')
    ask(karbor, 'POST', f'/operations/{payload["id"]}/cancel')
    found = heard(ear, checkpoint.id, 'protect', 'operation.cancel')
    assert 'operation.end' not in events(found)
    order.unlink()


def test_runs_of_a_schedule(karbor, ear):
    plan = karbor.plan(karbor.box('scheduled'))
    karbor.http('POST', f'/plans/{plan.id}/start',
                headers=NEWEST).raise_for_status()
    trigger = ask(karbor, 'POST', '/triggers', {'trigger_info': {
        'name': 't', 'type': 'event', 'properties': {'source': 'webhook'}}})
    operation = ask(karbor, 'POST', '/scheduled_operations', {
        'scheduled_operation': {
            'name': 's', 'operation_type': 'protect',
            'trigger_id': trigger['id'], 'operation_definition': {
                'provider_id': daemons.PROVIDER, 'plan_id': plan.id}}})

    def run(last):
        made = ask(karbor, 'POST',
                   f'/scheduled_operations/{operation["id"]}/run')

        def look():
            return [(event, payload, publisher) for event, payload, publisher
                    in ear.about('id', made['id']) if event == last]
        [(_event, payload, publisher)] = daemons.until(
            look, what=f'the notification {last}')
        assert publisher == 'karbor-operationengine.host-of-test'
        return payload

    payload = run('run.success')
    work = heard(ear, payload['checkpoint_id'], 'protect', 'operation.end')
    assert {told['scheduled_run_id'] for _event, told, _publisher in work} \
        == {payload['id']}
    order = karbor.order('protect.on_main.Box.scheduled', 'fail')
    assert 'told to fail' in run('run.failed')['reason']
    order.unlink()
