# SPDX-License-Identifier: Apache-2.0
"""``openstack data protection scheduledoperation ...``."""

from osc_lib import exceptions
import pytest

from karbor.model.scheduled_operation import OVERLAPS
from karbor.osc import scheduled_operations
from karbor.tests import fixtures


@pytest.fixture
def shown(api, schedule):
    """The operation ``nightly`` as it is now."""
    made = schedule('nightly', complete_within=3600)
    return lambda: api.get(f'/scheduled_operations/{made["id"]}').json[
        'scheduled_operation']


@pytest.mark.parametrize(('options', 'changes'), [
    (['--name', 'new'], {'name': 'new'}),
    (['--description', ''], {'description': ''}),
    (['--disable'], {'enabled': False}),
    (['--overlap', 'queue'], {'overlap': 'queue'}),
    (['--complete-within', '7200'], {'complete_within': 7200}),
    (['--no-complete-within'], {'complete_within': None}),
    (['--enable', '--name', 'n'], {'enabled': True, 'name': 'n'})])
def test_changes(openstack, shown, options, changes):
    before = shown()
    assert openstack('scheduledoperation set', 'nightly', *options) is None
    after = shown()
    assert after['updated_at'] is not None
    assert after == {**before, **changes, 'updated_at': after['updated_at']}


def test_it_is_enabled_again(openstack, shown):
    openstack('scheduledoperation set', 'nightly', '--disable')
    assert shown()['enabled'] is False
    with pytest.raises(exceptions.CommandError, match='disabled'):
        openstack('scheduledoperation run', 'nightly')
    openstack('scheduledoperation set', 'nightly', '--enable')
    assert shown()['enabled'] is True


def test_nothing_to_change(openstack, shown):
    before = shown()
    with pytest.raises(exceptions.CommandError, match='nothing to change'):
        openstack('scheduledoperation set', 'nightly')
    assert shown() == before


def test_overlaps_are_those_of_the_service():
    assert scheduled_operations.OVERLAPS == OVERLAPS


def test_one_that_runs_now(openstack, shown):
    run = openstack('scheduledoperation run', 'nightly')
    assert (run['scheduled_operation_id'], run['origin'], run['status']) == (
        shown()['id'], 'manual', 'queued')
    assert openstack('run show', 'nightly', run['id']) == run


def test_one_that_is_not_there(openstack, shown):
    for verb in ('run', 'adopt', 'set'):
        more = ['--enable'] if verb == 'set' else []
        with pytest.raises(exceptions.CommandError, match='HTTP 404'):
            openstack(f'scheduledoperation {verb}', fixtures.NOWHERE, *more)
