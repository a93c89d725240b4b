# SPDX-License-Identifier: Apache-2.0
"""What the conformance suites have in common."""

from typing import Any
import unittest


class Suite(unittest.TestCase):
    """Tests that run only in subclasses.

    A class that says ``__test__ = False`` is a base, for pytest as well as
    for unittest; each class made of it is a test unless it says so too.
    """

    __test__ = False

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        cls.__test__ = cls.__dict__.get('__test__', True)

    @classmethod
    def setUpClass(cls) -> None:
        if not cls.__test__:
            raise unittest.SkipTest('the base has nothing to test')
        super().setUpClass()
