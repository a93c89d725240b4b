# SPDX-License-Identifier: Apache-2.0
"""``openstack data protection operation ...``."""

from osc_lib import exceptions
import pytest

from karbor.model import operation as model
from karbor.model import states
from karbor.model.operation import OperationResource
from karbor.osc import operations
from karbor.tests import fixtures
from karbor.tests.fixtures import PROVIDER


@pytest.fixture
def made(api, checkpoint):
    """Ids of what made a checkpoint, and of what is to verify it."""
    verification = api.post('/verifications', {'verification': {
        'provider_id': PROVIDER, 'checkpoint_id': checkpoint['id']}},
        expect=202).json['verification']
    [protect] = api.get('/operations?type=protect').json['operations']
    return {'protect': protect['id'], 'verify': verification['id']}


@pytest.mark.parametrize(('options', 'expected'), [
    ([], ['verify', 'protect']), (['--limit', '1'], ['verify']),
    (['--status', 'success'], ['protect']),
    (['--status', 'queued', '--type', 'verify'], ['verify']),
    (['--type', 'undo'], []), (['--run', fixtures.NOWHERE], []),
    (['--plan', 'my plan'], ['verify', 'protect']),
    (['--provider', 'first', '--type', 'protect'], ['protect']),
    (['--provider', 'second'], []),
    (['--checkpoint', fixtures.NOWHERE], [])])
def test_a_list(openstack, made, options, expected):
    """The newest comes first."""
    assert [one['ID'] for one in openstack('operation list', *options)] == [
        made[type_] for type_ in expected]


def test_what_a_list_tells(openstack, made, checkpoint):
    waits, done = openstack('operation list', '--checkpoint',
                            checkpoint['id'])
    assert (done['Type'], done['Status'], done['Waiting']) == (
        'protect', 'success', None)
    assert done['Ended At'] > done['Created At']
    assert waits['Waiting']['position'] == 1
    assert "position='1', reason='waiting for a" in openstack.text(
        'operation list', '--status', 'queued')


@pytest.mark.parametrize(('options', 'words'), [
    (['--checkpoint', 'x'], "No checkpoint with an ID of 'x'"),
    (['--run', '..'], r"No run with an ID of '\.\.'"),
    (['--plan', 'x'], "No plan with a name or ID of 'x'"),
    (['--provider', ''], "No provider with a name or ID of ''")])
def test_filters_of_nothing(openstack, options, words):
    with pytest.raises(exceptions.CommandError, match=words):
        openstack('operation list', *options)


@pytest.mark.parametrize('options', [['--status', 'fail'], ['--type', 'x'],
                                     ['--limit', '0']])
def test_options_that_are_wrong(openstack, options, capsys):
    with pytest.raises(SystemExit):
        openstack('operation list', *options)
    assert options[0] in capsys.readouterr().err


def test_words_are_those_of_the_service():
    assert set(operations.STATUSES) == set(states.OPERATION.states)
    assert operations.TYPES == model.TYPES


def test_one_that_waits(openstack, made):
    shown = openstack('operation show', made['verify'])
    assert shown['status'] == 'queued'
    assert shown['waiting'] == {
        'position': 1,
        'reason': 'waiting for a worker: no karbor-protection is up'}
    assert 'resources' not in shown


def test_resources_are_a_table(openstack, made):
    fixtures.work('error', 'One is bad.', [
        OperationResource(0, fixtures.THING, 'thing-1', 'n1', 'success'),
        OperationResource(1, fixtures.BOX, 'box-1', 'b', 'error',
                          reason='two\nlines')])
    shown = openstack('operation show', made['verify'], '--resources')
    assert [(one['id'], one['status'], one['reason'])
            for one in shown['resources']] == [
        ('thing-1', 'success', None), ('box-1', 'error', 'two\nlines')]
    lines = openstack.text('operation show', made['verify'],
                           '--resources').splitlines()
    begin = next(number for number, line in enumerate(lines)
                 if line.startswith('| resources '))
    header, first, second = [line.split('|')[2].rstrip()
                             for line in lines[begin:begin + 3]]
    # no column that says nothing
    assert header.split() == ['type', 'id', 'name', 'status', 'fraction',
                              'bytes_done', 'bytes_total', 'reason']
    for name, words in (('id', ('thing-1', 'box-1')),
                        ('status', ('success', 'error')),
                        ('reason', ('None', 'two lines'))):
        at = header.index(f' {name}') + 1
        assert [line[at:].startswith(word) for line, word in zip(
            (first, second), words, strict=True)] == [True, True]


def test_one_without_resources(openstack, made):
    assert '| resources              | []' in openstack.text(
        'operation show', made['verify'], '--resources')


def test_cancel(openstack, made):
    shown = openstack('operation cancel', made['verify'])
    assert (shown['status'], shown['type']) == ('cancelled', 'verify')
    assert shown['reason'].startswith('Cancelled by')
    with pytest.raises(exceptions.CommandError,
                       match=r'is cancelled; only .* \(HTTP 409\)'):
        openstack('operation cancel', made['verify'])


@pytest.mark.parametrize('verb', ['show', 'cancel'])
def test_one_that_is_not_there(openstack, verb):
    with pytest.raises(exceptions.CommandError,
                       match=r'0+-.* could not be found.* \(HTTP 404'):
        openstack(f'operation {verb}', fixtures.NOWHERE)
    for wrong in ('x', '../plans', ''):
        with pytest.raises(exceptions.CommandError,
                           match=f"No operation with an ID of '{wrong}'"):
            openstack(f'operation {verb}', wrong)
