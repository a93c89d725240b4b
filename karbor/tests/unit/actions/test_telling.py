# SPDX-License-Identifier: Apache-2.0
"""What happens is told and counted, each once."""

import dataclasses
import datetime

import pytest

from karbor.actions import retention
from karbor.actions import telling
from karbor.metrics import instruments
from karbor.model.notification import Missed
from karbor.model.run import Run
from karbor.rpc import notifications
from karbor.tests import told as checker
from karbor.tests.unit.db import common


@pytest.fixture
def told(monkeypatch):
    """Types and payloads, each of which keeps to its schema."""
    found = []

    def notify(context, type_, payload, priority):
        checker.check(type_, payload, priority)
        found.append((type_, payload))

    monkeypatch.setattr(notifications, 'notify', notify)
    return found


def value(name, **labels):
    return instruments.REGISTRY.get_sample_value(f'karbor_{name}', labels)


class Counted:
    """How much some series have grown in a with block."""

    def __init__(self, **series):
        self._series = series

    def _read(self):
        return {name: value(name, **labels)
                for name, labels in self._series.items()}

    def __enter__(self):
        self._before = self._read()
        return self

    def __exit__(self, *_exc):
        after = self._read()
        self.__dict__.update({name: after[name] - self._before[name]
                              for name in after})


def claimed(**changes):
    return common.operation(**{
        'status': 'running', 'attempt': 1, 'owner': 'w',
        'started_at': common.later(30), **changes})


def ended(status='success', **changes):
    return claimed(**{
        'status': status, 'ended_at': common.later(90), 'fraction': 1.0,
        'reason': None if status == 'success' else 'r', **changes})


def test_a_claim(told):
    with Counted(operation_claims_total={'type': 'protect'},
                 operation_takeovers_total={'type': 'protect'},
                 operation_wait_seconds_sum={'type': 'protect'}) as seen:
        telling.started(claimed())
    assert [type_ for type_, _payload in told] == ['karbor.operation.start']
    assert (seen.operation_claims_total, seen.operation_takeovers_total,
            seen.operation_wait_seconds_sum) == (1, 0, 30)


def test_a_claim_of_what_another_has_left(told):
    with Counted(operation_claims_total={'type': 'copy'},
                 operation_takeovers_total={'type': 'copy'},
                 operation_wait_seconds_count={'type': 'copy'}) as seen:
        telling.started(claimed(type='copy', attempt=2, taken_over=True))
        telling.started(claimed(type='copy', attempt=3))
    assert [payload['attempt'] for _type, payload in told] == [2, 3]
    assert (seen.operation_claims_total, seen.operation_takeovers_total,
            seen.operation_wait_seconds_count) == (2, 1, 0)


@pytest.mark.parametrize(('status', 'event'), [
    ('success', 'end'), ('error', 'error'), ('cancelled', 'cancel')])
def test_an_end(told, status, event):
    labels = {'type': 'restore', 'outcome': status}
    with Counted(operation_outcomes_total=labels,
                 operation_duration_seconds_sum=labels) as seen:
        telling.ended(ended(status, type='restore'))
    assert [type_ for type_, _payload in told] == [
        f'karbor.operation.{event}']
    assert (seen.operation_outcomes_total,
            seen.operation_duration_seconds_sum) == (1, 60)


def test_what_never_began_took_no_time(told):
    labels = {'type': 'protect', 'outcome': 'cancelled'}
    with Counted(operation_outcomes_total=labels,
                 operation_duration_seconds_count=labels) as seen:
        telling.ended(ended('cancelled', started_at=None, attempt=0))
    assert (seen.operation_outcomes_total,
            seen.operation_duration_seconds_count) == (1, 0)


