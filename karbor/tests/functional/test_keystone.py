# SPDX-License-Identifier: Apache-2.0
"""Daemons with a real Keystone: tokens, service tokens and the main job."""

import pytest

from karbor.tests.functional import cloud as clouds
from karbor.tests.functional import daemons


@pytest.fixture(scope='module')
def karbor(cloud, tmp_path_factory):
    """Three daemons and Keystone."""
    with daemons.deployment(
            tmp_path_factory.mktemp('karbor'), 'postgresql',
            clouds.Deployment, cloud=cloud) as deployed:
        deployed.start()
        yield deployed


def test_the_main_job(karbor):
    """A member protects, loses and restores; a manager deletes."""
    text = karbor.root / 'files/text'
    text.write_text('all of it')
    member = karbor.client('member')
    plan = member.plans.create('p', daemons.PROVIDER, [
        {'type': 'Karbor::FileSet', 'id': daemons.FILESET, 'name': 'files'}],
        {})
    checkpoint = member.checkpoints.create(daemons.PROVIDER, plan.id)
    assert karbor.ended('protect', checkpoint.id).status == 'available'
    made = member.checkpoints.get(daemons.PROVIDER, checkpoint.id)
    assert made.status == 'available'
    assert made.project_id == karbor.cloud.projects[clouds.MINE]
    text.write_text('lost')
    restore = member.restores.create(
        daemons.PROVIDER, checkpoint.id, None, {}, None)
    daemons.until(lambda: member.restores.get(restore.id).status
                  != 'in_progress', what='the end of a restore')
    assert member.restores.get(restore.id).status == 'success'
    assert text.read_text() == 'all of it'
    assert karbor.delete(checkpoint.id).status == 'deleted'
    assert karbor.bank_objects() == []
