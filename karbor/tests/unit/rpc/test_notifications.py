# SPDX-License-Identifier: Apache-2.0
"""What the cloud is told arrives, and nothing waits for it."""

import threading
import uuid

import oslo_messaging as messaging
import pytest

from karbor.rpc import notifications
from karbor.rpc import transport
from karbor.tests.unit.db import common

PATIENCE = 60


@pytest.fixture
def topic(bus, conf):
    """Where this process tells, and what it is told with."""
    name = uuid.uuid4().hex
    notifications.reset()
    notifications.notifier()
    conf.set_override('topics', [name], 'oslo_messaging_notifications')
    conf.set_override('driver', ['messagingv2'],
                      'oslo_messaging_notifications')
    notifications.reset()
    yield name
    notifications.reset()
    conf.clear_override('topics', 'oslo_messaging_notifications')
    conf.clear_override('driver', 'oslo_messaging_notifications')


class Endpoint:
    def __init__(self, queue):
        self.queue = queue

    def info(self, *said):
        self.queue.append(('info', said))

    def error(self, *said):
        self.queue.append(('error', said))


def test_what_is_told_arrives(bus, conf, topic):
    arrived, heard = threading.Event(), []

    class Heard(list):
        def append(self, item):
            heard.append(item)
            arrived.set()

    listener = messaging.get_notification_listener(
        messaging.get_notification_transport(conf, url=transport.url()),
        [messaging.Target(topic=topic)], [Endpoint(Heard())],
        executor='threading')
    listener.start()
    try:
        notifications.notify(common.member(), 'karbor.run.skipped',
                             {'reason': 'r'}, priority='error')
        assert arrived.wait(PATIENCE)
    finally:
        listener.stop()
        listener.wait()
    [(priority, (context, publisher, event, payload, _meta))] = heard
    assert (priority, publisher, event, payload) == (
        'error', f'karbor.{conf.host}', 'karbor.run.skipped', {'reason': 'r'})
    assert context['project_id'] == common.PROJECT
    assert 'auth_token' not in context


def test_a_bus_that_is_away_undoes_nothing(monkeypatch, caplog):
    def fail():
        raise ConnectionError('away')

    monkeypatch.setattr(notifications, 'notifier', fail)
    notifications.notify(common.member(), 'karbor.run.late', {})
    assert 'karbor.run.late' in caplog.text


class Stuck:
    """A notifier whose bus is away until it is released."""

    def __init__(self):
        self.entered, self.released = threading.Event(), threading.Event()
        self.sent = []

    def info(self, context, event_type, payload):
        self.entered.set()
        self.released.wait(PATIENCE)
        self.sent.append(event_type)


@pytest.fixture
def stuck(monkeypatch):
    notifications.reset()
    stuck = Stuck()
    monkeypatch.setattr(notifications, 'notifier', lambda: stuck)
    yield stuck
    stuck.released.set()
    assert notifications.flush(PATIENCE)
    notifications.reset()


def test_nobody_waits_for_a_bus_that_is_away(stuck, monkeypatch, caplog):
    """The driver tries for ever; whoever tells has other things to do."""
    monkeypatch.setattr(notifications, '_ROOM', 2)

    def tell(*names):
        for name in names:
            notifications.notify(common.member(), name, {})

    teller = threading.Thread(target=tell, args=['first'], daemon=True)
    teller.start()
    assert stuck.entered.wait(PATIENCE)
    teller.join(PATIENCE)
    assert not teller.is_alive()
    tell('second', 'third', 'fourth')
    assert not notifications.flush(0.01)
    assert 'The notification fourth is lost' in caplog.text
    stuck.released.set()
    assert notifications.flush(PATIENCE)
    assert stuck.sent == ['first', 'second', 'third']


def test_one_that_is_not_taken_keeps_no_other(monkeypatch, caplog):
    sent = []

    class Failing:
        def info(self, context, event_type, payload):
            if event_type == 'first':
                raise ConnectionError('away')
            sent.append(event_type)

    notifications.reset()
    monkeypatch.setattr(notifications, 'notifier', Failing)
    for name in ('first', 'second'):
        notifications.notify(common.member(), name, {})
    assert notifications.flush(PATIENCE)
    notifications.reset()
    assert sent == ['second']
    assert 'notification first was not taken' in caplog.text
