# SPDX-License-Identifier: Apache-2.0
"""One region, as one project has it."""

import pytest

from karbor import plugin
from karbor.plugins.cloud import region
from karbor.plugins.protectable.server import ServerProtectable
from karbor.plugins.protectable.volume import VolumeProtectable
from karbor.tests.faults import services
from karbor.tests.unit.plugins.cloud import worlds

NORTH = {'region_name': 'north'}


def test_without_a_cloud_a_user_is_told():
    with pytest.raises(plugin.PluginError, match='no OpenStack cloud'):
        region.Region(plugin.Context(worlds.MINE))


def test_without_the_role_admin_nothing_is_asked(cloud):
    cloud.roles = ['service', 'member']
    # Nova would refuse; Cinder would give a list with nothing in it
    for class_ in (ServerProtectable, VolumeProtectable):
        with pytest.raises(plugin.PluginError, match='not the role admin'):
            worlds.make(class_).list(worlds.context(cloud), {})
    assert cloud.asked == []


def test_at_home_no_role_admin_is_needed(cloud):
    cloud.home, cloud.roles = worlds.MINE, ['member']
    found = worlds.make(VolumeProtectable).list(worlds.context(cloud), {})
    assert [one.id for one in found] == ['v1', 'v2', 'v3', 'v4', 'v5', 'v6']
    assert not any({'all_tenants', 'project_id'} & query.keys()
                   for query in cloud.queries)


def test_a_region_is_that_of_the_catalogue(cloud):
    with pytest.raises(plugin.Invalid, match='has no region north'):
        worlds.make(ServerProtectable).list(worlds.context(cloud), NORTH)
    cloud.regions = [services.REGION, 'north']
    first, *_rest = worlds.make(ServerProtectable).list(
        worlds.context(cloud), NORTH)
    assert first.extra_info['region_name'] == 'north'


def test_what_is_in_a_region_depends_on_what_is_there(cloud):
    cloud.regions = [services.REGION, 'north']
    who = worlds.context(cloud)
    there = worlds.make(ServerProtectable).show(who, 's1', NORTH)
    here = worlds.make(ServerProtectable).show(who, 's2', {})
    found = worlds.make(VolumeProtectable).dependents(who, [there, here])
    assert worlds.ids(found) == {'s1': ['v1', 'v2'], 's2': ['v3']}
    assert [one.extra_info.get('region_name')
            for children in found.values() for one in children] == [
        'north', 'north', None]
    cloud.regions = [services.REGION]
    with pytest.raises(plugin.Invalid, match='has no region north'):
        worlds.make(VolumeProtectable).dependents(who, [here, there])


@pytest.mark.parametrize('wrong', [5, '', ['north'], {}])
def test_a_region_has_a_name(wrong):
    with pytest.raises(plugin.Invalid, match='the name of a region'):
        region.asked({'region_name': wrong})


def test_other_parameters_are_for_others():
    assert region.asked({'region': 'north', 'region_name': None}) is None
