# SPDX-License-Identifier: Apache-2.0
import pytest

from karbor.tests.unit.policies import world
from karbor.tests.unit.policies.world import CHECKPOINTS
from karbor.tests.unit.policies.world import MANAGERS
from karbor.tests.unit.policies.world import MEMBERS
from karbor.tests.unit.policies.world import READERS

# rule, who may, method, path, body; names in braces are ids of the world
TABLE = [
    ('provider:checkpoint_get', READERS, 'GET',
     CHECKPOINTS + '/{checkpoint}', None),
    ('provider:checkpoint_get_all', READERS, 'GET', CHECKPOINTS, None),
    ('provider:checkpoint_create', MEMBERS, 'POST', CHECKPOINTS,
     {'checkpoint': {'plan_id': '{plan}'}}),
    ('provider:checkpoint_delete', MANAGERS, 'DELETE',
     CHECKPOINTS + '/{checkpoint}', None),
    ('provider:checkpoint_update', MANAGERS, 'PUT',
     CHECKPOINTS + '/{checkpoint}', {'os-resetState': {'state': 'error'}}),
]


@pytest.mark.parametrize('line', TABLE, ids=[line[0] for line in TABLE])
def test_who_may_what(api, app, line):
    world.check(api, app, *line)
