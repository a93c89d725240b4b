# SPDX-License-Identifier: Apache-2.0
"""The cloud as plugins see it."""

from oslo_config import cfg
import pytest

from karbor import exception
from karbor.clients import openstack
from karbor.conf import cloud as options


@pytest.fixture(autouse=True)
def forget(monkeypatch):
    monkeypatch.setattr(openstack, '_known', None)


@pytest.fixture
def cloud():
    """A [cloud] that is complete; nobody listens there.

    Not the configuration of the process: keystoneauth registers options in
    it that are required from then on.
    """
    conf = cfg.ConfigOpts()
    options.register_opts(conf)
    conf([], default_config_files=[])
    for name, value in (('enabled', True), ('region_name', 'north'),
                        ('auth_type', 'none')):
        conf.set_override(name, value, 'cloud')
    return conf


def test_without_a_cloud_a_plugin_is_told(conf):
    with pytest.raises(exception.PluginError, match=r'\[cloud\] enabled is'):
        openstack.connect(conf, 'p')


def test_a_connection_names_the_project(cloud):
    connection = openstack.connect(cloud, 'p1')
    assert connection.config.region_name == 'north'
    assert connection.config.config['interface'] == 'public'
    assert connection.config._app_name == 'karbor-p1'


def test_a_process_has_one_session(cloud):
    sessions = {openstack.connect(cloud, project).config.get_session()
                for project in 'ab'}
    assert len({id(session.auth) for session in sessions}) == 1


def test_a_service_has_no_time_without_end(cloud):
    assert openstack.connect(cloud, 'p1').session.timeout == 60


@pytest.mark.parametrize('wrong', ['no-such-type', 'password'])
def test_a_cloud_that_cannot_be_used(cloud, wrong):
    cloud.set_override('auth_type', wrong, 'cloud')
    with pytest.raises(exception.PluginError, match=(
            r'The cloud of \[cloud\] cannot be used: .')):
        openstack.connect(cloud, 'p').authorize()
