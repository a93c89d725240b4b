# SPDX-License-Identifier: Apache-2.0
"""The operation type ``protect`` keeps the contract."""

from karbor.plugin import testing
from karbor.plugins.operationtype.protect import Protect


class TestProtect(testing.OperationTypeConformance):
    def make_type(self):
        return Protect()

    def definitions(self):
        return [{}]


def test_it_protects_and_removes_nothing():
    actions = testing.MemoryActions()
    Protect().run({}, actions)
    assert actions.did == [('protect',)]
    assert Protect().retention({}) is None
