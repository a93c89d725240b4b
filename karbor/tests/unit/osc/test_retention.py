# SPDX-License-Identifier: Apache-2.0
"""``openstack data protection retention ...``."""

from osc_lib import exceptions
import pytest

from karbor.model.retention import PERIODS
from karbor.osc import retention
from karbor.tests import fixtures
from karbor.tests.fixtures import PROVIDER


@pytest.fixture
def operation(api, schedule):
    """It keeps two; there are three, newest first."""
    made = schedule('nightly', 'retention_protect', {'max_backups': 2})
    made['checkpoints'] = []
    for _more in range(3):
        answer = api.post(f'/providers/{PROVIDER}/checkpoints', {
            'checkpoint': {'plan_id': made['operation_definition'][
                'plan_id']}}, expect=202)
        fixtures.work()
        made['checkpoints'].insert(0, answer.json['checkpoint']['id'])
    return made


def actions(operation, shown):
    """What is said of each checkpoint, newest first."""
    assert [one['ID'] for one in shown] == operation['checkpoints']
    assert all(one['Status'] == 'available' and one['Reason']
               and one['Created At'] for one in shown)
    return [one['Action'] for one in shown]


def test_of_an_operation(openstack, operation, api):
    for name in ('nightly', operation['id']):
        shown = openstack('retention simulate', name)
        assert actions(operation, shown) == ['keep', 'keep', 'delete']
    assert len(api.get(f'/providers/{PROVIDER}/checkpoints').json[
        'checkpoints']) == 3


@pytest.mark.parametrize(('options', 'expected'), [
    (['--max-backups', '1'], ['keep', 'delete', 'delete']),
    (['--max-backups', '3'], ['keep', 'keep', 'keep']),
    (['--retention-duration', '-1'], ['keep', 'keep', 'keep']),
    (['--max-age', '86400'], ['keep', 'keep', 'keep']),
    (['--keep', 'yearly=1', '--keep', 'daily=1', '--timezone', 'UTC'],
     ['keep', 'delete', 'delete'])])
def test_of_a_change(openstack, operation, options, expected):
    """Its own rule does not count then."""
    assert actions(operation, openstack(
        'retention simulate', 'nightly', *options)) == expected


@pytest.mark.parametrize('provider', [[], ['--provider', 'first']])
def test_of_a_rule_that_no_operation_has(openstack, operation, provider):
    """That of the operation keeps what it keeps."""
    assert actions(operation, openstack(
        'retention simulate', '--plan', 'my plan', '--max-backups', '1',
        *provider)) == ['keep', 'keep', 'delete']
    assert openstack('retention simulate', '--plan', 'my plan',
                     '--provider', 'second') == []


def test_why_nothing_is_removed_now(openstack, operation, api, caplog):
    openstack('retention simulate', 'nightly')
    assert not [record for record in caplog.records
                if record.name.startswith('karbor.osc')]
    openstack('scheduledoperation set', 'nightly', '--disable')
    openstack('retention simulate', 'nightly')
    assert 'disabled' in caplog.text


@pytest.mark.parametrize(('arguments', 'words'), [
    ([], 'Name a scheduled operation, or a plan'),
    (['--max-backups', '3'], 'Name a scheduled operation, or a plan'),
    (['nightly', '--plan', 'my plan'], 'not both'),
    (['nightly', '--provider', 'first'], 'not both'),
    (['nightly', '--max-backups', '0'], r'max_backups.*\(HTTP 400\)'),
    (['nightly', '--timezone', 'Mars'], r'retention\.timezone.*Mars'),
    (['--plan', 'my plan', '--max-age', '5', '--retention-duration', '3'],
     r'retention\.max_age: expected either'),
    (['--plan', 'other'], 'No plan with a name'),
    (['tomorrow'], 'No scheduled operation with a name')])
def test_what_is_wrong(openstack, operation, arguments, words):
    with pytest.raises(exceptions.CommandError, match=words):
        openstack('retention simulate', *arguments)


@pytest.mark.parametrize('period', ['daily', 'daily=', 'daily=0', 'day=1',
                                    'daily=x', '=1'])
def test_a_period_that_is_none(openstack, period, capsys):
    with pytest.raises(SystemExit):
        openstack('retention simulate', 'nightly', '--keep', period)
    assert '--keep' in capsys.readouterr().err


def test_periods_are_those_of_the_service():
    assert retention.PERIODS == PERIODS
