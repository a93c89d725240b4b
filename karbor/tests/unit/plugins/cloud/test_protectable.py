# SPDX-License-Identifier: Apache-2.0
"""What all that is found in a cloud has in common."""

import pytest

from karbor.plugin import Resource
from karbor.plugins.protectable.image import ImageProtectable
from karbor.plugins.protectable.network import NetworkProtectable
from karbor.plugins.protectable.project import ProjectProtectable
from karbor.plugins.protectable.server import ServerProtectable
from karbor.plugins.protectable.volume import VolumeProtectable
from karbor.protection.protectables import Protectables
from karbor.tests.faults.services import image
from karbor.tests.faults.services import port
from karbor.tests.faults.services import server
from karbor.tests.faults.services import volume
from karbor.tests.unit.plugins.cloud import worlds

CLASSES = [ProjectProtectable, ServerProtectable, VolumeProtectable,
           ImageProtectable, NetworkProtectable]


@pytest.fixture
def protectables():
    return Protectables([worlds.make(class_) for class_ in CLASSES])


def test_each_is_of_clouds_only():
    assert all(class_.needs_cloud for class_ in CLASSES)


def test_types_know_their_dependents(protectables):
    types = {type_: told['dependent_types']
             for type_, told in protectables.types().items()}
    leaves = ['OS::Cinder::Volume', 'OS::Glance::Image',
              'OS::Neutron::Network']
    assert types == {
        'OS::Keystone::Project': [*leaves, 'OS::Nova::Server'],
        'OS::Nova::Server': leaves, **{leaf: [] for leaf in leaves}}


def test_a_project_is_a_graph_of_all_that_it_has(protectables, cloud):
    graph = protectables.graph(worlds.context(cloud), worlds.resources(
        'OS::Keystone::Project', [worlds.MINE]))
    assert sorted(one.id for one in graph.resources) == sorted([
        worlds.MINE, worlds.MINE,       # the networks have the same id
        's1', 's2', 's3', 's4', 's5', 's6', 's7',
        'v1', 'v2', 'v3', 'v4', 'v5', 'v6',
        'i1', 'i2', 'i3', 'public', 'community', 'lent'])
    children = {one.id for one in graph.children_of(
        Resource('OS::Nova::Server', 's2'))}
    assert children == {'v3', 'public', worlds.MINE}


def test_nobody_can_name_the_project_of_others(protectables, cloud):
    who = worlds.context(cloud, worlds.OTHER)
    _roots, missing = protectables.find(who, worlds.resources(
        'OS::Keystone::Project', [worlds.MINE]))
    assert [one.id for one in missing] == [worlds.MINE]


def _many(cloud, count):
    """Servers with two volumes, an image and a port each."""
    cloud.things['servers'] += [
        server(f'x{n}', worlds.MINE, image=f'y{n % 10}',
               volumes=[f'a{n}', f'b{n}']) for n in range(count)]
    cloud.things['volumes'] += [
        volume(f'{letter}{n}', worlds.MINE)
        for n in range(count) for letter in 'ab']
    cloud.things['images'] += [
        image(f'y{n}', worlds.OTHER, visibility='public') for n in range(10)]
    cloud.things['ports'] += [
        port(f'z{n}', worlds.MINE, 'n1', f'x{n}') for n in range(count)]


@pytest.mark.parametrize('count', [1, 60, 200])
def test_requests_are_as_many_as_types_and_pages(protectables, cloud, count):
    _many(cloud, count)
    cloud.page = 300
    servers, volumes = count + 7, 2 * count + 6
    graph = protectables.graph(worlds.context(cloud), worlds.resources(
        'OS::Keystone::Project', [worlds.MINE]))
    assert sum(one.type == 'OS::Nova::Server'
               for one in graph.resources) == servers
    assert sum(one.type == 'OS::Cinder::Volume'
               for one in graph.resources) == volumes
    # two images are shared, or not: each is a question of its own
    further = sum('members' in path for _service, path in cloud.asked)
    assert further == 2
    pages = -(-volumes // cloud.page) - 1
    assert {service: cloud.count(service) for service in (
        'identity', 'compute', 'volume', 'image', 'network')} == {
            'identity': 1, 'compute': 3, 'volume': 2 + 2 * pages,
            'image': 8 + further, 'network': 6}
