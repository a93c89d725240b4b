# SPDX-License-Identifier: Apache-2.0
"""Failing on purpose: at the n-th thing that a process does.

A process (of which there may be many in one test) has one `Faults`, through
which all goes that it does outside of itself: to the bank (`FaultyBank`), the
bus (`FaultyClient`), the database (`database.watch`) and the cloud
(`cloud.Cloud`). Each call has a kind and is counted; at the n-th call that
matters the fault comes about: the call fails before its effect or after it,
hangs until it is released, is carried out twice or later, or something else
happens meanwhile. Nothing here sleeps or is left to chance.
"""

from karbor.tests.faults.bank import BANK
from karbor.tests.faults.bank import FaultyBank
from karbor.tests.faults.bus import FaultyClient
from karbor.tests.faults.calls import Call
from karbor.tests.faults.calls import Crash
from karbor.tests.faults.calls import Faults
from karbor.tests.faults.calls import Hang
from karbor.tests.faults.calls import LATER
from karbor.tests.faults.calls import TWICE
from karbor.tests.faults.cloud import Cloud

__all__ = ['BANK', 'Call', 'Cloud', 'Crash', 'Faults', 'FaultyBank',
           'FaultyClient', 'Hang', 'LATER', 'TWICE']
