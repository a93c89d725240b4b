# SPDX-License-Identifier: Apache-2.0
"""Notifications of other services, on both kinds of buses."""

import threading

from oslo_context import context
from oslo_db import exception as db_exception
import oslo_messaging as messaging
import pytest
import sqlalchemy as sa

from karbor.actions import events
from karbor.actions import triggers
from karbor.db import models
from karbor.db import session
from karbor.operationengine import listener
from karbor.rpc import transport
from karbor.tests import fixtures
from karbor.tests.unit.rpc import buses

PATIENCE = 60
HANDLED = messaging.NotificationResult.HANDLED
REQUEUE = messaging.NotificationResult.REQUEUE
DELETE = 'compute.instance.delete.start'
RIGHT = {'context': {'project_id': fixtures.PROJECT}, 'publisher_id': 'nova',
         'event_type': DELETE, 'payload': {},
         'metadata': {'message_id': 'm1', 'timestamp': 'now'}}


# -- one notification ---------------------------------------------------------

class Receiver(list):
    """Stands for the action, and remembers what it was told."""

    def __init__(self, *errors):
        super().__init__()
        self.errors = list(errors)

    def __call__(self, project_id, **event):
        self.append((project_id, event))
        if self.errors and (error := self.errors.pop(0)) is not None:
            raise error
        return 1


def endpoint(receiver, stopped=None):
    return listener.Endpoint(stopped or threading.Event(), receiver, 0)


def test_what_is_told_of_it():
    receiver = Receiver()
    assert endpoint(receiver).info(**RIGHT) == HANDLED
    assert receiver == [(fixtures.PROJECT, {
        'id_': 'm1', 'type_': DELETE, 'payload': {}})]


def test_whose_thing_it_is_counts_more_than_who_asks():
    receiver = Receiver()
    endpoint(receiver).info(**{**RIGHT, 'payload': {
        'tenant_id': fixtures.OTHER}})
    [(project, _event)] = receiver
    assert project == fixtures.OTHER


@pytest.mark.parametrize('wrong', [
    {'metadata': {'message_id': None}}, {'metadata': {}},
    {'metadata': {'message_id': 'a b'}},
    {'metadata': {'message_id': 'x' * 129}}, {'event_type': None},
    {'event_type': ''}, {'event_type': 'x' * 256}, {'event_type': ['a']},
    {'event_type': 'a\x00'}, {'payload': None}, {'payload': 'text'},
    {'payload': []}])
def test_what_is_malformed_is_dropped_and_said_once(caplog, wrong):
    receiver = Receiver()
    one = endpoint(receiver)
    for _time in range(3):
        assert one.info(**{**RIGHT, **wrong}) == HANDLED
    assert receiver == []
    assert caplog.text.count('was dropped') == 1
    assert 'nova' in caplog.text


def test_the_mistakes_of_many_are_not_all_remembered(monkeypatch, caplog):
    monkeypatch.setattr(listener, '_REMEMBERED', 5)
    one = endpoint(Receiver())
    for number in range(7):
        one.info(**{**RIGHT, 'payload': None, 'publisher_id': str(number)})
    assert len(one._known) == caplog.text.count('was dropped') == 5


@pytest.mark.parametrize('context', [{}, None, {'project_id': 'x' * 256}])
def test_what_is_of_no_project_is_nobodys(context):
    receiver = Receiver()
    assert endpoint(receiver).info(**{**RIGHT, 'context': context}) == HANDLED
    assert receiver == []


AWAY = [db_exception.DBConnectionError(), db_exception.DBDeadlock(),
        db_exception.DBError(), sa.exc.TimeoutError()]


@pytest.mark.parametrize('error', AWAY, ids=lambda error: type(error).__name__)
def test_it_waits_for_the_database(error, caplog):
    receiver = Receiver(error, error, error)
    assert endpoint(receiver).info(**RIGHT) == HANDLED
    assert len(receiver) == 4
    # a line when it begins to wait, and not with each try
    assert caplog.text.count('waits for the database') == 1


def test_who_stops_gives_it_back():
    stopped = threading.Event()
    stopped.set()
    receiver = Receiver(*[db_exception.DBConnectionError()] * 3)
    assert endpoint(receiver, stopped).info(**RIGHT) == REQUEUE
    assert len(receiver) == 1


