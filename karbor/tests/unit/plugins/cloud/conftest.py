# SPDX-License-Identifier: Apache-2.0
import pytest

from karbor.tests.unit.plugins.cloud import worlds


@pytest.fixture
def cloud():
    with worlds.running() as made:
        yield made
