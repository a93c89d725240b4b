# SPDX-License-Identifier: Apache-2.0
"""What restores announce, in each database."""

import pytest

from karbor import exception
from karbor.db import operations
from karbor.db import records
from karbor.db import session as db
from karbor.model.record import Record
from karbor.tests.unit.db import common


@pytest.fixture
def held(database):
    return common.claimed(type='restore')


def add(held, position, *names):
    records.add(common.system(), held, position,
                [Record('file', name) for name in names])


def names(held, position):
    return [record.name for record in records.newest_first(
        common.system(), held.id, position)]


def test_the_newest_come_first_and_those_of_others_not(held):
    add(held, 0, 'a', 'b')
    add(held, 1, 'x')
    add(held, 0, 'c')
    assert names(held, 0) == ['c', 'b', 'a']
    assert names(held, 1) == ['x']
    assert names(held, 2) == []
    assert records.positions(common.system(), held.id) == {0, 1}
    assert records.positions(common.system(), common.NOWHERE) == frozenset()


def test_more_than_one_row_and_more_than_one_page(held, monkeypatch):
    monkeypatch.setattr(records, 'MOST', 2)
    wanted = [str(number) for number in range(41)]
    add(held, 0, *wanted)
    add(held, 0, 'last')
    assert names(held, 0) == ['last', *reversed(wanted)]
    # a page that is full and the last one
    add(held, 1, *wanted[:20])
    assert names(held, 1) == [*reversed(wanted[:20])]


def test_any_name_comes_back(held):
    odd = ['caf\udce9', '\N{GRINNING FACE}', "'; --", 'a\nb', 'A', 'a']
    add(held, 0, *odd)
    assert names(held, 0) == odd[::-1]


def test_who_has_lost_the_restore_writes_nothing(held):
    add(held, 0, 'a')
    common.silence(held)
    again = operations.claim(common.system(), 'other', 60)
    with pytest.raises(exception.LeaseLost):
        add(held, 0, 'b')
    assert names(held, 0) == ['a']
    add(again, 0, 'c')
    assert names(held, 0) == ['c', 'a']


def test_they_are_forgotten_one_restore_at_a_time(held):
    other = common.claimed(type='restore')
    for one in (held, other):
        add(one, 0, 'a')
    with db.writer(common.system()) as session:
        records.forget(session, held.id)
    assert names(held, 0) == []
    assert names(other, 0) == ['a']