def test_another_may_try_in_the_end(monkeypatch):
    monkeypatch.setattr(listener, '_TRIES', 5)
    receiver = Receiver(*[db_exception.DBConnectionError()] * 9)
    assert endpoint(receiver).info(**RIGHT) == REQUEUE
    assert len(receiver) == 5


@pytest.mark.parametrize('error', [
    ZeroDivisionError(), db_exception.DBDataError()])
def test_what_can_never_be_taken_does_not_stop_the_queue(error, caplog):
    receiver = Receiver(error)
    assert endpoint(receiver).info(**RIGHT) == HANDLED
    assert len(receiver) == 1
    assert 'm1' in caplog.text


# -- over the bus -------------------------------------------------------------

class Topic:
    """Names on a bus that nobody else has."""

    def __init__(self, bus):
        self.bus = bus
        self.name = f'{bus.topic}-notifications'
        self.pool = f'{bus.topic}-pool'


@pytest.fixture(params=buses.BUSES)
def topic(request, database, rules, conf, monkeypatch):
    """A bus, and a database behind it."""
    bus = buses.BUSES[request.param]()
    bus.check()
    monkeypatch.setattr(transport, '_url', bus.url)
    transport.init(conf)
    # that is what its notifications go to
    conf.set_override('control_exchange', bus.name)
    found = Topic(bus)
    conf.set_override('notification_topics', [found.name], 'events')
    conf.set_override('notification_exchanges', [bus.name], 'events')
    conf.set_override('notification_pool', found.pool, 'events')
    yield found
    transport.cleanup()
    conf.clear_override('control_exchange')
    if isinstance(bus, buses.Rabbit):
        with buses._connection() as connection:
            for queue in (found.pool, f'{found.name}.info',
                          f'{found.name}.error'):
                connection.default_channel.queue_delete(queue)
    bus.clear()


@pytest.fixture
def listen(topic, conf):
    """Begins to listen; all are ended afterwards."""
    made = []

    def begin():
        one = listener.Listener(conf)
        one.start()
        made.append(one)
        assert one.ready.wait(PATIENCE)
        return one

    yield begin
    for one in made:
        one.stop()


class Serializer(messaging.JsonPayloadSerializer):
    """As other services have theirs."""

    def serialize_context(self, context):
        return context.to_dict()


@pytest.fixture
def notify(topic, conf):
    """Tells of something, as other services do."""
    notifier = messaging.Notifier(
        messaging.get_notification_transport(conf, url=topic.bus.url),
        publisher_id='compute.host', driver='messagingv2',
        topics=[topic.name], serializer=Serializer())

    def tell(event_type=DELETE, payload=None, project=fixtures.PROJECT,
             priority='info'):
        getattr(notifier, priority)(
            context.RequestContext(project_id=project, overwrite=False),
            event_type, payload or {})

    return tell


@pytest.fixture
def taken(monkeypatch):
    """What the action has done, in its order; waits until it was done."""
    class Taken(list):
        def __init__(self):
            super().__init__()
            self.more = threading.Condition()

        def until(self, number):
            with self.more:
                assert self.more.wait_for(lambda: len(self) >= number,
                                          PATIENCE), self
            return self

    found = Taken()
    receive = events.receive

    def seen(project_id, **event):
        answer = receive(project_id, **event)
        with found.more:
            found.append((event['type_'], answer))
            found.more.notify_all()
        return answer

    monkeypatch.setattr(listener.Endpoint.__init__, '__defaults__',
                        (seen, 0.01))
    return found


def make(who, *event_types, **properties):
    return triggers.create(who, name='deleted', type_='event', properties={
        'source': 'notification', 'event_types': list(event_types),
        **properties})


def pending(trigger):
    with session.engine().connect() as connection:
        return connection.execute(sa.select(
            models.Trigger.__table__.c.pending).where(
                models.Trigger.id == trigger.id)).scalar_one()


def test_a_notification_fires_a_trigger(listen, notify, taken, member,
                                        stranger):
    mine = make(member, DELETE, 'instance.resize.*')
    theirs = make(stranger, '*')
    listen()
    notify()
    notify('compute.instance.create.end')
    notify('instance.resize.start', {
        'nova_object.data': {'tenant_id': fixtures.PROJECT}}, 'admin')
    notify('instance.resize.error', priority='error')
    assert sorted(taken.until(4)) == [
        ('compute.instance.create.end', 0), (DELETE, 1),
        ('instance.resize.error', 1), ('instance.resize.start', 1)]
    found = pending(mine)
    assert found['count'] == 3
    assert pending(theirs) is None


