# SPDX-License-Identifier: Apache-2.0
"""However often it is asked, the database is read now and then only."""

import threading

import prometheus_client
from prometheus_client import parser
import pytest

from karbor.metrics import database

PATIENCE = 60
READING = database.Reading(
    loads=[database.Load('p', 'protect', 2, 30.5, 1, 1),
           database.Load('', 'verify', 0, 0.0, 3, 0)],
    plans=[database.PlanState('plan', 'p', 1000.0, True)],
    plans_left_out=True, lives=[database.Life('h', 'karbor-api', False, 4.5)])


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


class Database:
    """Counts how often it is read; may be away, or hang."""

    def __init__(self):
        self.reads = 0
        self.away = False
        self.entered, self.goes_on = threading.Event(), threading.Event()
        self.goes_on.set()

    def __call__(self):
        self.reads += 1
        self.entered.set()
        assert self.goes_on.wait(PATIENCE)
        if self.away:
            raise ConnectionError('away')
        return READING


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def read():
    read = Database()
    yield read
    read.goes_on.set()


def shown(collector):
    """Samples as Prometheus reads them."""
    registry = prometheus_client.CollectorRegistry()
    registry.register(collector)
    text = prometheus_client.generate_latest(registry).decode()
    return {(sample.name, *sample.labels.values()): sample.value
            for family in parser.text_string_to_metric_families(text)
            for sample in family.samples}


def test_all_that_was_read_is_shown(read, clock):
    assert shown(database.Collector(read, 5, PATIENCE, clock)) == {
        ('karbor_database_up',): 1,
        ('karbor_queue_depth', 'p', 'protect'): 2,
        ('karbor_queue_depth', '', 'verify'): 0,
        # nothing waits there, so nothing is old
        ('karbor_queue_oldest_age_seconds', 'p', 'protect'): 30.5,
        ('karbor_operations_running', 'p', 'protect'): 1,
        ('karbor_operations_running', '', 'verify'): 3,
        ('karbor_operations_abandoned', 'p', 'protect'): 1,
        ('karbor_operations_abandoned', '', 'verify'): 0,
        ('karbor_plan_last_success_timestamp_seconds', 'plan', 'p'): 1000,
        ('karbor_plan_scheduled', 'plan', 'p'): 1,
        ('karbor_plans_left_out',): 1,
        ('karbor_service_heartbeat_age_seconds', 'karbor-api', 'h'): 4.5,
        ('karbor_service_enabled', 'karbor-api', 'h'): 0}


def test_scrapes_share_a_reading(read, clock):
    collector = database.Collector(read, 5, PATIENCE, clock)
    # to know the names, nothing is read
    prometheus_client.CollectorRegistry().register(collector)
    assert read.reads == 0
    for now, reads in ((0, 1), (4.9, 1), (5.1, 2), (10, 2), (10.2, 3)):
        clock.now = now
        assert shown(collector)['karbor_database_up',] == 1
        assert read.reads == reads


def test_what_is_away_is_not_asked_again_at_once(read, clock, caplog):
    collector = database.Collector(read, 5, PATIENCE, clock)
    shown(collector)
    read.away, clock.now = True, 6
    for _scrape in range(3):
        # nothing old is shown as if it were true
        assert shown(collector) == {('karbor_database_up',): 0}
    assert read.reads == 2
    assert 'Metrics could not be read from the database.' in caplog.text
    read.away, clock.now = False, 12
    assert shown(collector)['karbor_database_up',] == 1


def test_a_database_that_hangs_is_asked_once(read, clock):
    collector = database.Collector(read, 5, 0.01, clock)
    read.goes_on.clear()
    for _scrape in range(3):
        assert shown(collector) == {('karbor_database_up',): 0}
    assert read.entered.wait(PATIENCE)
    assert read.reads == 1
    read.goes_on.set()
    with collector._changed:
        assert collector._changed.wait_for(lambda: not collector._reading,
                                           PATIENCE)
    assert shown(collector)['karbor_database_up',] == 1
    assert read.reads == 1
