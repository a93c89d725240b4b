# SPDX-License-Identifier: Apache-2.0

import unittest

from karbor.plugin.testing.suite import Suite


class Base(Suite):
    __test__ = False

    def test_it(self):
        self.assertTrue(self.right)


class Right(Base):
    right = True


class Wrong(Base):
    __test__ = False        # or pytest would run it too
    right = False


def run(suite):
    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(suite).run(result)
    return result.testsRun, len(result.failures), len(result.skipped)


def test_a_base_is_left_out_and_what_is_made_of_it_is_not():
    assert run(Base) == (0, 0, 1)
    assert run(Right) == (1, 0, 0)
    assert run(Wrong) == (0, 0, 1)
    made = type('Made', (Wrong,), {})
    assert made.__test__
    assert run(made) == (1, 1, 0)
