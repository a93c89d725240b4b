# SPDX-License-Identifier: Apache-2.0
import datetime

from karbor.db import clock
from karbor.db import session as db
from karbor.tests.unit.db import common

# what SQLite does not show
_MILLISECOND = datetime.timedelta(milliseconds=1)


def test_the_time_of_the_database(database):
    """It runs on this machine here, so its clock is that of this process."""
    before = datetime.datetime.now(datetime.UTC)
    with db.reader(common.system()) as session:
        read = clock.DATABASE.read(session)
    after = datetime.datetime.now(datetime.UTC)
    assert before - _MILLISECOND <= read <= after + _MILLISECOND


def test_time_goes_on_in_a_transaction(database):
    with db.writer(common.system()) as session:
        first = clock.DATABASE.read(session)
        while (second := clock.DATABASE.read(session)) == first:
            pass
    assert second > first
