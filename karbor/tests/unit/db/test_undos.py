# SPDX-License-Identifier: Apache-2.0
"""At most one undo of a restore, in each database."""

import functools

import pytest

from karbor import exception
from karbor.db import operations
from karbor.db import undos
from karbor.tests.unit.db import common


def restore(status='error', **changes):
    return common.save(common.operation(type='restore', status=status,
                                        **changes))


def undo_of(restore, **changes):
    return common.operation(type='undo', source_operation_id=restore.id,
                            **changes)


def queue(undo, who=None):
    undos.queue(who or common.member(), undo)


@pytest.mark.parametrize('status', ['error', 'cancelled'])
def test_a_restore_that_was_in_vain(database, status):
    mine = restore(status)
    undo = undo_of(mine)
    queue(undo)
    found = operations.get(common.member(), undo.id)
    assert (found.type, found.status, found.source_operation_id) == (
        'undo', 'queued', mine.id)
    assert operations.claim(common.system(), 'w', 60).id == undo.id
    # locking it has changed nothing
    assert operations.get(common.member(), mine.id) == operations.get(
        common.system(), mine.id)
    assert operations.get(common.member(), mine.id).status == status


@pytest.mark.parametrize(('status', 'why'), [
    ('queued', 'has not ended; cancel'), ('running', 'has not ended'),
    ('success', 'was successful')])
def test_others_are_not(database, status, why):
    mine = restore(status)
    with pytest.raises(exception.RestoreNotUndoable, match=why):
        queue(undo_of(mine))


@pytest.mark.parametrize(('status', 'why'), [
    ('queued', '{} is undoing it'), ('running', '{} is undoing it'),
    ('success', '{} has undone it')])
def test_not_twice(database, status, why):
    mine = restore()
    first = common.save(undo_of(mine, status=status))
    with pytest.raises(exception.RestoreNotUndoable,
                       match=why.format(first.id)):
        queue(undo_of(mine))


@pytest.mark.parametrize('status', ['error', 'cancelled'])
def test_unless_it_was_in_vain_too(database, status):
    mine = restore()
    common.save(undo_of(mine, status=status))
    queue(again := undo_of(mine))
    assert operations.get(common.member(), again.id).status == 'queued'


def test_what_is_no_restore_or_not_mine(database):
    protect = common.save(common.operation(status='error'))
    mine = restore()
    for who, one in ((common.member(), protect),
                     (common.member(common.OTHER), mine)):
        with pytest.raises(exception.RestoreNotFound, match=one.id):
            queue(undo_of(one), who)
    queue(undo_of(mine), common.admin(common.OTHER))


@pytest.mark.parametrize('_time', range(5))
def test_of_two_at_the_same_moment_one(database, _time):
    mine = restore()
    answers = common.side_by_side(*(
        functools.partial(queue, undo_of(mine)) for _one in range(2)))
    assert sorted(map(type, answers), key=str) == sorted(
        [type(None), exception.RestoreNotUndoable], key=str)


def test_the_last_one_is_told_of(database):
    one, two, none = restore(), restore(), restore()
    for at, status in enumerate(('error', 'cancelled', 'running')):
        last = common.save(undo_of(one, status=status,
                                   created_at=common.later(at)))
    only = common.save(undo_of(two))
    assert undos.latest(common.member(), [one.id, two.id, none.id]) == {
        one.id: (last.id, 'running'), two.id: (only.id, 'queued')}
    assert undos.latest(common.member(), []) == {}
