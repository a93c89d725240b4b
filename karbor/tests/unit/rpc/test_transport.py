# SPDX-License-Identifier: Apache-2.0
"""The bus: what messages look like on it."""

import queue

import oslo_messaging as messaging
import pytest

from karbor import context
from karbor.rpc import transport
from karbor.tests.unit.rpc import buses

PATIENCE = 60


class Endpoint:
    target = messaging.Target(version='1.0')

    def __init__(self):
        self.heard = queue.Queue()

    def tell(self, context, **values):
        self.heard.put((context, values))
        return values

    def _hidden(self, context):
        self.heard.put('hidden')


def client():
    return transport.client(transport.PROTECTION_TOPIC, '1.0').prepare(
        timeout=PATIENCE)


def whole():
    return context.RequestContext(
        user_id='u', project_id='p', roles=['member', 'reader'],
        is_admin=True, auth_token='secret', overwrite=False)


def test_who_it_is_crosses_the_bus(serve):
    endpoint = Endpoint()
    serve(endpoint)
    sent = whole()
    values = {'a': {'b': [1, None, '\u00e9\U0001f480']}}
    assert client().call(sent, 'tell', **values) == values
    got, heard = endpoint.heard.get(timeout=PATIENCE)
    assert heard == values
    assert isinstance(got, context.RequestContext)
    assert got.to_plain() == sent.to_plain()
    assert got.roles == ['member', 'reader']


def test_the_token_never_does(serve):
    endpoint = Endpoint()
    serve(endpoint)
    client().call(whole(), 'tell')
    got, _values = endpoint.heard.get(timeout=PATIENCE)
    assert got.auth_token is None
    assert 'secret' not in str(whole().to_plain())


def test_nobody_becomes_the_system_by_a_message(serve):
    endpoint = Endpoint()
    serve(endpoint)
    client().call(context.system(), 'tell')
    got, _values = endpoint.heard.get(timeout=PATIENCE)
    assert got.is_system is False


def test_a_cast_arrives(serve):
    endpoint = Endpoint()
    serve(endpoint)
    client().cast(whole(), 'tell', operation_id='o')
    assert endpoint.heard.get(timeout=PATIENCE)[1] == {'operation_id': 'o'}


def test_a_private_method_is_not_served(serve):
    endpoint = Endpoint()
    serve(endpoint)
    with pytest.raises(Exception, match='_hidden'):
        client().call(whole(), '_hidden')
    assert endpoint.heard.empty()


def test_a_newer_interface_is_not_spoken(serve):
    serve(Endpoint())
    with pytest.raises(messaging.RPCVersionCapError):
        client().prepare(version='1.1').call(whole(), 'tell')


def test_a_message_waits_for_its_server(bus, serve):
    """What is cast to a queue that exists is there for the next one."""
    server = serve(Endpoint())
    server.stop()
    server.wait()
    client().cast(whole(), 'tell', n=1)
    endpoint = Endpoint()
    serve(endpoint)
    assert endpoint.heard.get(timeout=PATIENCE)[1] == {'n': 1}


def test_queues_survive_their_broker(bus, conf, serve):
    if not isinstance(bus, buses.Rabbit):
        pytest.skip('queues in memory have no broker')
    serve(Endpoint())
    with buses._connection() as connection:
        # refused, if the queue is of another kind
        name, _messages, consumers = connection.default_channel.queue_declare(
            bus.topic, durable=True, auto_delete=False,
            arguments={'x-queue-type': 'quorum'})
    assert consumers == 1


def test_a_server_has_as_many_threads_as_it_is_given(bus, conf):
    server = transport.server('t', 'h', [Endpoint()], 3)
    server.start()
    try:
        assert conf.executor_thread_pool_size == 3
        assert server._work_executor._max_workers == 3
    finally:
        server.stop()
        server.wait()


def test_what_an_operator_says_wins(bus, conf):
    group = 'oslo_messaging_rabbit'
    assert conf[group].rabbit_quorum_queue is True
    conf.set_override('rabbit_quorum_queue', False, group)
    transport._set_defaults(conf)
    assert conf[group].rabbit_quorum_queue is False
    conf.clear_override('rabbit_quorum_queue', group)


def test_the_url_is_that_of_the_configuration(conf, monkeypatch):
    monkeypatch.setattr(transport, '_url', None)
    transport.init(conf)
    conf.set_override('transport_url', 'local:///configured')
    try:
        transport.init(conf)
        assert str(transport._transport._driver._url) == 'local:///configured'
        transport.use('local:///used')
        transport.init(conf)
        assert str(transport._transport._driver._url) == 'local:///used'
        assert transport.conf() is conf
    finally:
        conf.clear_override('transport_url')
        transport.cleanup()
        transport.cleanup()
