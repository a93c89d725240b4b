# SPDX-License-Identifier: Apache-2.0
"""Places in a sorted table."""

import dataclasses
import itertools
import random

import pytest
import sqlalchemy as sa

from karbor import exception
from karbor.db import checkpoints
from karbor.db import models
from karbor.db import position
from karbor.db import session as db
from karbor.model.query import ListQuery
from karbor.tests.fixtures import Statements
from karbor.tests.unit.db import common

NOON = common.NOON.isoformat()


def ids(model, order, place=None):
    """Ids in an order, all or those after a place."""
    columns = position.columns(model, order)
    select = sa.select(model.id).order_by(*position.order_by(columns))
    if place is not None:
        select = select.where(position.after(columns, place))
    with db.reader(common.system()) as session:
        return list(session.execute(select).scalars())


@pytest.mark.parametrize('directions', [
    *itertools.product(('asc', 'desc'), repeat=3)])
def test_what_comes_after_every_row(database, directions):
    """Rows without a value have their place, too."""
    shuffled = random.Random(2)
    for number in range(12):
        common.save(common.checkpoint(
            size=shuffled.choice([None, 1, 2]), status='ab'[number % 2],
            created_at=common.later(shuffled.choice([0, 1]))))
    for keys in (('size', 'status', 'id'), ('created_at', 'size', 'id')):
        order = tuple(zip(keys, directions, strict=True))
        every = ids(models.Checkpoint, order)
        assert len(set(every)) == 12
        with db.reader(common.system()) as session:
            places = {row.id: [getattr(row, key) for key in keys]
                      for row in session.execute(
                          sa.select(models.Checkpoint)).scalars()}
        for number, id_ in enumerate(every):
            assert ids(models.Checkpoint, order,
                       places[id_]) == every[number + 1:]


def test_where_there_is_no_value(database):
    """Behind all others, where every database has it elsewhere."""
    for size in (2, None, 1):
        common.save(common.checkpoint(size=size))

    def sizes(direction):
        return [one.size for one in checkpoints.list_(
            common.member(), common.PROVIDER,
            ListQuery(sort=(('size', direction),)))]

    assert sizes('asc') == [1, 2, None]
    assert sizes('desc') == [None, 2, 1]


@pytest.mark.parametrize('wrong', [
    {}, {'status': 'a'}, {'status': 'a', 'created_at': NOON, 'id': 'x'},
    {'status': 'a', 'created_at': None}, {'status': 'a', 'created_at': 5},
    {'status': None, 'created_at': NOON}, {'status': 5, 'created_at': NOON},
    {'status': True, 'created_at': NOON}, {'status': 'a', 'created_at': ''},
    {'status': 'a', 'created_at': '2026-11-22'},
    {'status': 'a', 'created_at': '2026-11-22T12:00:00'},
    {'status': 'a', 'created_at': '0001-01-01T00:00:00+01:00'},
    {'status': 'a', 'created_at': '10000-01-01T00:00:00+00:00'}])
def test_positions_of_another_list_are_refused(database, wrong):
    with pytest.raises(exception.Invalid, match='position'):
        checkpoints.list_(common.member(), common.PROVIDER, ListQuery(
            sort=(('status', 'asc'),), marker=common.NOWHERE,
            position=wrong))


@pytest.mark.parametrize('time', [
    '0001-01-01T00:00:00+00:00', '9999-12-31T23:59:59.999999+00:00'])
@pytest.mark.parametrize('status', ['', 'x' * 3000, "'\\%\U0001f480"])
def test_strange_positions_are_positions(database, time, status):
    made = common.save(common.checkpoint(status='available'))
    for order in itertools.permutations(('status', 'created_at')):
        for direction, at in (('asc', 0), ('desc', 1)):
            found = checkpoints.list_(
                common.member(), common.PROVIDER, ListQuery(
                    sort=tuple((key, direction) for key in order),
                    marker=common.NOWHERE, position={
                        'status': status, 'created_at': time}))
            first = {'status': status < made.status,
                     'created_at': time < NOON}[order[0]]
            assert [one.id for one in found] == [made.id] * (first ^ at)


def test_a_position_shows_nothing_of_others(database):
    """It positions; the fence stays where it is."""
    common.save(common.checkpoint(project_id=common.OTHER))
    assert checkpoints.list_(
        common.member(), common.PROVIDER, ListQuery(
            marker=common.NOWHERE,
            position={'created_at': common.later(9).isoformat()})) == []


def test_a_position_needs_no_look_at_the_marker(database):
    query = ListQuery(limit=1, marker=common.save(common.checkpoint()).id)

    def count(query):
        with Statements() as statements:
            checkpoints.list_(common.member(), common.PROVIDER, query)
        return statements.count

    first = count(ListQuery(limit=1))
    assert count(query) == first + 1
    assert count(dataclasses.replace(
        query, position={'created_at': NOON})) == first
