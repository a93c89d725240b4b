# SPDX-License-Identifier: Apache-2.0
"""Trusts in the database."""

import functools

import pytest
import sqlalchemy as sa

from karbor import exception
from karbor.db import models
from karbor.db import plans
from karbor.db import scheduled_operations
from karbor.db import session as db
from karbor.db import trusts
from karbor.tests.unit.db import common
from karbor.tests.unit.db import schedules


@pytest.fixture
def bound(clock):
    """What operations are bound to."""
    plan = plans.create(common.member(), common.plan(status='started'))
    return {'plan_id': plan.id, 'trigger_id': schedules.trigger(clock).id}


def in_use(user='u'):
    return trusts.in_use(common.system(), user, common.PROJECT)


def put_in_use(clock, trust_id, user='u'):
    """Make and record a trust."""
    old = in_use(user)
    mark = trusts.wish(common.system(), user, common.PROJECT, 60, clock)
    trusts.record(common.system(), mark, trust_id,
                  None if old is None else old.id, clock)
    return in_use(user)


def all_rows():
    """Each trust with whether it is in use."""
    with db.reader(common.system()) as session:
        return {(row.trust_id, bool(row.in_use)) for row in session.execute(
            sa.select(models.Trust.trust_id, models.Trust.in_use))}


def create(clock, bound, user='u', trusted=True):
    return scheduled_operations.create(
        common.member(), common.scheduled_operation(user_id=user, **bound),
        clock, trusted=trusted)


def due(clock):
    return trusts.claim(common.system(), 10, clock)


# -- one is made --------------------------------------------------------------

def test_from_a_wish_to_the_end(clock):
    system = common.system()
    mark = trusts.wish(system, 'u', common.PROJECT, 60, clock)
    assert in_use() is None
    assert trusts.wishes(system, 'u', common.PROJECT) == {mark}
    trusts.record(system, mark, 't1', None, clock)
    found = in_use()
    assert (found.id, found.trust_id, found.in_use) == (mark, 't1', True)
    assert trusts.wishes(system, 'u', common.PROJECT) == frozenset()
    assert in_use('v') is None
    assert trusts.in_use(system, 'u', common.OTHER) is None
    # what is in use is neither dropped nor removed
    trusts.drop(system, mark)
    trusts.remove(system, [mark])
    assert in_use() == found
    with db.writer(system) as session:
        trusts.release(session, 'u', common.PROJECT, clock)
    assert in_use() is None
    [doomed] = due(clock)
    assert (doomed.id, doomed.trust_id, doomed.in_use) == (mark, 't1', False)
    trusts.remove(system, [mark])
    assert all_rows() == set()


def test_a_new_one_dooms_the_old(clock):
    put_in_use(clock, 't1')
    put_in_use(clock, 't2')
    assert all_rows() == {('t1', False), ('t2', True)}


def test_what_others_have_put_in_use_stays(clock):
    system = common.system()
    first, second = (trusts.wish(system, 'u', common.PROJECT, 60, clock)
                     for _number in range(2))
    trusts.record(system, first, 't1', None, clock)
    trusts.record(system, second, 't2', None, clock)
    assert all_rows() == {('t1', True), ('t2', False)}
    # to say it again changes nothing, whatever came of it
    trusts.record(system, first, 't1', None, clock)
    trusts.record(system, second, 't2', first, clock)
    assert all_rows() == {('t1', True), ('t2', False)}


def test_one_that_was_found_first_is_not_put_in_use(clock):
    system = common.system()
    mark = trusts.wish(system, 'u', common.PROJECT, 60, clock)
    trusts.found(system, mark, 't1', clock)
    trusts.record(system, mark, 't1', None, clock)
    assert all_rows() == {('t1', False)}
    trusts.remove(system, [mark])
    trusts.record(system, mark, 't1', None, clock)
    assert all_rows() == set()


def test_of_all_that_are_made_at_once_one_is_in_use(clock):
    system = common.system()
    marks = [trusts.wish(system, 'u', common.PROJECT, 60, clock)
             for _number in range(4)]
    answers = common.side_by_side(*(
        functools.partial(trusts.record, system, mark, f't-{mark}'[:30],
                          None, clock) for mark in marks))
    assert answers == [None] * 4
    rows = all_rows()
    assert len(rows) == 4
    assert sum(used for _trust, used in rows) == 1


