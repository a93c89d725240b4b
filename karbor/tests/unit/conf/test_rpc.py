# SPDX-License-Identifier: Apache-2.0
"""Options of the bus."""

from karbor.conf import rpc
from karbor.tests.unit.conf import options


def test_the_group():
    conf = options.check(rpc)
    conf.set_override('provider_cache_time', 0, 'rpc')
    options.refuses(conf, 'question_timeout', 0, 'rpc')
