# SPDX-License-Identifier: Apache-2.0
"""``openstack data protection restore ...``."""

from osc_lib import exceptions
import pytest

from karbor.osc import restores
from karbor.tests import fixtures


@pytest.fixture
def restore(api, checkpoint):
    """One that has failed."""
    made = api.post('/restores', {'restore': {
        'provider_id': fixtures.PROVIDER, 'parameters': {},
        'checkpoint_id': checkpoint['id']}}, expect=202).json['restore']
    fixtures.work('error')
    return made


def test_an_undo_is_begun_and_shown(openstack, restore):
    shown = openstack('restore undo', restore['id'])
    assert (shown['type'], shown['status'], shown['source_operation_id']) == (
        'undo', 'queued', restore['id'])
    with pytest.raises(exceptions.CommandError, match='is undoing it'):
        openstack('restore undo', restore['id'])
    with pytest.raises(exceptions.CommandError, match='could not be found'):
        openstack('restore undo', fixtures.NOWHERE)


def test_an_undo_is_waited_for(openstack, restore, pauses):
    pauses(fixtures.work)
    assert openstack('restore undo', restore['id'], '--wait')[
        'status'] == 'success'
    assert openstack.status == 0


@pytest.mark.parametrize('text', ['x', '../plans'])
def test_a_restore_has_no_name(openstack, text):
    with pytest.raises(exceptions.CommandError,
                       match=f"No restore with an ID of '{text}'"):
        openstack('restore undo', text)


def test_it_explains_itself():
    assert restores.UndoRestore.__doc__
