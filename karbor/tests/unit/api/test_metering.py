# SPDX-License-Identifier: Apache-2.0
"""Requests are counted as their users see them."""

import pytest

from karbor.metrics import instruments
from karbor.tests import fixtures


def count(method, status):
    return instruments.REGISTRY.get_sample_value(
        'karbor_api_request_duration_seconds_count',
        {'method': method, 'status': str(status)}) or 0


@pytest.mark.parametrize(('method', 'path', 'status', 'counted'), [
    ('GET', '/plans', 200, 'GET'), ('POST', '/plans', 400, 'POST'),
    ('GET', f'/plans/{fixtures.NOWHERE}', 404, 'GET'),
    # whatever anybody may think of makes one series
    ('BREW', '/plans', 404, 'other')])
def test_by_method_and_status(api, method, path, status, counted):
    before = count(counted, status)
    api.send(method, path, expect=status)
    assert count(counted, status) == before + 1


def test_load_balancers_are_not(api):
    before = count('GET', 200)
    api.raw('GET', '/healthcheck')
    assert count('GET', 200) == before
