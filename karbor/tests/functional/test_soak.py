# SPDX-License-Identifier: Apache-2.0
"""A short storm over real workers; ``tools/soak`` has longer ones."""

import pytest

from karbor.tests.fullstack import chaos


@pytest.mark.timeout(900)
def test_nothing_is_lost_doubled_or_left_over(tmp_path):
    broken, lines = chaos.weather(tmp_path, seed=5, seconds=45)
    print('\n'.join(lines))
    assert not broken
