# SPDX-License-Identifier: Apache-2.0
"""The names of `karbor.tests.faults` that tests of this folder use most."""

from karbor.tests.faults import BANK
from karbor.tests.faults import Crash
from karbor.tests.faults import Faults
from karbor.tests.faults import FaultyBank

__all__ = ['BANK', 'Crash', 'Faults', 'FaultyBank']
