# SPDX-License-Identifier: Apache-2.0
"""``openstack data protection restore ...``."""

from osc_lib import exceptions
import pytest

from karbor.osc import restores
from karbor.tests import fixtures


def test_an_undo_is_begun_and_shown(openstack, api):
    plan = api.post('/plans', fixtures.plan_body(), expect=201).json['plan']
    made = api.post(f'/providers/{fixtures.PROVIDER}/checkpoints',
                    {'checkpoint': {'plan_id': plan['id']}}, expect=202)
    fixtures.work()
    restore = api.post('/restores', {'restore': {
        'provider_id': fixtures.PROVIDER, 'parameters': {},
        'checkpoint_id': made.json['checkpoint']['id']}},
        expect=202).json['restore']
    fixtures.work('error')
    shown = openstack('restore undo', restore['id'])
    assert (shown['type'], shown['status'], shown['source_operation_id']) == (
        'undo', 'queued', restore['id'])
    with pytest.raises(exceptions.CommandError, match='is undoing it'):
        openstack('restore undo', restore['id'])
    with pytest.raises(exceptions.CommandError, match='could not be found'):
        openstack('restore undo', fixtures.NOWHERE)


@pytest.mark.parametrize('text', ['x', '../plans'])
def test_a_restore_has_no_name(openstack, text):
    with pytest.raises(exceptions.CommandError,
                       match=f"No restore with an ID of '{text}'"):
        openstack('restore undo', text)


def test_it_explains_itself():
    assert restores.UndoRestore.__doc__
