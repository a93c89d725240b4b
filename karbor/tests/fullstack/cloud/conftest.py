# SPDX-License-Identifier: Apache-2.0
"""Fixtures of tests with a whole cloud.

It is that of ``tools/cloud``, or of OS_* in the environment; one that is not
there fails them.
"""

import pytest

from karbor.tests.fullstack.cloud import guests
from karbor.tests.functional import daemons


@pytest.fixture(scope='session')
def cloud():
    """The cloud, with people of ours in it."""
    with guests.guests() as made:
        yield made


@pytest.fixture(scope='session')
def karbor(cloud, tmp_path_factory):
    """Three daemons, named by the catalogue."""
    with daemons.deployment(
            tmp_path_factory.mktemp('karbor'), 'postgresql',
            guests.Deployment, cloud=cloud) as deployed:
        deployed.start()
        deployed.publish()
        yield deployed
