# SPDX-License-Identifier: Apache-2.0
"""karbor-standalone: all daemons in one process, for one machine.

The bus is in memory and the schema is made if it is not there; the database
and the bank are whatever is configured.
"""

import sys

from karbor import conf
from karbor import service
from karbor.api.service import ApiService
from karbor.db import migration
from karbor.db import session
from karbor.operationengine.service import OperationEngineService
from karbor.protection.service import ProtectionService
from karbor.rpc import transport


def main() -> int:
    conf.parse(sys.argv[1:])
    options = conf.CONF
    # whatever transport_url says: nobody else is on this bus
    transport.use('local://')
    session.init(options)
    migration.sync()
    # connections do not survive the fork of the worker
    session.dispose()
    # Bound before the fork, so that a port in use is said at once.
    api = ApiService(options)
    return service.launch(options, service.Composite([
        lambda: ProtectionService(options),
        lambda: OperationEngineService(options),
        lambda: api]))
