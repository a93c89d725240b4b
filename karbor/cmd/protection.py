# SPDX-License-Identifier: Apache-2.0
"""karbor-protection: does the work."""

import sys

from karbor import conf
from karbor import service
from karbor.protection.service import ProtectionService


def main() -> int:
    conf.parse(sys.argv[1:])
    return service.launch(conf.CONF, 'karbor-protection',
                          ProtectionService(conf.CONF),
                          conf.CONF.protection.workers)
