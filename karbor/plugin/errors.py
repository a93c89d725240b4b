# SPDX-License-Identifier: Apache-2.0
"""Errors that a plugin raises or sees.

Raise `PluginError` with one sentence that a user can act on: it becomes the
reason of the resource. Any other exception is taken for a fault of the
plugin: its type and text become the reason, and its traceback is logged.

Raise `Damaged` where something outside of the bank that the checkpoint needs
is gone or is not what it was. The checkpoint is then marked, and is not
restored or copied unless a user insists. Do not raise it because a service is
away.
"""

from karbor.exception import BankCorrupt
from karbor.exception import BankError
from karbor.exception import BankFull
from karbor.exception import BankKeyNotFound
from karbor.exception import BankUnavailable
from karbor.exception import ConfigError
from karbor.exception import Damaged
from karbor.exception import InstanceNotFound
from karbor.exception import Invalid
from karbor.exception import KarborError
from karbor.exception import PluginError
from karbor.i18n import _

__all__ = ['BankCorrupt', 'BankError', 'BankFull', 'BankKeyNotFound',
           'BankUnavailable', 'Cancelled', 'ConfigError', 'Damaged',
           'InstanceNotFound', 'Invalid', 'PluginError', 'WaitFailed']


class WaitFailed(PluginError):
    """What was waited for failed, vanished or took too long."""


class Cancelled(KarborError):
    """The operation is to stop now: cancelled, lost or given up.

    A plugin lets it pass. A hook that is cut off by it is run again, from its
    start, when the operation is resumed; what a user has cancelled is not.
    """

    template = _('The operation was stopped.')
