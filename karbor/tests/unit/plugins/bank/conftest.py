# SPDX-License-Identifier: Apache-2.0

import pytest

from karbor.tests.unit.plugins.bank.common import make_bank


@pytest.fixture
def root(tmp_path):
    return tmp_path / 'bank'


@pytest.fixture
def bank(root):
    return make_bank(root)
