# SPDX-License-Identifier: Apache-2.0
import pytest

from karbor.tests.fixtures import PROVIDER
from karbor.tests.unit.policies import world
from karbor.tests.unit.policies.world import READERS

# rule, who may, method, path, body; names in braces are ids of the world
TABLE = [
    ('provider:get', READERS, 'GET', f'/providers/{PROVIDER}', None),
    ('provider:get_all', READERS, 'GET', '/providers', None),
]


@pytest.mark.parametrize('line', TABLE, ids=[line[0] for line in TABLE])
def test_who_may_what(api, app, line):
    world.check(api, app, *line)
