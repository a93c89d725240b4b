# SPDX-License-Identifier: Apache-2.0
"""karbor-standalone: all daemons in one process, for one machine.

The bus is in memory and the schema is made if it is not there; the database
and the bank are whatever is configured. A key for webhooks is made, too.
"""

import contextlib
import os
import secrets
import sys
import tempfile

from oslo_config import cfg

from karbor import conf
from karbor import service
from karbor.api.service import ApiService
from karbor.conf import base
from karbor.db import migration
from karbor.db import session
from karbor.operationengine.service import OperationEngineService
from karbor.protection.service import ProtectionService
from karbor.rpc import transport

KEY = 'webhook.key'


def main() -> int:
    conf.parse(sys.argv[1:])
    options = conf.CONF
    if not options.events.webhook_keys:
        options.set_override('webhook_keys', [webhook_key(options)],
                             'events')
    # whatever transport_url says: nobody else is on this bus
    transport.use('local://')
    session.init(options)
    migration.sync()
    # connections do not survive the fork of the worker
    session.dispose()
    # Bound before the fork, so that a port in use is said at once.
    api = ApiService(options)
    return service.launch(options, 'karbor-standalone', service.Composite([
        lambda: ProtectionService(options),
        lambda: OperationEngineService(options),
        lambda: api]))


def webhook_key(options: cfg.ConfigOpts) -> str:
    """The key of this machine; made when it is asked for first.

    It is in a file of the state directory that only its owner can read.
    """
    directory = base.state_path(options)
    path = os.path.join(directory, KEY)
    os.makedirs(directory, mode=0o750, exist_ok=True)
    if not os.path.exists(path):
        # whole or not at all, and the first one stays
        descriptor, made = tempfile.mkstemp(dir=directory, prefix=KEY)
        with open(descriptor, 'w', encoding='ascii') as file:
            file.write(f'{secrets.token_hex(32)}\n')
            file.flush()
            os.fsync(descriptor)
        with contextlib.suppress(FileExistsError):
            os.link(made, path)
        os.unlink(made)
    with open(path, encoding='ascii') as file:
        return file.read().strip()
