# SPDX-License-Identifier: Apache-2.0
"""What users and days do to trusts."""

import sqlalchemy as sa

from karbor import context
from karbor.actions import owners
from karbor.actions import scheduled_operations as actions
from karbor.db import models
from karbor.db import session as db
from karbor.db import types
from karbor.model.query import ListQuery

SYSTEM = context.system()
ROLES = ('member', 'reader')


def make(user, bound):
    return actions.create(user, name='keep', operation_type='protect',
                          **bound)


def rows():
    """Each trust of the database, with whether it is in use."""
    with db.reader(SYSTEM) as session:
        return {row.trust_id: bool(row.in_use) for row in session.execute(
            sa.select(models.Trust.trust_id, models.Trust.in_use))}


def operations():
    return actions.list_(SYSTEM, ListQuery())


def later():
    """All that somebody has to look after is due."""
    with db.writer(SYSTEM) as session:
        db.changed(session, sa.update(models.Trust).values(
            sweep_at=types.now(-1)))


def settle():
    """Let days go by; then nothing is left that has no use."""
    for _day in range(4):
        later()
        owners.sweep(SYSTEM)
