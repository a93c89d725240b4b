# SPDX-License-Identifier: Apache-2.0
"""``openstack data protection plan ...``."""

from osc_lib import exceptions
import pytest

from karbor.model.plan import MISSING
from karbor.osc import plans
from karbor.tests import fixtures


@pytest.fixture
def shown(api):
    """The plan ``my plan`` as it is now."""
    made = api.post('/plans', fixtures.plan_body(), expect=201).json['plan']
    return lambda: api.get(f'/plans/{made["id"]}').json['plan']


@pytest.mark.parametrize(('options', 'changes'), [
    (['--missing-resources', 'skip'], {'missing_resources': 'skip'}),
    (['--name', 'new', '--description', 'päivä'],
     {'name': 'new', 'description': 'päivä'}),
    (['--description', ''], {'description': ''}),
    (['--start'], {'status': 'started'}),
    (['--suspend', '--name', 'n'], {'name': 'n'})])
def test_changes(openstack, shown, options, changes):
    before = shown()
    assert openstack('plan set', 'my plan', *options) is None
    after = shown()
    assert after['updated_at'] is not None
    assert after == {**before, **changes, 'updated_at': after['updated_at']}


def test_one_that_is_started(openstack, shown):
    openstack('plan set', 'my plan', '--start')
    with pytest.raises(exceptions.CommandError,
                       match='only a suspended plan can be changed'):
        openstack('plan set', 'my plan', '--missing-resources', 'skip')
    openstack('plan set', 'my plan', '--suspend')
    assert shown()['status'] == 'suspended'


def test_all_of_it(openstack, shown):
    made = shown()
    assert openstack('plan inspect', 'my plan') == made
    assert openstack('plan inspect', made['id']) == made
    text = openstack.text('plan inspect', 'my plan')
    assert '| missing_resources | error ' in text
    assert 'thing-1  Test::Thing  n1' in text


@pytest.mark.parametrize(('options', 'words'), [
    ([], 'nothing to change'),
    (['--name', ''], r'plan\.name.*Expected a name of 1 to 255')])
def test_changes_that_are_wrong(openstack, shown, options, words):
    before = shown()
    with pytest.raises(exceptions.CommandError, match=words):
        openstack('plan set', 'my plan', *options)
    assert shown() == before


@pytest.mark.parametrize('options', [
    ['--missing-resources', 'ignore'], ['--start', '--suspend']])
def test_options_that_are_wrong(openstack, shown, options, capsys):
    with pytest.raises(SystemExit):
        openstack('plan set', 'my plan', *options)
    assert options[0] in capsys.readouterr().err


@pytest.mark.parametrize(('verb', 'more'), [
    ('set', ['--start']), ('inspect', [])])
def test_one_that_is_not_there(openstack, verb, more):
    with pytest.raises(exceptions.CommandError, match='HTTP 404'):
        openstack(f'plan {verb}', fixtures.NOWHERE, *more)
    with pytest.raises(exceptions.CommandError, match="name or ID of '../x'"):
        openstack(f'plan {verb}', '../x', *more)


def test_words_are_those_of_the_service():
    assert plans.MISSING == MISSING
