# SPDX-License-Identifier: Apache-2.0
"""What takes longest begins first.

Processes that share these tests would wait for it in the end otherwise: it is
a file of few tests, and xdist would take those with many before it.
"""

from pathlib import Path

HERE = Path(__file__).parent
LONGEST = [HERE / name for name in (
    'test_kill.py', 'test_schemathesis.py', 'test_soak.py')]


def pytest_collection_modifyitems(items):
    # the order is kept otherwise
    items.sort(key=lambda item: item.path not in LONGEST)