def test_clocks_that_differ_make_nothing_negative(told):
    labels = {'type': 'protect', 'outcome': 'success'}
    with Counted(operation_duration_seconds_sum=labels,
                 operation_wait_seconds_sum={'type': 'protect'}) as seen:
        telling.started(claimed(started_at=common.later(-9)))
        telling.ended(ended(ended_at=common.later(0)))
    assert (seen.operation_duration_seconds_sum,
            seen.operation_wait_seconds_sum) == (0, 0)


def test_a_verification_that_fails_names_what_is_damaged(told):
    damaged = [('T', 'one', 'flipped'), ('T', 'two', None)]
    telling.ended(ended('error', type='verify'), damaged)
    telling.ended(ended('success', type='verify'), ())
    telling.ended(ended('error', type='copy'), damaged)
    assert [type_ for type_, _payload in told] == [
        'karbor.operation.error', 'karbor.verification.failed',
        'karbor.operation.end', 'karbor.operation.error']
    assert told[1][1]['resources'] == [
        {'type': 'T', 'id': 'one', 'reason': 'flipped'},
        {'type': 'T', 'id': 'two', 'reason': None}]


@pytest.mark.parametrize(('fraction', 'quarter'), [
    (0.0, 0), (0.2499, 0), (0.25, 0.25), (0.1 + 0.2 - 0.05, 0.25),
    (0.5 - 1e-12, 0.5), (0.75, 0.75), (0.99, 0.75), (1.0, 0.75)])
def test_quarters(told, fraction, quarter):
    assert telling.quarter(fraction) == quarter
    if quarter:
        telling.progressed(claimed(), {'fraction': fraction, 'bytes_done': 1,
                                       'bytes_total': 2})
        [(_type, payload)] = told
        assert (payload['quarter'], payload['bytes_done']) == (quarter, 1)


def test_a_lease_that_is_lost_is_told_to_nobody(told):
    with Counted(operation_leases_lost_total={'type': 'delete'}) as seen:
        telling.lease_lost(claimed(type='delete'))
    assert seen.operation_leases_lost_total == 1
    assert told == []


RUN = Run(id='r', scheduled_operation_id='s', project_id='p', trigger_id='t',
          plan_id='l', origin='time', expected_at=common.NOON,
          triggered_at=common.NOON, status='running')


@pytest.mark.parametrize('status', ['success', 'failed', 'skipped',
                                    'dropped_out_of_window'])
def test_the_end_of_a_run(told, status):
    with Counted(runs_total={'outcome': status}, runs_late_total={}) as seen:
        telling.run(dataclasses.replace(
            RUN, status=status, ended_at=common.NOON,
            reason=None if status == 'success' else 'r'), status)
    assert [type_ for type_, _payload in told] == [f'karbor.run.{status}']
    assert (seen.runs_total, seen.runs_late_total) == (1, 0)


def test_a_run_that_is_late(told):
    with Counted(runs_late_total={}) as seen:
        telling.run(dataclasses.replace(RUN, late=True), 'late')
    assert [type_ for type_, _payload in told] == ['karbor.run.late']
    assert seen.runs_late_total == 1


def test_times_that_were_missed(told):
    with Counted(runs_missed_total={}) as seen:
        telling.missed(Missed(
            scheduled_operation_id='s', project_id='p', trigger_id='t',
            plan_id='l', count=5, first=common.NOON,
            last=common.NOON + datetime.timedelta(days=4), reason='r'))
    assert [type_ for type_, _payload in told] == ['karbor.run.missed']
    assert seen.runs_missed_total == 5


def test_what_retention_could_not_do(told):
    telling.retention_skipped(retention.Sweep(
        's', 'p', 'l', begun=('c',), reason='r'))
    assert [type_ for type_, _payload in told] == [
        'karbor.retention.skipped']


def test_a_fault_in_telling_is_no_fault_of_the_work(monkeypatch, caplog):
    monkeypatch.setattr(notifications, 'notify',
                        lambda *args, **kwargs: 1 / 0)
    telling.ended(ended())
    assert 'What has happened could not be told.' in caplog.text
