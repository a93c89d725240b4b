# SPDX-License-Identifier: Apache-2.0
"""karbor-operationengine: decides when."""

import sys

from karbor import conf
from karbor import service
from karbor.operationengine.service import OperationEngineService


def main() -> int:
    conf.parse(sys.argv[1:])
    return service.launch(conf.CONF, 'karbor-operationengine',
                          OperationEngineService(conf.CONF),
                          conf.CONF.operationengine.workers)
