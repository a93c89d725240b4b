# SPDX-License-Identifier: Apache-2.0
"""Queries whose cost must not grow with what has ended or is another's."""

import pytest
import sqlalchemy as sa

from karbor.db import clock
from karbor.db import events
from karbor.db import metrics
from karbor.db import models
from karbor.db import operations
from karbor.db import queue
from karbor.db import quotas
from karbor.model.queue import NONE
from karbor.tests.unit.db import common


def _claim(session):
    assert queue.is_empty(session)
    queue.next_(session, NONE)


def _silence(session):
    queue.next_silence(session, 'worker')


def _active(session):
    operations.active_on(session, 'checkpoint')


def _quota(session):
    quotas.admit(session, 'project', 'checkpoints', 1)


def _plans_quota(session):
    quotas.admit(session, 'project', 'plans', 1)


def _events(session):
    session.execute(events._wanting('project', ('notification',),
                                    clock.DATABASE))


def _largest(session):
    metrics._largest(session, 100)


def _loads(session):
    metrics._loads(session, common.NOON, ['project'])


@pytest.mark.parametrize('ask', [_claim, _silence, _active, _quota,
                                 _plans_quota, _events, _largest, _loads])
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
    # what is put together on the way, and what gives a constant, is no table
    scans = {step for step in steps if step.startswith('SCAN')}
    assert scans <= {'SCAN heads', 'SCAN CONSTANT ROW'}
