# SPDX-License-Identifier: Apache-2.0
"""Options of the trustee."""

from karbor.conf import trustee
from karbor.tests.unit.conf import options


def test_the_group():
    conf = options.check(trustee)
    # those of keystoneauth are there, too, but nobody waits for ever
    assert conf.trustee.auth_type is None
    assert conf.trustee.timeout == 10
    options.refuses(conf, 'cache_time', -1, 'trustee')
    options.refuses(conf, 'trust_lifetime', -1, 'trustee')


def test_the_sample_shows_how_to_authenticate():
    [(group, shown)] = trustee.list_opts()
    assert group == 'trustee'
    assert {'auth_type', 'auth-url', 'cafile'} <= {o.name for o in shown}
