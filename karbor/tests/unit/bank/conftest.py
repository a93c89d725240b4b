# SPDX-License-Identifier: Apache-2.0

import pytest

from karbor.plugin.testing import MemoryBank
from karbor.tests.unit.bank.common import make_store


@pytest.fixture
def bank():
    return MemoryBank()


@pytest.fixture
def store(bank):
    return make_store(bank)
