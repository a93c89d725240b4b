# SPDX-License-Identifier: Apache-2.0
"""Options of the operation engine."""

from karbor.conf import engine
from karbor.tests.unit.conf import options


def test_the_group():
    conf = options.check(engine)
    for name, value in (('workers', 0), ('min_interval', 0),
                        ('min_window_time', -1), ('max_window_time', -1)):
        options.refuses(conf, name, value, 'operationengine')
