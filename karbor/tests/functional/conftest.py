# SPDX-License-Identifier: Apache-2.0
"""Fixtures of functional tests."""

import pytest

from karbor.tests.functional import cloud as clouds


@pytest.fixture(scope='session')
def cloud(tmp_path_factory):
    """A Keystone with people; it takes its time, so all share it."""
    with clouds.keystone(tmp_path_factory.mktemp('keystone')) as made:
        yield made
