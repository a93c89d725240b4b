# SPDX-License-Identifier: Apache-2.0
"""Metrics over HTTP, on an address that was bound before."""

import contextlib
import socket
import threading

import prometheus_client
from prometheus_client import parser
import pytest
import requests

from karbor.metrics import instruments
from karbor.metrics import server

PATIENCE = 60


@pytest.fixture
def listeners():
    with contextlib.ExitStack() as stack:
        yield lambda *args: [stack.enter_context(contextlib.closing(one))
                             for one in server.listen(*args)]


def port_of(listener):
    return listener.getsockname()[1]


def ask(listener, path='/metrics', method='GET', **kwargs):
    return requests.request(
        method, f'http://127.0.0.1:{port_of(listener)}{path}',
        timeout=PATIENCE, **kwargs)


@pytest.fixture
def shown(listeners):
    """An address on which the metrics of this process are shown."""
    [listener] = listeners('127.0.0.1', 0, 1)
    server.serve([listener], 0)
    return listener


def test_metrics_are_what_prometheus_reads(shown):
    answer = ask(shown)
    assert answer.headers['Content-Type'].startswith('text/plain; version=')
    found = {family.name for family
             in parser.text_string_to_metric_families(answer.text)}
    assert {'karbor_runs_missed', 'process_resident_memory_bytes'} <= found


def test_nothing_else_is_there(shown):
    answer = ask(shown, '/')
    assert (answer.status_code, answer.text) == (
        404, 'Metrics are at /metrics.\n')
    assert ask(shown, method='POST', data='x').status_code == 405


def test_a_broken_collector_is_no_end(listeners):
    class Broken(prometheus_client.registry.Collector):
        def describe(self):
            return []

        def collect(self):
            raise ZeroDivisionError

    found = prometheus_client.CollectorRegistry()
    broken = Broken()
    found.register(broken)
    [listener] = listeners('127.0.0.1', 0, 1)
    one = server._Server(listener, server.application(found))
    threading.Thread(target=one.serve_forever, daemon=True).start()
    assert ask(listener).status_code == 500
    found.unregister(broken)
    assert ask(listener).status_code == 200
    one.shutdown()


def test_who_says_nothing_keeps_out_nobody_else(shown):
    with socket.create_connection(('127.0.0.1', port_of(shown))):
        assert ask(shown).status_code == 200


def test_so_many_callers_and_no_more(shown):
    """Else anybody who reaches the port could fill the process."""
    with contextlib.ExitStack() as stack:
        for _number in range(server._CALLERS):
            stack.enter_context(socket.create_connection(
                ('127.0.0.1', port_of(shown))))
        with pytest.raises(requests.ConnectionError):
            ask(shown)


def test_the_addresses_follow_each_other(listeners):
    with pytest.raises(OSError, match='the last port is 65535'):
        server.listen('127.0.0.1', 65535, 2)
    # what was bound before is free again
    listeners('127.0.0.1', 65535, 1)


def test_an_address_in_use_is_named(listeners):
    [taken] = listeners('127.0.0.1', 0, 1)
    port = port_of(taken)
    with pytest.raises(OSError, match=(
            f'cannot listen on port {port} of 127.0.0.1: Address already')):
        server.listen('127.0.0.1', port, 1)
    with pytest.raises(OSError, match='of 192.0.2.1: Cannot assign'):
        server.listen('192.0.2.1', port, 1)
    with pytest.raises(OSError, match='of a host of nobody: .'):
        server.listen('a host of nobody', port, 1)


def test_all_that_is_counted_is_shown(shown):
    before = instruments.REGISTRY.get_sample_value('karbor_runs_late_total')
    instruments.RUNS_LATE.inc()
    assert f'karbor_runs_late_total {before + 1}' in ask(shown).text
