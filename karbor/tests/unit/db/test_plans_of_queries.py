# SPDX-License-Identifier: Apache-2.0
"""Queries whose cost must not grow with what has ended or is another's."""

import pytest
import sqlalchemy as sa

from karbor.db import models
from karbor.db import operations
from karbor.db import quotas


def _claim(session):
    table = models.Operation
    session.execute(
        sa.select(table.id).where(operations._claimable())
        .order_by(table.created_at, table.id).limit(1))


def _active(session):
    operations.active_on(session, 'checkpoint')


def _quota(session):
    quotas.admit(session, 'project', 'checkpoints', 1)


def _plans_quota(session):
    quotas.admit(session, 'project', 'plans', 1)


@pytest.mark.parametrize('ask', [_claim, _active, _quota, _plans_quota])
def test_no_table_is_read_from_end_to_end(tmp_path, ask):
    engine = sa.create_engine(f'sqlite:///{tmp_path}/empty.db')
    models.Base.metadata.create_all(engine)
    asked = []

    @sa.event.listens_for(engine, 'before_cursor_execute')
    def seen(connection, cursor, statement, parameters, context, many):
        if not statement.startswith('EXPLAIN'):
            asked.append((statement, parameters))

    with sa.orm.Session(engine) as session:
        ask(session)
        steps = [row.detail for statement, parameters in list(asked)
                 for row in session.connection().exec_driver_sql(
                     f'EXPLAIN QUERY PLAN {statement}', parameters)]
    engine.dispose()
    assert any(step.startswith('SEARCH') for step in steps)
    assert not any(step.startswith('SCAN') for step in steps), steps
