# SPDX-License-Identifier: Apache-2.0
import pytest

from karbor import exception
from karbor import extensions
from karbor import plugin
from karbor.actions import eventsources

PAYLOAD = {'ref': 'main'}
DELETE = 'compute.instance.delete.start'


@pytest.fixture(autouse=True)
def options(conf):
    """As they are by default."""
    eventsources.names.cache_clear()
    eventsources.arriving.cache_clear()
    yield
    eventsources.names.cache_clear()
    eventsources.arriving.cache_clear()


def test_what_is_not_said_is_filled_in():
    assert eventsources.complete({'source': 'webhook'}) == {
        'source': 'webhook', 'debounce': 0, 'min_interval': 60}
    assert eventsources.complete({
        'source': 'notification', 'debounce': None, 'min_interval': 90,
        'event_types': [DELETE], 'payload': PAYLOAD}) == {
            'source': 'notification', 'debounce': 0, 'min_interval': 90,
            'event_types': [DELETE], 'payload': PAYLOAD}


@pytest.mark.parametrize(('properties', 'said'), [
    ({}, 'field source: expected one of notification, webhook'),
    ({'source': 5}, 'field source: expected one of notification, webhook'),
    ({'source': 'rain'}, 'field source: .*, webhook, not rain'),
    ({'source': 'webhook', 'debounce': -1}, 'debounce: expected 0 to 3600 '),
    ({'source': 'webhook', 'debounce': True}, 'debounce: expected 0 to'),
    ({'source': 'webhook', 'debounce': '5'}, 'debounce: expected 0 to'),
    ({'source': 'webhook', 'debounce': 3601}, 'debounce: .*not 3601'),
    ({'source': 'webhook', 'min_interval': 59}, 'min_interval: expected 60 '),
    ({'source': 'webhook', 'min_interval': 10 ** 9}, 'to 604800 seconds'),
    ({'source': 'webhook', 'pattern': '@daily'},
     'field pattern: the source webhook does not know it; it knows source, '
     'window, debounce, min_interval, payload'),
    ({'source': 'webhook', 'payload': 5}, 'field payload: expected an object'),
    ({'source': 'notification'}, 'field event_types: expected a list of 1'),
    ({'source': 'notification', 'event_types': ['a b']},
     'field event_types: expected a list of 1')])
def test_what_is_wrong_is_said(properties, said):
    with pytest.raises(exception.Invalid, match=said):
        eventsources.complete(properties)


def test_the_bounds_are_options(conf):
    conf.set_override('min_interval', 3600, 'events')
    conf.set_override('max_debounce', 5, 'events')
    made = eventsources.complete({'source': 'webhook', 'debounce': 5})
    assert (made['debounce'], made['min_interval']) == (5, 3600)
    with pytest.raises(exception.Invalid, match='0 to 5 seconds, not 6'):
        eventsources.complete({'source': 'webhook', 'debounce': 6})
    # bounds that contradict each other leave one value
    conf.set_override('max_interval', 60, 'events')
    assert eventsources.complete({'source': 'webhook'})[
        'min_interval'] == 3600


def test_properties_are_not_endless():
    wanted = {'a' * 200 + str(number): ['x' * 1000] for number in range(32)}
    with pytest.raises(exception.Invalid, match='longer than 16384'):
        eventsources.complete({'source': 'webhook', 'payload': wanted})


def test_how_events_arrive():
    assert eventsources.arriving(plugin.WEBHOOK) == ('webhook',)
    assert eventsources.arriving(plugin.NOTIFICATION) == ('notification',)


def test_a_source_that_cannot_be_loaded_stops_no_other(monkeypatch, caplog):
    monkeypatch.setattr(extensions, 'names',
                        lambda group: ['broken', 'notification'])
    assert eventsources.arriving(plugin.NOTIFICATION) == ('notification',)
    assert 'the source broken' in caplog.text
