# SPDX-License-Identifier: Apache-2.0
"""A service."""

import dataclasses
import datetime

from karbor.model.service import Service


def test_services_are_equal_by_what_they_tell():
    now = datetime.datetime(2026, 11, 22, tzinfo=datetime.UTC)
    one = Service(1, 'h', 'karbor-protection', 'enabled', now, up=True)
    assert one == dataclasses.replace(one)
    assert one != dataclasses.replace(one, up=False)
    assert one.disabled_reason is None
