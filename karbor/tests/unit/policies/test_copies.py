# SPDX-License-Identifier: Apache-2.0
import pytest

from karbor.tests.unit.policies import world
from karbor.tests.unit.policies.world import CHECKPOINTS
from karbor.tests.unit.policies.world import MEMBERS

# rule, who may, method, path, body; names in braces are ids of the world
TABLE = [
    ('copy:create', MEMBERS, 'POST', f'{CHECKPOINTS}/action',
     {'copy': {'plan_id': '{plan}', 'parameters': {}}}),
]


@pytest.mark.parametrize('line', TABLE, ids=[line[0] for line in TABLE])
def test_who_may_what(api, app, line):
    world.check(api, app, *line)
