# SPDX-License-Identifier: Apache-2.0
from karbor.plugins.protectable.server import ServerProtectable
from karbor.tests.unit.plugins.cloud import worlds


def test_a_server_tells_what_users_know_it_by(cloud):
    found = worlds.make(ServerProtectable).show(worlds.context(cloud),
                                                's1', {})
    assert found.name == 'server s1'
    assert found.extra_info == {'status': 'ACTIVE', 'flavor': 'small',
                                'availability_zone': 'nova'}


def test_a_server_whose_cell_is_away_is_listed_all_the_same(cloud):
    cloud.things['servers'].append({
        'id': 'away', 'tenant_id': worlds.MINE, 'status': 'UNKNOWN'})
    found = worlds.make(ServerProtectable).list(worlds.context(cloud), {})
    assert found[0].id == 'away'
    assert found[0].name == ''
    assert found[0].extra_info == {'status': 'UNKNOWN', 'flavor': None,
                                   'availability_zone': None}
