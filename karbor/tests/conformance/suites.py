# SPDX-License-Identifier: Apache-2.0
"""Running a conformance suite on a plugin, and asking which tests failed."""

import unittest


def failures(suite):
    """Names of the tests of a suite that do not pass."""
    names = unittest.TestLoader().getTestCaseNames(suite)
    assert names
    result = unittest.TestResult()
    for name in names:
        suite(name).run(result)
    assert result.testsRun == len(names)
    return {test.id().rpartition('.')[2]
            for test, _text in result.failures + result.errors}
