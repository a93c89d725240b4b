# SPDX-License-Identifier: Apache-2.0
"""Lists end with their last page, and are the project's."""

import pytest

from karbor.plugins.cloud import kinds
from karbor.plugins.cloud.region import Region
from karbor.tests.faults.services import image
from karbor.tests.faults.services import volume
from karbor.tests.unit.plugins.cloud import worlds

ALL = [kinds.PROJECTS, kinds.SERVERS, kinds.VOLUMES, kinds.IMAGES,
       kinds.NETWORKS, kinds.PORTS]


@pytest.fixture
def region(cloud):
    return Region(worlds.context(cloud))


@pytest.mark.parametrize('kind', ALL, ids=lambda kind: kind.noun)
def test_a_list_has_what_is_the_projects_and_no_more(region, cloud, kind):
    found = kind.all(region)
    assert found
    assert all(kind.owned(region, one) for one in found)
    assert [one.id for one in found] == sorted(
        {one.id for one in found})


def test_the_service_is_asked_for_a_project_and_not_for_all(region, cloud):
    for kind in ALL:
        kind.all(region)
    for (service, _path), query in zip(cloud.asked, cloud.queries,
                                       strict=True):
        if service != 'identity':
            assert [worlds.MINE] in (query.get('project_id'),
                                     query.get('owner')), service


def test_of_a_few_each_is_asked_for(region, cloud):
    kinds.VOLUMES.some(region, ['v1', 'w1', 'v1'])
    assert cloud.asked == [('volume', 'v3/volumes/v1'),
                           ('volume', 'v3/volumes/w1')]


def test_of_many_all_are_listed(region, cloud):
    cloud.page = 100
    found = kinds.VOLUMES.some(region, ['v1', 'v2', 'w1', 'v4', 'v9'])
    assert set(found) == {'v1', 'v2', 'v4'}
    assert cloud.asked == [('volume', 'v3/volumes/detail')]


@pytest.mark.parametrize('id_', [
    '', '.', '..', 'v1/action', '../servers/s1', 'v1?x=1', 'v1#', 'v1\n',
    'a' * 300, '\N{SNOWMAN}', '%2e%2e'])
def test_no_id_leads_elsewhere(region, cloud, id_):
    assert kinds.VOLUMES.one(region, id_) is None
    assert cloud.asked == []


@pytest.mark.parametrize(('kind', 'collection', 'id_', 'status'), [
    (kinds.SERVERS, 'servers', 's1', 'DELETED'),
    (kinds.SERVERS, 'servers', 's1', 'SOFT_DELETED'),
    (kinds.IMAGES, 'images', 'i1', 'deleted'),
    (kinds.IMAGES, 'images', 'i1', 'pending_delete')])
def test_what_only_administrators_see_is_gone(region, cloud, kind, collection,
                                              id_, status):
    assert kind.one(region, id_) is not None
    for thing in cloud.things[collection]:
        if thing['id'] == id_:
            thing['status'] = status
    assert kind.one(region, id_) is None
    assert id_ not in [one.id for one in kind.all(region)]
    if kind is kinds.IMAGES:
        for others in ([], ['x', 'y', 'z']):
            assert kinds.used_images(region, [id_, *others]) == {}


def test_the_word_of_a_list_is_no_id(region, cloud):
    assert kinds.SERVERS.one(region, 'detail') is None


def test_many_used_images_are_asked_for_in_chunks(region, cloud,
                                                  monkeypatch):
    monkeypatch.setattr(kinds, 'CHUNK', 3)
    cloud.page = 100
    cloud.things['images'] += [image(f'p{number}', 'other',
                                     visibility='public')
                               for number in range(7)]
    wanted = {f'p{number}' for number in range(7)}
    assert set(kinds.used_images(
        region, [*wanted, 'public', 'gone', 'secret'])) == {
            *wanted, 'public'}
    assert len({query['id'][0] for query in cloud.queries
                if 'id' in query}) == 4


def test_what_is_listed_twice_is_there_once(region, cloud):
    # something new moves the rest to a later page
    cloud.things['volumes'] += [volume('v1', worlds.MINE)]
    cloud.page = 100
    assert len(kinds.VOLUMES.all(region)) == 6


def test_many_networks_are_asked_for_in_chunks(region, cloud, monkeypatch):
    monkeypatch.setattr(kinds, 'CHUNK', 2)
    assert set(kinds.used_networks(
        region, ['n1', 'm1', 'shared', 'gone', 'n2'])) == {
            'n1', 'm1', 'shared', 'n2'}
    assert kinds.used_networks(region, []) == {}
