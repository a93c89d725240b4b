# SPDX-License-Identifier: Apache-2.0
"""For authors of plugins: a step without daemons, and conformance suites."""

from karbor.plugin.testing.step import MemoryData
from karbor.plugin.testing.step import MemoryStep

__all__ = ['MemoryData', 'MemoryStep']
