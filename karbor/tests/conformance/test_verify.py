# SPDX-License-Identifier: Apache-2.0
"""The operation type ``verify`` keeps the contract."""

import pytest

from karbor.plugin import testing
from karbor.plugins.operationtype.verify import Verify


class TestVerify(testing.OperationTypeConformance):
    def make_type(self):
        return Verify()

    def definitions(self):
        return [{}, {'checkpoints': 1}, {'checkpoints': 10},
                {'subsets': 1}, {'checkpoints': 2, 'subsets': 1000}]

    def refused(self):
        return [*(({'checkpoints': value}, 'checkpoints')
                  for value in (0, 11, -1, '3', 1.5, True, None, [])),
                *(({'subsets': value}, 'subsets')
                  for value in (0, 1001, -1, '3', 1.5, True, None, {}))]


@pytest.mark.parametrize(('definition', 'there', 'number'), [
    ({}, 1, 1), ({}, 5, 1), ({'checkpoints': 3}, 2, 2),
    ({'checkpoints': 3}, 5, 3)])
def test_the_newest_are_verified(definition, there, number):
    actions = testing.MemoryActions(there)
    Verify().run(definition, actions)
    assert actions.did == [
        ('verify', *(f'checkpoint-{index}' for index in range(number)))]


@pytest.mark.parametrize(('definition', 'subsets'), [
    ({}, 1), ({'subsets': 7}, 7)])
def test_all_of_them_or_a_subset_is_verified(definition, subsets):
    actions = testing.MemoryActions(1)
    Verify().run(definition, actions)
    assert actions.subsets == subsets


def test_without_a_checkpoint_the_run_is_skipped():
    actions = testing.MemoryActions()
    with pytest.raises(testing.Skipped, match='no available checkpoint'):
        Verify().run({}, actions)
