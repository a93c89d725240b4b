# SPDX-License-Identifier: Apache-2.0
"""Every test here that asks for a bus runs on two of them."""

import pytest

from karbor.rpc import protection
from karbor.rpc import transport
from karbor.tests.unit.rpc import buses


@pytest.fixture(params=buses.BUSES)
def bus(request, conf, monkeypatch):
    """The process is connected to a bus that nobody else uses."""
    bus = buses.BUSES[request.param]()
    bus.check()
    monkeypatch.setattr(transport, 'PROTECTION_TOPIC', bus.topic)
    monkeypatch.setattr(transport, '_url', bus.url)
    transport.init(conf)
    conf.set_override('control_exchange', bus.name)
    protection.reset()
    yield bus
    replies = getattr(transport._transport._driver, '_reply_q', None)
    if replies:
        bus.replies.append(replies)
    transport.cleanup()
    protection.reset()
    conf.clear_override('control_exchange')
    bus.clear()


@pytest.fixture
def serve(bus):
    """Begins to serve the protection topic with an endpoint."""
    servers = []

    def begin(endpoint, host='host'):
        server = transport.server(transport.PROTECTION_TOPIC, host,
                                  [endpoint], 2)
        server.start()
        servers.append(server)
        return server

    yield begin
    for server in servers:
        server.stop()
        server.wait()
