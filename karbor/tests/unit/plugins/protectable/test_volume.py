# SPDX-License-Identifier: Apache-2.0
import pytest

from karbor import plugin
from karbor.plugins.protectable.image import ImageProtectable
from karbor.plugins.protectable.volume import VolumeProtectable
from karbor.tests.faults.services import server
from karbor.tests.unit.plugins.cloud import worlds


def _of(cloud, *servers, class_=VolumeProtectable):
    return worlds.ids(worlds.make(class_).dependents(
        worlds.context(cloud),
        worlds.resources('OS::Nova::Server', servers)))


def test_a_volume_tells_what_users_know_it_by(cloud):
    found = worlds.make(VolumeProtectable).show(worlds.context(cloud),
                                                'v1', {})
    assert found.extra_info == {
        'status': 'available', 'size': 1, 'volume_type': 'file',
        'availability_zone': 'nova'}


def test_a_volume_may_have_many_servers(cloud):
    cloud.things['servers'].append(server('s8', worlds.MINE,
                                          volumes=['v1', 'v3']))
    assert _of(cloud, 's1', 's8') == {'s1': ['v1', 'v2'],
                                      's8': ['v1', 'v3']}


def test_a_volume_of_another_project_is_no_volume_less(cloud):
    cloud.things['servers'].append(server('s8', worlds.MINE,
                                          volumes=['v1', 'w1']))
    with pytest.raises(plugin.PluginError, match=(
            'Server s8 has volume w1, which does not exist in its')):
        _of(cloud, 's8')


@pytest.mark.parametrize('class_', [VolumeProtectable, ImageProtectable])
def test_a_server_that_is_gone_is_not_one_without_volumes(cloud, class_):
    for servers in (['s1', 'gone'], ['s1', 's2', 's3', 's4', 'gone']):
        with pytest.raises(plugin.PluginError, match=(
                'Server gone does not exist any more')):
            _of(cloud, *servers, class_=class_)


@pytest.mark.parametrize('class_', [VolumeProtectable, ImageProtectable])
def test_a_server_whose_cell_is_away_is_not_one_without_volumes(cloud,
                                                                class_):
    cloud.things['servers'].append({
        'id': 'away', 'tenant_id': worlds.MINE, 'status': 'UNKNOWN'})
    with pytest.raises(plugin.PluginError, match=(
            'Nova cannot tell now what server away uses')):
        _of(cloud, 'away', class_=class_)
