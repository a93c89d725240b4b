# SPDX-License-Identifier: Apache-2.0
from karbor.actions import quotas


def test_limits(conf):
    assert quotas.limit('plans') == 50
    assert quotas.limit('checkpoints') is None
    conf.set_override('plans', 0, 'quota')
    assert quotas.limit('plans') == 0
