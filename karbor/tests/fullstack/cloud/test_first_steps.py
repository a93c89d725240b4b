# SPDX-License-Identifier: Apache-2.0
"""What everybody does first, with the real client and the catalogue."""

from karborclient.common.apiclient import exceptions
from oslo_config import cfg
import pytest

from karbor import conf as karbor_conf
from karbor.clients import openstack
from karbor.tests.functional import daemons
from karbor.tests.functional.identity import cloud as clouds

PROVIDER = daemons.PROVIDER
TYPE = 'Karbor::FileSet'


@pytest.fixture
def member(karbor):
    return karbor.client('member')


@pytest.fixture
def text(karbor):
    """A file of the set, with something in it."""
    path = karbor.root / 'files/text'
    path.write_text('all of it')
    return path


@pytest.fixture
def plan(member):
    return member.plans.create('files', PROVIDER, [
        {'type': TYPE, 'id': daemons.FILESET, 'name': 'files'}], {})


@pytest.fixture
def checkpoint(karbor, text, member, plan):
    """One of the file set, that is available."""
    made = member.checkpoints.create(PROVIDER, plan.id)
    assert karbor.ended('protect', made.id).status == 'available'
    return made


def test_the_catalogue_leads_a_member_to_the_providers(karbor, member):
    assert karbor.cloud.session('member').get_endpoint(
        service_type='data-protect') == (
            f'http://127.0.0.1:{karbor.port}/v1/'
            + karbor.cloud.projects[clouds.MINE])
    provider, = member.providers.list()
    assert (provider.id, provider.name) == (PROVIDER, 'Test')
    assert TYPE in [one.protectable_type
                    for one in member.protectables.list()]


def test_a_member_protects_loses_and_restores(karbor, member, text,
                                              checkpoint):
    text.write_text('lost')
    restore = member.restores.create(PROVIDER, checkpoint.id, None, {}, None)
    assert karbor.ended('restore', checkpoint.id).status == 'success'
    assert member.restores.get(restore.id).status == 'success'
    assert text.read_text() == 'all of it'
    shown = member.checkpoints.get(PROVIDER, checkpoint.id)
    assert shown.project_id == karbor.cloud.projects[clouds.MINE]


def test_a_token_of_another_project_sees_nothing(karbor, member, plan,
                                                 checkpoint):
    other = karbor.client('other-manager')
    assert other.plans.list() == []
    assert other.checkpoints.list(PROVIDER) == []
    assert other.operation_logs.list() == []
    assert other.protectables.list_instances(TYPE) == []
    for ask in (
            lambda: other.plans.get(plan.id),
            lambda: other.plans.delete(plan.id),
            lambda: other.checkpoints.get(PROVIDER, checkpoint.id),
            lambda: other.checkpoints.delete(PROVIDER, checkpoint.id),
            lambda: other.restores.create(PROVIDER, checkpoint.id, None, {},
                                          None)):
        with pytest.raises(exceptions.NotFound):
            ask()
    # a URL is of the project that the token is for, whatever it ends with
    mine = karbor.cloud.projects[clouds.MINE]
    for path in ('/plans', f'/plans/{plan.id}',
                 f'/providers/{PROVIDER}/checkpoints/{checkpoint.id}'):
        answer = karbor.ask('other-manager', 'GET', path, project=mine)
        assert answer.status_code == 400, path
    # all is as it was
    assert member.plans.get(plan.id) == plan
    assert member.checkpoints.get(
        PROVIDER, checkpoint.id).status == 'available'


def test_a_plugin_reaches_every_service_of_the_cloud(karbor):
    """As Karbor's own user, from the configuration of the daemons."""
    conf = cfg.ConfigOpts()
    karbor_conf.register_opts(conf)
    conf(['--config-file', str(karbor.config)], default_config_files=[])
    mine = karbor.cloud.projects[clouds.MINE]
    connected = openstack.connect(conf, mine)
    assert connected.identity.get_project(mine).id == mine
    # of others, too: that needs the role admin
    everybody = {'all_projects': True, 'project_id': mine}
    assert list(connected.block_storage.volumes(**everybody)) == []
    assert list(connected.block_storage.backups(**everybody)) == []
    assert list(connected.compute.servers(**everybody)) == []
    assert list(connected.image.images(owner=mine)) == []
    assert list(connected.network.networks(project_id=mine)) == []
    assert list(connected.object_store.containers()) == []
    assert list(connected.placement.resource_providers())
