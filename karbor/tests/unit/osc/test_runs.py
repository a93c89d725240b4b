# SPDX-License-Identifier: Apache-2.0
"""``openstack data protection run ...``."""

import datetime

from osc_lib import exceptions
import pytest
import sqlalchemy as sa

from karbor import context
from karbor.db import models
from karbor.db import session
from karbor.model import run as model
from karbor.model import states
from karbor.osc import runs
from karbor.tests import fixtures


@pytest.fixture
def operation(api, schedule):
    """With runs of which the second is late, the newest last."""
    made = schedule('nightly')
    for _more in range(3):
        api.post(f'/scheduled_operations/{made["id"]}/run', expect=201)
    with session.writer(context.system()) as writer:
        first, second, _third = writer.execute(
            sa.select(models.Run).order_by(
                models.Run.expected_at)).scalars()
        first.status = 'skipped'
        first.reason = 'The plan is suspended.'
        first.origin = 'time'
        second.late = True
        second.cause = {'count': 2, 'id': 'x'}
        made['runs'] = [first.id, second.id, _third.id]
    return made


def test_the_newest_comes_first(openstack, operation):
    shown = openstack('run list', 'nightly')
    assert [run['ID'] for run in shown] == operation['runs'][::-1]
    assert shown == openstack('run list', operation['id'])
    skipped = shown[-1]
    assert (skipped['Status'], skipped['Reason'], skipped['Origin'],
            skipped['Late']) == (
        'skipped', 'The plan is suspended.', 'time', False)
    moment = datetime.datetime.fromisoformat(skipped['Expected At'])
    assert moment.tzinfo is not None


@pytest.mark.parametrize(('options', 'expected'), [
    (['--status', 'skipped'], [0]), (['--status', 'queued'], [2, 1]),
    (['--origin', 'manual'], [2, 1]), (['--late'], [1]),
    (['--limit', '1'], [2]), (['--limit', '2'], [2, 1]),
    (['--status', 'success'], [])])
def test_only_some(openstack, operation, options, expected):
    assert [run['ID'] for run in openstack(
        'run list', 'nightly', *options) or []] == [
        operation['runs'][number] for number in expected]


@pytest.mark.parametrize('options', [
    ['--status', 'tired'], ['--limit', '0'], ['--limit', 'x'],
    ['--origin', 'x']])
def test_options_that_are_wrong(openstack, options, capsys):
    with pytest.raises(SystemExit):
        openstack('run list', 'nightly', *options)
    assert options[0] in capsys.readouterr().err


def test_words_are_those_of_the_service():
    assert set(runs.STATUSES) == set(states.RUN.states)
    assert runs.ORIGINS == model.ORIGINS


def test_one(openstack, operation):
    shown = openstack('run show', 'nightly', operation['runs'][1])
    assert shown['id'] == operation['runs'][1]
    assert shown['scheduled_operation_id'] == operation['id']
    assert shown['cause'] == {'count': 2, 'id': 'x'}
    with pytest.raises(exceptions.CommandError, match=r'Run 0+-.* \(HTTP 404'):
        openstack('run show', 'nightly', fixtures.NOWHERE)
    for wrong in ('x', '..', ''):
        with pytest.raises(exceptions.CommandError,
                           match=f"No run with an ID of '{wrong}'"):
            openstack('run show', 'nightly', wrong)
