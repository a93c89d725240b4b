# SPDX-License-Identifier: Apache-2.0
"""The buses that the tests of this package run on."""

import os
import uuid

import kombu
import pytest

from karbor.rpc import local
from karbor.rpc import transport

RABBIT = 'rabbit://guest:guest@127.0.0.1:5672/'


class Local:
    """A bus in this process, of a name that no other test has."""

    def __init__(self):
        self.name = uuid.uuid4().hex
        self.url = f'local:///{self.name}'
        self.topic = transport.PROTECTION_TOPIC

    def check(self):
        pass

    def clear(self):
        local._buses.pop(self.name, None)


class Rabbit:
    """Exchange and topic of a name that no other test has."""

    url = RABBIT

    def __init__(self):
        self.name = f'karbor-test-{uuid.uuid4().hex[:12]}'
        self.topic = f'{self.name}-topic'
        self.replies = []

    def check(self):
        """A test that cannot have a broker says so."""
        try:
            with _connection() as connection:
                connection.ensure_connection(max_retries=1, timeout=5)
        except OSError as error:
            reason = f'RabbitMQ does not answer on loopback: {error}'
            if os.environ.get('CI') == 'true':
                pytest.fail(reason)
            pytest.skip(reason)

    def clear(self):
        with _connection() as connection:
            channel = connection.default_channel
            for queue in (self.topic, f'{self.topic}.host', *self.replies):
                channel.queue_delete(queue)
            for exchange in (self.name, f'{self.topic}_fanout'):
                channel.exchange_delete(exchange)


def _connection():
    return kombu.Connection(RABBIT.replace('rabbit', 'amqp', 1).rstrip('/')
                            + '//', connect_timeout=5)


BUSES = {'local': Local, 'rabbit': Rabbit}
