# SPDX-License-Identifier: Apache-2.0
import pytest

from karbor.tests.unit.policies import world
from karbor.tests.unit.policies.world import READERS

# rule, who may, method, path, body, version; names in braces are ids of the
# world
TABLE = [
    ('retention:get', READERS, 'GET',
     '/scheduled_operations/{scheduled_operation}/retention', None, '1.2'),
    ('retention:simulate', READERS, 'POST', '/plans/{plan}/retention',
     {'retention': {'max_backups': 1}}, '1.2'),
]


@pytest.mark.parametrize('line', TABLE, ids=[line[0] for line in TABLE])
def test_who_may_what(api, app, line):
    world.check(api, app, *line)
