# SPDX-License-Identifier: Apache-2.0
"""Runs as users see them."""

import sqlalchemy as sa

from karbor import exception
from karbor.context import RequestContext
from karbor.db import models
from karbor.db import query
from karbor.db import runs
from karbor.db import session as db
from karbor.model.query import ListQuery
from karbor.model.run import Run

EXACT = ('status', 'origin', 'late')


def get(context: RequestContext, operation_id: str, run_id: str) -> Run:
    """One run of an operation that the context may see.

    :raises exception.RunNotFound: there is none
    """
    with db.reader(context) as session:
        row = session.execute(sa.select(models.Run).where(
            models.Run.id == run_id,
            models.Run.scheduled_operation_id == operation_id,
            query.fence(context, models.Run, all_projects=True))).scalar()
        if row is None:
            raise exception.RunNotFound(id=run_id)
        return runs.model(row)


def list_(context: RequestContext, operation_id: str,
          wanted: ListQuery) -> list[Run]:
    """A page of the runs of an operation."""
    with db.reader(context) as session:
        select = query.page(
            session, context, models.Run, wanted, exact=EXACT,
            where=models.Run.scheduled_operation_id == operation_id)
        return [runs.model(row) for row in query.rows(session, select)]
