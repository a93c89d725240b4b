# SPDX-License-Identifier: Apache-2.0
import pytest

from karbor.tests.fixtures import THING
from karbor.tests.unit.policies import world
from karbor.tests.unit.policies.world import INSTANCES
from karbor.tests.unit.policies.world import READERS

# rule, who may, method, path, body; names in braces are ids of the world
TABLE = [
    ('protectable:get', READERS, 'GET', f'/protectables/{THING}', None),
    ('protectable:get_all', READERS, 'GET', '/protectables', None),
    ('protectable:instance_get', READERS, 'GET', f'{INSTANCES}/thing-1',
     None),
    ('protectable:instance_get_all', READERS, 'GET', INSTANCES, None),
]


@pytest.mark.parametrize('line', TABLE, ids=[line[0] for line in TABLE])
def test_who_may_what(api, app, line):
    world.check(api, app, *line)
