# SPDX-License-Identifier: Apache-2.0
"""Options of the operation engine."""

from karbor.conf import engine
from karbor.tests.unit.conf import options


def test_the_group():
    conf = options.check(engine)
    options.refuses(conf, 'workers', 0, 'operationengine')
