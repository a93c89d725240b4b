# SPDX-License-Identifier: Apache-2.0
"""What time it is for schedules.

The clock of the database is the only one that all engines agree on: a host
whose clock is wrong fires neither early nor late. Tests of years put other
methods in the place of these.
"""

import datetime

import sqlalchemy as sa
from sqlalchemy import orm

from karbor.db import types


class Clock:
    """The clock of the database."""

    def sql(self, seconds: float = 0) -> sa.ColumnElement[datetime.datetime]:
        """Now, or some seconds later, as part of a statement."""
        return types.now(seconds)

    def read(self, session: orm.Session) -> datetime.datetime:
        """Now."""
        # as text, SQLite does not know what type it is
        found: datetime.datetime = session.execute(
            sa.select(sa.type_coerce(self.sql(), types.UTCDateTime()))
        ).scalar_one()
        return found


DATABASE = Clock()
