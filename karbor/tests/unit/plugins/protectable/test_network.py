# SPDX-License-Identifier: Apache-2.0
import pytest

from karbor import plugin
from karbor.plugins.protectable.network import NetworkProtectable
from karbor.tests.unit.plugins.cloud import worlds


def test_all_networks_are_one_resource(cloud):
    [found] = worlds.make(NetworkProtectable).list(worlds.context(cloud), {})
    assert found.to_dict() == {
        'type': 'OS::Neutron::Network', 'id': 'mine',
        'name': 'Network topology',
        'extra_info': {'networks': ['n2', 'network n1'],
                       'shared_networks': ['network shared']}}


def test_a_project_without_networks_has_none(cloud):
    who = worlds.context(cloud, 'empty')
    protectable = worlds.make(NetworkProtectable)
    assert list(protectable.list(who, {})) == []
    assert protectable.find(who, ['empty']) == {}
    with pytest.raises(plugin.InstanceNotFound):
        protectable.show(who, 'empty', {})


def test_a_port_in_a_network_of_others_is_the_projects(cloud):
    cloud.things['networks'] = cloud.things['networks'][-1:]
    [found] = worlds.make(NetworkProtectable).list(worlds.context(cloud), {})
    assert found.extra_info == {'networks': [],
                                'shared_networks': ['network shared']}


def test_a_network_of_the_project_is_no_resource_by_itself(cloud):
    who = worlds.context(cloud)
    with pytest.raises(plugin.InstanceNotFound):
        worlds.make(NetworkProtectable).show(who, 'n1', {})
    assert cloud.asked == []