def test_two_engines_share_the_work(listen, notify, taken, member):
    mine = make(member, DELETE)
    listen()
    listen()
    for _number in range(10):
        notify()
    taken.until(10)
    assert pending(mine)['count'] == 10


def test_other_listeners_lose_nothing(listen, notify, taken, member, conf):
    mine = make(member, DELETE)
    listen()
    conf.set_override('notification_pool',
                      f'{conf.events.notification_pool}-other', 'events')
    listen()
    notify()
    # each pool has had it, and it counts once
    assert taken.until(2) == [(DELETE, 1)] * 2
    assert pending(mine)['count'] == 1


def test_nothing_is_lost_while_no_engine_runs(listen, notify, taken, member):
    mine = make(member, DELETE)
    listen().stop()
    notify()
    assert taken == []
    listen()
    taken.until(1)
    assert pending(mine)['count'] == 1


def test_it_is_kept_until_it_is_committed(listen, notify, taken, member,
                                          monkeypatch):
    """The database goes away, and then the engine that waits for it."""
    mine = make(member, DELETE)
    tried = threading.Event()
    good = events.db.take

    def away(*args, **kwargs):
        tried.set()
        raise db_exception.DBConnectionError

    monkeypatch.setattr(events.db, 'take', away)
    first = listen()
    notify()
    assert tried.wait(PATIENCE)
    first.stop()
    assert (taken, pending(mine)) == ([], None)
    monkeypatch.setattr(events.db, 'take', good)
    listen()
    taken.until(1)
    assert pending(mine)['count'] == 1


# -- the listener -------------------------------------------------------------

def test_without_a_topic_it_does_nothing(conf):
    one = listener.Listener(conf)
    one.start()
    assert not one._thread.is_alive()
    one.stop()


def test_a_bus_that_is_away_holds_up_nobody(conf, monkeypatch):
    """Neither its beginning nor its end."""
    asked, never = threading.Event(), threading.Event()

    class Server:
        def start(self, override_pool_size):
            asked.set()
            never.wait(PATIENCE)

        def stop(self):
            """Nothing has begun."""

        wait = stop

    conf.set_override('notification_topics', ['notifications'], 'events')
    monkeypatch.setattr(listener.notifications, 'listener',
                        lambda *args: Server())
    one = listener.Listener(conf)
    one.start()
    assert asked.wait(PATIENCE)
    one.stop()
    assert not one.ready.is_set()
    never.set()
    one._thread.join(PATIENCE)


def test_it_tries_again_until_it_listens(conf, monkeypatch, caplog):
    """As when the broker refuses the user until somebody lets him in."""
    made = []

    class Server:
        def __init__(self):
            self.stopped = 0
            made.append(self)

        def start(self, override_pool_size):
            if len(made) < 4:
                raise PermissionError('access refused')

        def stop(self):
            self.stopped += 1
            if len(made) == 3:
                raise RuntimeError('it was never started')

        def wait(self):
            """Nothing is worked on."""

    def listen(*args):
        if not made:
            made.append(None)
            raise ValueError('the transport cannot be loaded')
        return Server()

    conf.set_override('notification_topics', ['notifications'], 'events')
    monkeypatch.setattr(listener.notifications, 'listener', listen)
    one = listener.Listener(conf, pause=0.001)
    one.start()
    assert one.ready.wait(PATIENCE)
    assert caplog.text.count('cannot listen for notifications') == 3
    one.stop()
    assert not one._thread.is_alive()
    # nothing of those that failed is left
    assert [server.stopped for server in made[1:]] == [1, 1, 1]


def test_it_ends_though_it_never_listened(conf, monkeypatch):
    asked = threading.Event()

    def listen(*args):
        asked.set()
        raise ValueError('the transport cannot be loaded')

    conf.set_override('notification_topics', ['notifications'], 'events')
    monkeypatch.setattr(listener.notifications, 'listener', listen)
    one = listener.Listener(conf, pause=PATIENCE)
    one.start()
    assert asked.wait(PATIENCE)
    one._stopped.set()
    one._thread.join(PATIENCE)
    assert not one._thread.is_alive()
