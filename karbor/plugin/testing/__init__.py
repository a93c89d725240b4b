# SPDX-License-Identifier: Apache-2.0
"""For authors of plugins: a step without daemons, and conformance suites."""

from karbor.plugin.testing.bank import BankConformance
from karbor.plugin.testing.memory_bank import MemoryBank
from karbor.plugin.testing.step import MemoryData
from karbor.plugin.testing.step import MemoryStep

__all__ = ['BankConformance', 'MemoryBank', 'MemoryData', 'MemoryStep']
