# SPDX-License-Identifier: Apache-2.0
import pytest

from karbor.tests.unit.policies import world
from karbor.tests.unit.policies.world import READERS

# rule, who may, method, path, body; names in braces are ids of the world
TABLE = [
    ('operation_log:get', READERS, 'GET', '/operation_logs/{restore}', None),
    ('operation_log:list', READERS, 'GET', '/operation_logs', None),
]


@pytest.mark.parametrize('line', TABLE, ids=[line[0] for line in TABLE])
def test_who_may_what(api, app, line):
    world.check(api, app, *line)