# -- it is used, until it is not ----------------------------------------------

def test_an_operation_has_the_trust_of_its_owner(clock, bound):
    put_in_use(clock, 't1')
    put_in_use(clock, 't2', 'v')
    operation = create(clock, bound)
    system = common.system()
    assert trusts.of_operation(system, operation.id).trust_id == 't1'
    adopted = scheduled_operations.adopt(
        common.member(user='v'), operation.id, trusted=True, clock=clock)
    assert (adopted.user_id, adopted.updated_at) == ('v', clock.moment)
    assert scheduled_operations.get(common.member(), operation.id) == adopted
    assert trusts.of_operation(system, operation.id).trust_id == 't2'
    assert trusts.of_operation(system, common.NOWHERE) is None


def test_without_a_trust_there_is_no_operation(clock, bound):
    with pytest.raises(exception.TrustReleased):
        create(clock, bound)
    # the trust of another is none
    put_in_use(clock, 't2', 'v')
    with pytest.raises(exception.TrustReleased):
        create(clock, bound)
    operation = create(clock, bound, trusted=False)
    with pytest.raises(exception.TrustReleased):
        scheduled_operations.adopt(common.member(user='w'), operation.id,
                                   trusted=True, clock=clock)
    assert scheduled_operations.get(
        common.member(), operation.id) == operation


def test_it_goes_with_the_last_operation(clock, bound):
    put_in_use(clock, 't1')
    put_in_use(clock, 't2', 'v')
    mine, last, other = (create(clock, bound, user) for user in 'uuv')
    scheduled_operations.delete(common.member(), mine.id)
    assert ('t1', True) in all_rows()
    scheduled_operations.delete(common.member(), last.id)
    assert all_rows() == {('t1', False), ('t2', True)}
    scheduled_operations.delete(common.admin(common.OTHER), other.id)
    assert all_rows() == {('t1', False), ('t2', False)}


def test_it_goes_when_the_last_one_is_adopted(clock, bound):
    put_in_use(clock, 't1')
    put_in_use(clock, 't2', 'v')
    operations = [create(clock, bound) for _number in range(2)]
    for operation, old in zip(operations, (True, False), strict=True):
        scheduled_operations.adopt(common.member(user='v'), operation.id,
                                   trusted=True, clock=clock)
        assert all_rows() == {('t1', old), ('t2', True)}
    # to be adopted by the owner lets nothing go
    scheduled_operations.adopt(common.member(user='v'), operations[0].id,
                               trusted=True, clock=clock)
    assert ('t2', True) in all_rows()


def test_others_cannot_adopt_it(clock, bound):
    put_in_use(clock, 't1')
    operation = create(clock, bound)
    with pytest.raises(exception.ScheduledOperationNotFound):
        scheduled_operations.adopt(common.member(common.OTHER), operation.id)


@pytest.mark.parametrize('turn', range(6))
def test_the_last_goes_while_the_next_comes(clock, bound, turn):
    """Whoever is first: no operation is without a trust."""
    put_in_use(clock, 't1')
    last = create(clock, bound)
    calls = [functools.partial(scheduled_operations.delete,
                               common.member(), last.id),
             functools.partial(create, clock, bound)]
    _gone, made = common.side_by_side(*calls[::1 if turn % 2 else -1])[
        ::1 if turn % 2 else -1]
    if isinstance(made, exception.TrustReleased):
        assert all_rows() == {('t1', False)}
    else:
        assert all_rows() == {('t1', True)}
        assert trusts.of_operation(common.system(), made.id)


@pytest.mark.parametrize('turn', range(3))
def test_all_go_at_once(clock, bound, turn):
    put_in_use(clock, 't1')
    operations = [create(clock, bound) for _number in range(4)]
    answers = common.side_by_side(*(
        functools.partial(scheduled_operations.delete, common.member(),
                          operation.id) for operation in operations))
    assert answers == [None] * 4
    assert all_rows() == {('t1', False)}


