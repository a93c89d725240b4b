# SPDX-License-Identifier: Apache-2.0
"""Options of the cloud."""

from karbor.conf import cloud
from karbor.tests.unit.conf import options


def test_the_group():
    conf = options.check(cloud)
    assert conf.cloud.enabled is False
    # those of keystoneauth are there, too
    assert conf.cloud.auth_type is None
    assert conf.cloud.insecure is False


def test_the_sample_shows_how_to_authenticate():
    [(group, shown)] = cloud.list_opts()
    assert group == 'cloud'
    assert {'auth_type', 'auth-url', 'cafile'} <= {o.name for o in shown}
