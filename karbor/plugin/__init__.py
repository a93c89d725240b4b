# SPDX-License-Identifier: Apache-2.0
"""The SDK: all that a plugin of Karbor needs, and all that it may import.

Built-in plugins use nothing else of Karbor, so whatever they can do, a
stranger's plugin can do too. The names below are the public face; a test pins
them. `karbor.plugin.testing` ships the conformance suites.
"""

from karbor.model.event import Event
from karbor.model.graph import Graph
from karbor.model.record import Record
from karbor.model.resource import Resource
from karbor.model.retention import PERIODS
from karbor.model.retention import Retention
from karbor.plugin.bank import BankPlugin
from karbor.plugin.bank import Stat
from karbor.plugin.base import Context
from karbor.plugin.base import Plugin
from karbor.plugin.copying import CopyData
from karbor.plugin.errors import BankCorrupt
from karbor.plugin.errors import BankError
from karbor.plugin.errors import BankFull
from karbor.plugin.errors import BankKeyNotFound
from karbor.plugin.errors import BankUnavailable
from karbor.plugin.errors import Cancelled
from karbor.plugin.errors import ConfigError
from karbor.plugin.errors import Damaged
from karbor.plugin.errors import InstanceNotFound
from karbor.plugin.errors import Invalid
from karbor.plugin.errors import PluginError
from karbor.plugin.errors import WaitFailed
from karbor.plugin.eventsource import EventSource
from karbor.plugin.eventsource import NOTIFICATION
from karbor.plugin.eventsource import WEBHOOK
from karbor.plugin.operationtype import Actions
from karbor.plugin.operationtype import OperationType
from karbor.plugin.protectable import ProtectablePlugin
from karbor.plugin.protection import HOOKS
from karbor.plugin.protection import Operation
from karbor.plugin.protection import ProtectionPlugin
from karbor.plugin.protection import Schemas
from karbor.plugin.protection import Undo
from karbor.plugin.step import Data
from karbor.plugin.step import Reader
from karbor.plugin.step import Step
from karbor.plugin.step import Writer
from karbor.plugin.timeformat import HORIZON_YEARS
from karbor.plugin.timeformat import local_time
from karbor.plugin.timeformat import moment_of
from karbor.plugin.timeformat import Schedule
from karbor.plugin.timeformat import time_zone
from karbor.plugin.timeformat import TimeFormat
from karbor.plugin.timeformat import WallClock

__all__ = [
    'HOOKS', 'HORIZON_YEARS', 'NOTIFICATION', 'PERIODS', 'WEBHOOK', 'Actions',
    'BankCorrupt', 'BankError', 'BankFull', 'BankKeyNotFound', 'BankPlugin',
    'BankUnavailable', 'Cancelled', 'ConfigError', 'Context', 'CopyData',
    'Damaged', 'Data', 'Event', 'EventSource', 'Graph', 'InstanceNotFound',
    'Invalid', 'Operation', 'OperationType', 'Plugin', 'PluginError',
    'ProtectablePlugin', 'ProtectionPlugin', 'Reader', 'Record', 'Resource',
    'Retention', 'Schedule', 'Schemas', 'Stat', 'Step', 'TimeFormat', 'Undo',
    'WaitFailed', 'WallClock', 'Writer', 'local_time', 'moment_of',
    'time_zone',
]
