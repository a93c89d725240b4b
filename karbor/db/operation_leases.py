# SPDX-License-Identifier: Apache-2.0
"""Leases of workers that a clock which was ahead has made too long."""

import sqlalchemy as sa

from karbor.context import RequestContext
from karbor.db import models
from karbor.db import session as db
from karbor.db.clock import Clock
from karbor.db.clock import DATABASE

# no worker asks for so much
_LONGEST = 86_400
# in which one that is alive says so, and has its own lease again
_GRACE = 600


@db.retry
def rewind(context: RequestContext, clock: Clock = DATABASE) -> int:
    """Have leases end soon that were made while the clock was ahead.

    Of a worker that was killed meanwhile, nobody would take the work until
    the time comes that the clock showed, and no run of the same scheduled
    operation would begin.

    :return: how many there were
    """
    with db.writer(context) as session:
        return db.changed(session, sa.update(models.Operation).where(
            models.Operation.status == 'running',
            models.Operation.lease_until > clock.sql(_LONGEST)).values(
                lease_until=clock.sql(_GRACE)))