def test_two_adopt_from_each_other(clock, bound):
    put_in_use(clock, 't1')
    put_in_use(clock, 't2', 'v')
    mine, other = (create(clock, bound, user) for user in 'uv')
    answers = common.side_by_side(
        functools.partial(scheduled_operations.adopt,
                          common.member(user='v'), mine.id, trusted=True),
        functools.partial(scheduled_operations.adopt,
                          common.member(user='u'), other.id, trusted=True))
    # one may have been first, and the other's trust is gone before it began
    for user, answer in zip('vu', answers, strict=True):
        if isinstance(answer, exception.TrustReleased):
            assert in_use(user) is None
        else:
            assert answer.user_id == user
            assert in_use(user)


# -- somebody looks after them ------------------------------------------------

def test_what_is_due_is_taken_once_and_later_again(clock):
    put_in_use(clock, 't1')
    put_in_use(clock, 't2')
    pauses = []
    for attempt in range(15):
        [one] = due(clock)
        assert (one.trust_id, one.attempts) == ('t1', attempt)
        assert due(clock) == []
        with db.reader(common.system()) as session:
            again = session.execute(sa.select(models.Trust.sweep_at).where(
                models.Trust.trust_id == 't1')).scalar_one()
        pauses.append((again - clock.moment).total_seconds())
        # the other one is used
        with db.writer(common.system()) as session:
            db.changed(session, sa.update(models.Trust).where(
                models.Trust.trust_id == 't2').values(
                    sweep_at=again + schedules.MINUTE))
        clock.after(seconds=pauses[-1])
    assert pauses[:4] == [60, 120, 240, 480]
    assert pauses[-1] == trusts.DAY
    assert pauses == sorted(pauses)


def test_each_is_taken_by_one(clock):
    for number in range(8):
        put_in_use(clock, f't{number}', f'u{number}')
    clock.after(seconds=trusts.GRACE)
    taken = common.side_by_side(*(
        functools.partial(trusts.claim, common.system(), 3, clock)
        for _number in range(4)))
    ids = [trust.trust_id for some in taken for trust in some]
    assert len(ids) == len(set(ids))
    assert len(ids) + len(due(clock)) == 8


def test_a_wish_is_looked_after_when_nobody_can_fulfil_it(clock):
    mark = trusts.wish(common.system(), 'u', common.PROJECT, 60, clock)
    clock.after(seconds=59)
    assert due(clock) == []
    clock.after(seconds=1)
    [wish] = due(clock)
    assert (wish.id, wish.trust_id, wish.in_use) == (mark, None, False)
    trusts.drop(common.system(), mark)
    assert all_rows() == set()


def test_one_of_which_no_use_is_made(clock, bound):
    """Its maker was killed before the operation was recorded."""
    put_in_use(clock, 't1')
    clock.after(seconds=trusts.GRACE - 1)
    assert due(clock) == []
    clock.after(seconds=1)
    [trust] = due(clock)
    trusts.look_after(common.system(), trust, clock)
    assert all_rows() == {('t1', False)}
    assert [one.trust_id for one in due(clock)] == ['t1']


def test_one_of_which_use_is_made(clock, bound):
    put_in_use(clock, 't1')
    create(clock, bound)
    for _day in range(3):
        clock.after(seconds=trusts.DAY)
        [trust] = due(clock)
        assert trust.attempts == 0
        trusts.look_after(common.system(), trust, clock)
        assert due(clock) == []
    assert all_rows() == {('t1', True)}


def test_what_was_replaced_meanwhile_is_left_alone(clock):
    old = put_in_use(clock, 't1')
    put_in_use(clock, 't2')
    trusts.look_after(common.system(), old, clock)
    assert all_rows() == {('t1', False), ('t2', True)}


def test_a_clock_that_was_ahead_delays_nobody(clock, bound):
    clock.after(days=40)
    put_in_use(clock, 't1')
    trusts.wish(common.system(), 'v', common.PROJECT, 60, clock)
    clock.after(days=-40)
    assert due(clock) == []
    assert trusts.rewind(common.system(), clock) == 1
    assert trusts.rewind(common.system(), clock) == 0
    # whoever has made it may be about to use it
    assert due(clock) == []
    clock.after(seconds=trusts.GRACE)
    assert [one.trust_id for one in due(clock)] == ['t1']
    assert (None, False) in all_rows()
