# SPDX-License-Identifier: Apache-2.0
"""karbor-api: says who may do what, and records the intent."""

import sys

from karbor import conf
from karbor import service
from karbor.api.service import ApiService


def main() -> int:
    conf.parse(sys.argv[1:])
    return service.launch(conf.CONF, 'karbor-api', ApiService(conf.CONF),
                          conf.CONF.api.workers)
