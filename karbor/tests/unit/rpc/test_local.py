# SPDX-License-Identifier: Apache-2.0
"""The bus of daemons that share one process."""

import queue
import threading
import uuid

import oslo_messaging as messaging
import pytest

from karbor.rpc import local

PATIENCE = 60


class Endpoint:
    """Notes what it hears, and does what it is told."""

    target = messaging.Target(version='1.0')

    def __init__(self):
        self.heard = queue.Queue()

    def echo(self, context, value):
        self.heard.put((context, value))
        return value

    def change(self, context, value):
        value.append('changed')
        return value

    def fail(self, context):
        raise ValueError('no such thing')


@pytest.fixture
def url():
    """A bus that no other test has."""
    name = uuid.uuid4().hex
    yield f'local:///{name}'
    local._buses.pop(name, None)


@pytest.fixture
def bus(url, conf):
    """Makes clients and servers of one bus."""
    class Bus:
        transport = messaging.get_rpc_transport(conf, url=url)
        servers = []

        def client(self, **target):
            return messaging.get_rpc_client(
                self.transport, messaging.Target(topic='t', **target))

        def serve(self, name='a'):
            endpoint = Endpoint()
            server = messaging.get_rpc_server(
                self.transport, messaging.Target(topic='t', server=name),
                [endpoint])
            server.start()
            self.servers.append(server)
            return endpoint

        def driver(self):
            return self.transport._driver

    made = Bus()
    yield made
    for server in made.servers:
        server.stop()
        server.wait()
    made.transport.cleanup()


def test_a_question_is_answered(bus):
    endpoint = bus.serve()
    value = {'k': [1, None, '\u00e9\U0001f480']}
    assert bus.client().call({'user': 'u'}, 'echo', value=value) == value
    assert endpoint.heard.get(timeout=PATIENCE) == ({'user': 'u'}, value)


def test_a_cast_is_heard_once(bus):
    endpoints = [bus.serve('a'), bus.serve('b')]
    for number in range(10):
        bus.client().cast({}, 'echo', value=number)
    # questions come after what was cast before
    bus.client(server='a').call({}, 'change', value=[])
    bus.client(server='b').call({}, 'change', value=[])
    bus.servers[0].stop()
    bus.servers[1].stop()
    for server in bus.servers:
        server.wait()
    heard = []
    for endpoint in endpoints:
        while not endpoint.heard.empty():
            heard.append(endpoint.heard.get()[1])
    assert sorted(heard) == list(range(10))


def test_a_cast_waits_for_its_server(bus):
    bus.client().cast({}, 'echo', value='early')
    assert bus.serve().heard.get(timeout=PATIENCE)[1] == 'early'


def test_all_hear_a_fanout(bus):
    endpoints = [bus.serve('a'), bus.serve('b')]
    bus.client(fanout=True).cast({}, 'echo', value='all')
    for endpoint in endpoints:
        assert endpoint.heard.get(timeout=PATIENCE)[1] == 'all'


def test_a_server_is_asked_by_name(bus):
    first, second = bus.serve('a'), bus.serve('b')
    for number in range(4):
        bus.client(server='b').call({}, 'echo', value=number)
    assert first.heard.empty()
    assert second.heard.qsize() == 4


def test_nobody_answers(bus):
    with pytest.raises(messaging.MessagingTimeout, match='topic t'):
        bus.client().prepare(timeout=0.01).call({}, 'echo', value=1)


def test_an_error_is_what_it_is(bus):
    bus.serve()
    with pytest.raises(ValueError, match='^no such thing$'):
        bus.client().call({}, 'fail')


def test_what_arrives_is_a_copy(bus):
    bus.serve()
    mine = ['mine']
    assert bus.client().call({}, 'change', value=mine) == ['mine', 'changed']
    assert mine == ['mine']


def test_what_a_real_bus_cannot_carry_is_refused(bus):
    bus.serve()
    with pytest.raises(TypeError, match='JSON'):
        bus.driver().send(messaging.Target(topic='t'), {},
                          {'value': object()})


def test_buses_do_not_hear_each_other(bus, conf):
    endpoint = bus.serve()
    other = messaging.get_rpc_transport(conf, url='local:///x')
    client = messaging.get_rpc_client(other, messaging.Target(topic='t'))
    client.cast({}, 'echo', value=1)
    local._buses.pop('x')
    bus.client().call({}, 'echo', value=2)
    assert endpoint.heard.get(timeout=PATIENCE)[1] == 2


def test_two_transports_of_a_process_share_a_bus(bus, url, conf):
    endpoint = bus.serve()
    other = messaging.get_rpc_transport(conf, url=url)
    messaging.get_rpc_client(other, messaging.Target(topic='t')).call(
        {}, 'echo', value=1)
    # one that leaves does not take the queues of the others away
    other.cleanup()
    bus.client().call({}, 'echo', value=2)
    assert endpoint.heard.qsize() == 2


def listener(bus):
    return local._Listener(bus.driver()._bus, [('t', 'a'), ('t', None)])


def test_a_stop_wakes_who_listens(bus):
    """There is no time-out here that could wake it instead."""
    listening = listener(bus)
    answers = []
    thread = threading.Thread(
        target=lambda: answers.append(listening.poll()), daemon=True)
    thread.start()
    listening.stop()
    thread.join(PATIENCE)
    assert answers == [[]]


def test_a_message_wakes_who_listens(bus):
    listening = listener(bus)
    answers = []
    thread = threading.Thread(
        target=lambda: answers.extend(listening.poll()), daemon=True)
    thread.start()
    bus.driver().send(messaging.Target(topic='t'), {'c': 1}, {'m': 2})
    thread.join(PATIENCE)
    [message] = answers
    assert (message.ctxt, message.message) == ({'c': 1}, {'m': 2})
    message.heartbeat()
    message.reply('nobody waits')


def test_what_is_given_back_comes_again(bus):
    listening = listener(bus)
    bus.driver().send(messaging.Target(topic='t'), {'c': 1}, {'m': 2})
    [message] = listening.poll(timeout=PATIENCE)
    # whatever became of it here
    message.message['m'] = 3
    message.requeue()
    [again] = listening.poll(timeout=PATIENCE)
    assert (again.ctxt, again.message) == ({'c': 1}, {'m': 2})
    assert listening.poll(timeout=0) == []


def test_a_listener_ends_with_its_time(bus):
    assert listener(bus).poll(timeout=0) == []


def test_a_batch_is_no_larger_than_asked(bus):
    listening = listener(bus)
    for number in range(3):
        bus.driver().send(messaging.Target(topic='t'), {}, {'m': number})

    def numbers(size):
        return [one.message['m'] for one in listening.poll(
            timeout=0, batch_size=size)]

    assert numbers(2) == [0, 1]
    assert numbers(2) == [2]


def test_notifications(url, conf):
    transport = messaging.get_notification_transport(conf,
                                                     url=url)
    heard = queue.Queue()

    class Listens:
        def info(self, context, publisher, event, payload, metadata):
            heard.put((publisher, event, payload))

    server = messaging.get_notification_listener(
        transport, [messaging.Target(topic='n')], [Listens()])
    server.start()
    try:
        messaging.Notifier(transport, 'me', driver='messaging',
                           topics=['n']).info({}, 'end', {'k': 1})
        assert heard.get(timeout=PATIENCE) == ('me', 'end', {'k': 1})
    finally:
        server.stop()
        server.wait()
