# SPDX-License-Identifier: Apache-2.0
import pytest

from karbor.tests.unit.policies import world
from karbor.tests.unit.policies.world import MEMBERS
from karbor.tests.unit.policies.world import READERS
from karbor.tests.unit.policies.world import RESTORE

# rule, who may, method, path, body; names in braces are ids of the world
TABLE = [
    ('verification:create', MEMBERS, 'POST', '/verifications',
     {'verification': {**RESTORE, 'checkpoint_id': '{checkpoint}'}}),
    ('verification:get', READERS, 'GET', '/verifications/{verification}',
     None),
    ('verification:get_all', READERS, 'GET', '/verifications', None),
]


@pytest.mark.parametrize('line', TABLE, ids=[line[0] for line in TABLE])
def test_who_may_what(api, app, line):
    world.check(api, app, *line)
