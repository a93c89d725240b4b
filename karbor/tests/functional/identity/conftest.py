# SPDX-License-Identifier: Apache-2.0
"""Fixtures of tests with a real Keystone."""

import pytest

from karbor.tests.functional import daemons
from karbor.tests.functional.identity import cloud as clouds
from karbor.tests.functional.identity import programs as commands


@pytest.fixture(scope='package')
def cloud(tmp_path_factory):
    """A Keystone with people; it takes its time, so all share it."""
    with clouds.keystone(tmp_path_factory.mktemp('keystone')) as made:
        yield made


@pytest.fixture(scope='package')
def standalone(cloud, tmp_path_factory):
    """Everything in one process, and Keystone."""
    with daemons.deployment(
            tmp_path_factory.mktemp('karbor'), 'standalone',
            clouds.Deployment, cloud=cloud) as deployed:
        deployed.start()
        yield deployed


@pytest.fixture(scope='module')
def karbor(standalone):
    """The same, named by the catalogue."""
    standalone.publish()
    return standalone


@pytest.fixture(scope='package')
def programs(tmp_path_factory):
    """The command line tools of users."""
    return commands.Programs(tmp_path_factory.mktemp('programs'))
