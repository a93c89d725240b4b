# SPDX-License-Identifier: Apache-2.0
"""Protection workers through all faults, for as long as you like.

``python tools/soak --minutes 20``; see `karbor.tests.fullstack.chaos`. Needs
RabbitMQ, PostgreSQL and the requirements of the tests.
"""

import sys

from karbor.tests.fullstack import chaos

if __name__ == '__main__':
    sys.exit(chaos.main())
