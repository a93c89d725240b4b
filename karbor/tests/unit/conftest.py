# SPDX-License-Identifier: Apache-2.0
"""Fixtures that unit tests of several layers share."""

import pytest

from karbor.tests.unit.db import schedules


@pytest.fixture
def clock(database):
    """The database's, which shows noon until it is moved."""
    return schedules.Clock()


@pytest.fixture
def operation(clock):
    """A scheduled operation whose trigger fires every minute."""
    return schedules.operation(clock, schedules.trigger(clock).id)
