# SPDX-License-Identifier: Apache-2.0
"""Runs as users see them: of one operation, within the fence."""

import dataclasses

import pytest
import sqlalchemy as sa

from karbor import exception
from karbor.db import firing
from karbor.db import run_lists
from karbor.db import runs
from karbor.db import session as db
from karbor.model.query import ListQuery
from karbor.tests import fixtures
from karbor.tests.unit.db import common
from karbor.tests.unit.db import schedules

NOON, MINUTE = schedules.NOON, schedules.MINUTE


@pytest.fixture
def operation(clock):
    """One with runs of three times, and another one beside it."""
    trigger = schedules.trigger(clock)
    made = schedules.operation(clock, trigger.id)
    schedules.operation(clock, trigger.id)
    clock.after(minutes=3)
    firing.fire_due(common.system(), schedules.every_minute, clock)
    return made


def listed(operation, who=None, **wanted):
    return run_lists.list_(who or common.member(), operation.id,
                           ListQuery(by='expected_at', **wanted))


def minutes(operation, **wanted):
    return [(run.expected_at - NOON) // MINUTE
            for run in listed(operation, **wanted)]


def test_the_newest_comes_first(operation):
    assert listed(operation) == schedules.ledger(operation)[::-1]
    assert minutes(operation) == [3, 2, 1]


def test_what_is_sorted_and_filtered(operation, clock):
    assert minutes(operation, sort=(('expected_at', 'asc'),)) == [1, 2, 3]
    assert minutes(operation, sort=(('status', 'desc'),)) == [3, 2, 1]
    assert minutes(operation, sort=(('status', 'asc'),)) == [1, 2, 3]
    assert minutes(operation, sort=(('triggered_at', 'asc'),)) == [1, 2, 3]
    assert minutes(operation, filters={'status': 'queued'}) == [3]
    runs.add(common.member(), operation.id, 900, clock)
    assert minutes(operation, filters={'origin': 'time'}) == [3, 2, 1]
    assert minutes(operation, filters={'origin': 'manual'}) == [3]
    assert minutes(operation, filters={'late': True}) == []
    with db.writer(common.system()) as session:
        session.execute(sa.update(runs.TABLE).where(
            runs.TABLE.c.expected_at == NOON + MINUTE).values(late=True))
    assert minutes(operation, filters={'late': True}) == [1]
    assert minutes(operation, filters={'late': False}) == [3, 3, 2]


@pytest.mark.parametrize('direction', ['asc', 'desc'])
@pytest.mark.parametrize('key', ['status', 'triggered_at', 'expected_at'])
def test_pages_go_on_where_the_marker_was(operation, key, direction):
    query = ListQuery(by='expected_at', sort=((key, direction),))
    whole = run_lists.list_(common.member(), operation.id, query)
    seen = []
    query = dataclasses.replace(query, limit=1)
    while page := run_lists.list_(common.member(), operation.id, query):
        seen += page
        position = {name: getattr(page[0], name)
                    for name, _direction in query.order() if name != 'id'}
        query = dataclasses.replace(
            query, marker=page[0].id, position={
                name: value if name == 'status' else value.isoformat()
                for name, value in position.items()})
        # the marker goes, and the walk goes on
        with db.writer(common.system()) as session:
            session.execute(sa.delete(runs.TABLE).where(
                runs.TABLE.c.id == page[0].id))
    assert seen == whole


def test_a_marker_is_of_the_same_list(operation):
    other = next(run for run in schedules.ledger()
                 if run.scheduled_operation_id != operation.id)
    with pytest.raises(exception.MarkerNotFound):
        listed(operation, marker=other.id)


def test_the_fence(operation):
    run = schedules.ledger(operation)[0]
    stranger, admin = common.member(common.OTHER), common.admin(common.OTHER)
    assert run_lists.get(common.member(), operation.id, run.id) == run
    assert run_lists.get(admin, operation.id, run.id) == run
    assert listed(operation, stranger) == []
    assert listed(operation, stranger, all_projects=True) == []
    assert len(listed(operation, admin, all_projects=True)) == 3
    for who, of, id_ in ((stranger, operation.id, run.id),
                         (common.member(), common.NOWHERE, run.id),
                         (common.member(), operation.id, common.NOWHERE)):
        with pytest.raises(exception.RunNotFound, match=id_):
            run_lists.get(who, of, id_)


def test_long_lists_need_no_more_statements(operation):
    counts = []
    for limit in (1, 3):
        with fixtures.Statements() as statements:
            assert len(listed(operation, limit=limit)) == limit
        counts.append(statements.count)
    assert counts[0] == counts[1] > 0
