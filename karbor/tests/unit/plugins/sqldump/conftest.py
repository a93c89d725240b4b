# SPDX-License-Identifier: Apache-2.0

import pytest

from karbor.tests.unit.plugins.sqldump import base


@pytest.fixture
def limits(tmp_path):
    return base.limits(tmp_path)


@pytest.fixture
def entry(make):
    """A new database of the engine that ``make`` is for."""
    return make()
