# SPDX-License-Identifier: Apache-2.0
import pytest

from karbor import plugin
from karbor.plugins.protectable.image import ImageProtectable
from karbor.tests.unit.plugins.cloud import worlds


def test_an_image_tells_what_users_know_it_by(cloud):
    found = worlds.make(ImageProtectable).show(worlds.context(cloud),
                                               'i1', {})
    assert found.extra_info == {
        'status': 'active', 'size': 100, 'disk_format': 'raw',
        'visibility': 'shared'}


def test_an_image_without_a_name(cloud):
    found = worlds.make(ImageProtectable).show(worlds.context(cloud),
                                               'i3', {})
    assert found.name == ''


@pytest.mark.parametrize('image', ['public', 'community', 'lent', 'secret'])
def test_nobody_can_name_an_image_of_others(cloud, image):
    with pytest.raises(plugin.InstanceNotFound):
        worlds.make(ImageProtectable).show(worlds.context(cloud), image, {})


@pytest.mark.parametrize('servers', [['s7'], ['s7', 's1', 's2', 's5', 's6']])
def test_an_image_that_is_private_to_others_by_now_is_not_used(cloud,
                                                               servers):
    who = worlds.context(cloud)
    parents = worlds.resources('OS::Nova::Server', servers)
    protectable = worlds.make(ImageProtectable)
    assert worlds.ids(protectable.dependents(who, parents))['s7'] == []
    cloud.members.add(('secret', worlds.MINE))
    assert worlds.ids(protectable.dependents(who, parents))['s7'] == [
        'secret']


def test_members_that_cannot_be_looked_up_are_an_error(cloud):
    cloud.fails['image', 2] = 500
    with pytest.raises(plugin.PluginError, match='the members of an image'):
        worlds.make(ImageProtectable).dependents(
            worlds.context(cloud),
            worlds.resources('OS::Nova::Server', ['s6']))
