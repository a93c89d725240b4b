# SPDX-License-Identifier: Apache-2.0
"""Watching an operation until it has ended."""

import re

from osc_lib import exceptions
import pytest
import sqlalchemy as sa

from karbor import context
from karbor.db import models
from karbor.db import session
from karbor.model import states
from karbor.osc import client
from karbor.osc import progress
from karbor.tests import fixtures
from karbor.tests.unit.osc import conftest


@pytest.fixture
def operation(api, checkpoint):
    """Id of one that waits."""
    return api.post('/verifications', {'verification': {
        'provider_id': fixtures.PROVIDER, 'checkpoint_id': checkpoint['id'],
    }}, expect=202).json['verification']['id']


def advance(fraction):
    """What the service writes when it has come so far."""
    with session.writer(context.system()) as writer:
        writer.execute(sa.update(models.Operation).where(
            models.Operation.status == 'running').values(fraction=fraction))


def test_ends_are_those_of_the_service():
    assert set(progress.ENDED) == states.OPERATION.final


@pytest.fixture
def terminal(openstack):
    openstack.stderr = conftest.Terminal()
    return openstack.stderr


def test_until_the_end(openstack, operation, pauses):
    pauses(lambda: None, fixtures.work)
    shown = openstack('operation show', operation, '--wait', '--resources')
    assert (shown['id'], shown['status'], shown['resources']) == (
        operation, 'success', [])
    assert openstack.status == 0
    # in a file, lines that are drawn again and again are of no use
    assert openstack.stderr.getvalue() == (
        f'Waiting for operation {operation}.\n')


@pytest.mark.parametrize('status', ['error', 'cancelled'])
def test_an_end_in_vain(openstack, operation, pauses, status, caplog):
    pauses(lambda: fixtures.work(status, 'It is bad.'))
    shown = openstack('operation show', operation, '--wait')
    assert (shown['status'], shown['reason']) == (status, 'It is bad.')
    assert openstack.status == 1
    assert f'Operation {operation} ended with {status}: It is bad.' in (
        caplog.text)


def test_one_that_has_ended_is_not_waited_for(openstack, operation, pauses):
    pauses()
    fixtures.work('error')
    openstack('operation show', operation, '--wait')
    assert openstack.status == 1
    # nor has who does not wait an opinion of it
    openstack('operation show', operation)
    assert openstack.status == 0


def test_a_terminal_shows_how_far_it_is(openstack, operation, pauses,
                                        terminal, monkeypatch):
    monkeypatch.setenv('COLUMNS', '69')
    held = []
    pauses(lambda: held.append(fixtures.work(None)), lambda: advance(0.5),
           lambda: finish(held[0]))
    openstack('operation show', operation, '--wait')
    begun, *drawn, rest = re.split(r'\r|\x1b\[K', terminal.getvalue())
    assert begun == f'Waiting for operation {operation}.\n'
    assert [line for line in drawn if line] == [
        # what does not fit is left out
        '[                              ]   0% queued, 1: waiting for a worke',
        '[                              ]   0% running',
        '[===============               ]  50% running',
        '[==============================] 100% success']
    assert rest == '\n'


def finish(held):
    advance(1)
    with session.writer(context.system()) as writer:
        fixtures.operations.finish(writer, held, 'success', None)


def test_what_a_reason_has_in_it_moves_no_cursor():
    stream = conftest.Terminal()
    progress.Bar(stream).draw({
        'fraction': 0, 'status': 'queued',
        'waiting': {'position': 1, 'reason': 'a\x1b[2J\nb'}})
    line = stream.getvalue().removeprefix('\r').removesuffix('\x1b[K')
    assert line.isprintable()
    assert line.endswith('queued, 1: a [2J b')


def test_the_waiting_is_ended_by_its_user(openstack, operation, pauses,
                                          terminal, api):
    def interrupt():
        raise KeyboardInterrupt
    pauses(interrupt)
    with pytest.raises(KeyboardInterrupt):
        openstack('operation show', operation, '--wait')
    assert terminal.getvalue().endswith('\n')
    assert api.get(f'/operations/{operation}').json['operation'][
        'status'] == 'queued'


@pytest.fixture
def away(openstack, serve, api):
    """How often the service, or a proxy of it, gives no answer.

    An entry is a status, or None for a connection that is cut.
    """
    left = []

    def proxy(environ, start_response):
        if not left:
            return api.app(environ, start_response)
        status = left.pop(0)
        if status is None:
            # before there is any answer
            raise ConnectionAbortedError
        start_response(status, [])
        return [b'']
    openstack.use(conftest.Manager(f'{serve(proxy)}/v1/{fixtures.PROJECT}'))
    return left


def test_a_service_that_is_away_for_a_moment(openstack, operation, pauses,
                                             terminal, away):
    away += ['503 Service Unavailable', None, '502 Bad Gateway', None]
    pauses(*[lambda: None] * 4, fixtures.work)
    openstack('operation show', operation, '--wait')
    assert (openstack.status, away) == (0, [])
    assert 'Service Unavailable (HTTP 503)' in terminal.getvalue()


@pytest.mark.parametrize('answer', ['504 Gateway Timeout', None])
def test_a_service_that_stays_away(openstack, operation, pauses, away,
                                   answer):
    away += [answer] * 99
    pauses(*[lambda: None] * (progress._PATIENCE - 1))
    with pytest.raises(client.Away):
        openstack('operation show', operation, '--wait')
    assert f'Waiting for operation {operation}.' in (
        openstack.stderr.getvalue())
    # who only looks is told at once
    left = len(away)
    with pytest.raises(client.Away):
        openstack('operation show', operation)
    assert len(away) == left - 1


def test_one_that_is_not_there(openstack, pauses):
    pauses()
    with pytest.raises(exceptions.CommandError,
                       match="No operation with an ID of '0"):
        openstack('operation show', fixtures.NOWHERE, '--wait')
