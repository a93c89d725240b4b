# SPDX-License-Identifier: Apache-2.0

from karbor.db import operation_leases
from karbor.db import operations
from karbor.db import session as db
from karbor.tests.unit.db import common
from karbor.tests.unit.db import schedules


def running(clock, **times):
    """Work of a worker whose lease ends at some time."""
    work = common.operation()
    with db.writer(common.system()) as session:
        operations.insert(session, work)
    clock.after(**times)
    schedules.set_work(work, status='running', owner='w', attempt=1,
                       lease_until=clock.moment)
    clock.after(**{name: -value for name, value in times.items()})
    return work


def lease(work):
    return operations.get(common.system(), work.id).lease_until


def test_a_lease_of_a_month_ends_soon(clock):
    """The worker that is alive has ten minutes to say so."""
    good, ahead = running(clock, hours=1), running(clock, days=30)
    before = lease(good)
    assert operation_leases.rewind(common.system(), clock) == 1
    assert operation_leases.rewind(common.system(), clock) == 0
    assert lease(good) == before
    assert (lease(ahead) - clock.moment).total_seconds() == 600
