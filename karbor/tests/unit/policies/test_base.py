# SPDX-License-Identifier: Apache-2.0
"""What holds for all rules."""

import re

import pytest

from karbor.tests.fixtures import NOWHERE
from karbor.tests.unit.policies import test_checkpoints
from karbor.tests.unit.policies import test_copies
from karbor.tests.unit.policies import test_operations
from karbor.tests.unit.policies import test_plans
from karbor.tests.unit.policies import test_protectables
from karbor.tests.unit.policies import test_providers
from karbor.tests.unit.policies import test_quota_classes
from karbor.tests.unit.policies import test_quotas
from karbor.tests.unit.policies import test_restores
from karbor.tests.unit.policies import test_retention
from karbor.tests.unit.policies import test_runs
from karbor.tests.unit.policies import test_scheduled_operations
from karbor.tests.unit.policies import test_services
from karbor.tests.unit.policies import test_triggers
from karbor.tests.unit.policies import test_verifications
from karbor.tests.unit.policies import world

TABLE = [line for module in (
    test_checkpoints, test_copies, test_operations, test_plans,
    test_protectables, test_providers, test_quota_classes, test_quotas,
    test_restores, test_retention, test_runs, test_scheduled_operations,
    test_services, test_triggers, test_verifications)
    for line in module.TABLE]


@pytest.fixture
def things(api):
    return world.make_world(api)


@pytest.mark.parametrize(('rule', 'method', 'path', 'body', 'version'), [
    (line[0], *line[2:5], line[5] if line[5:] else '1.0') for line in TABLE
    # ids of the world are in its path or in its body
    if re.search(r'\{\w+\}', f'{line[3]} {line[4]}')])
def test_things_of_another_project_do_not_exist(
        other, things, rule, method, path, body, version):
    other = other.at(version)
    answer = other.send(method, world.fill(path, things),
                        world.fill(body, things), expect=404)
    assert 'could not be found' in answer.json['itemNotFound']['message']
    # as if there were none at all
    nothing = dict.fromkeys(things, NOWHERE)
    answer_2 = other.send(method, world.fill(path, nothing),
                          world.fill(body, nothing), expect=404)
    known = (*things.values(), NOWHERE)
    assert without(answer.text, known) == without(answer_2.text, known)


def without(text, ids):
    for id_ in ids:
        text = text.replace(id_, '')
    return text


def test_the_table_is_whole(rules):
    names = {name for name in rules.registered_rules if ':' in name}
    # those of 1.1 have tests of their own
    assert names == {line[0] for line in TABLE} | test_operations.NEWER
