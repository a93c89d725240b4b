# SPDX-License-Identifier: Apache-2.0
import pytest

from karbor.tests.unit.policies import world
from karbor.tests.unit.policies.world import READERS

ALL = '/scheduled_operations/{scheduled_operation}/runs'

# rule, who may, method, path, body, version; names in braces are ids of the
# world
TABLE = [
    ('scheduled_run:get', READERS, 'GET', f'{ALL}/{{run}}', None, '1.2'),
    ('scheduled_run:get_all', READERS, 'GET', ALL, None, '1.2'),
]


@pytest.mark.parametrize('line', TABLE, ids=[line[0] for line in TABLE])
def test_who_may_what(api, app, line):
    world.check(api, app, *line)
