# SPDX-License-Identifier: Apache-2.0
from karbor.conf import quota as options
from karbor.model import quota


def test_what_is_counted_has_an_option():
    assert {option.dest for option in options.OPTS} == set(quota.RESOURCES)
