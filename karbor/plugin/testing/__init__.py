# SPDX-License-Identifier: Apache-2.0
"""For authors of plugins: a step without daemons, and conformance suites."""

from karbor.plugin.testing.bank import BankConformance
from karbor.plugin.testing.eventsource import EventSourceConformance
from karbor.plugin.testing.memory_bank import MemoryBank
from karbor.plugin.testing.operationtype import MemoryActions
from karbor.plugin.testing.operationtype import OperationTypeConformance
from karbor.plugin.testing.operationtype import Skipped
from karbor.plugin.testing.protectable import ProtectableConformance
from karbor.plugin.testing.protection import ProtectionConformance
from karbor.plugin.testing.step import MemoryData
from karbor.plugin.testing.step import MemoryStep
from karbor.plugin.testing.timeformat import TimeFormatConformance
from karbor.plugin.testing.trap import Trap
from karbor.plugin.testing.trap import TrapStep

__all__ = ['BankConformance', 'EventSourceConformance', 'MemoryActions',
           'MemoryBank', 'MemoryData', 'MemoryStep',
           'OperationTypeConformance', 'ProtectableConformance',
           'ProtectionConformance', 'Skipped', 'TimeFormatConformance',
           'Trap', 'TrapStep']
