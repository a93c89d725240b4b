# SPDX-License-Identifier: Apache-2.0
"""Cancelling: what waits ends at once, what runs is told."""

import pytest

from karbor import exception
from karbor.db import cancelling
from karbor.db import checkpoints
from karbor.db import operations
from karbor.db import session as db
from karbor.model import operation as model
from karbor.model import states
from karbor.tests.unit.db import common

# the state of a checkpoint while an operation works on it
DURING = {'protect': 'protecting', 'restore': 'available',
          'delete': 'deleting', 'verify': 'available',
          'copy': 'wait_copying', 'undo': 'available'}


def cancel(operation, user='u', context=None):
    return cancelling.cancel(context or common.member(), operation.id, user)


def get(operation):
    return operations.get(common.system(), operation.id)


def pair(type_='protect', **changes):
    """A checkpoint and what is queued on it."""
    return common.save(
        row := common.checkpoint(status=DURING[type_]),
        common.operation(type=type_, checkpoint_id=row.id, **changes))


def status(checkpoint):
    found = checkpoints.get(common.system(), common.PROVIDER, checkpoint.id)
    return found.status, found.status_reason


@pytest.mark.parametrize('type_', model.TYPES)
def test_what_waits_ends_at_once(database, type_):
    checkpoint, operation = pair(type_)
    assert cancel(operation) == 'cancelled'
    found = get(operation)
    assert (found.status, found.reason) == ('cancelled', 'Cancelled by u.')
    assert found.ended_at == found.cancel_requested_at is not None
    after = states.AFTER_FAILURE.get(type_)
    assert status(checkpoint) == (
        (DURING[type_], None) if after is None
        else (after, 'Cancelled by u.'))
    assert operations.claim(common.system(), 'w', 60) is None


@pytest.mark.parametrize('was', ['available', 'error', 'error-deleting'])
def test_a_deletion_that_nobody_has_begun_is_taken_back(database, was):
    checkpoint, operation = pair('delete', request={'was': was})
    assert cancel(operation) == 'cancelled'
    assert status(checkpoint) == (
        was, None if was == 'available' else 'Cancelled by u.')


def test_a_deletion_that_was_begun_is_not(database):
    """A worker had it, and gave it up in good order."""
    checkpoint, operation = pair('delete', request={'was': 'available'})
    operations.release(common.system(),
                       operations.claim(common.system(), 'w', 60))
    assert cancel(operation) == 'cancelled'
    assert status(checkpoint) == ('error-deleting', 'Cancelled by u.')


def test_what_runs_is_told(database):
    checkpoint, _operation = pair()
    held = operations.claim(common.system(), 'w', 60)
    assert cancel(held) == 'running'
    found = get(held)
    assert (found.status, found.reason, found.cancel_requested_by) == (
        'running', None, 'u')
    assert status(checkpoint) == ('protecting', None)
    assert operations.heartbeat(common.system(), 'w', [held.id],
                                60) == {held.id: 'u'}
    # told again, the first wish stands
    assert cancel(held, 'somebody else') == 'running'
    assert get(held).cancel_requested_by == 'u'
    assert get(held).cancel_requested_at == found.cancel_requested_at


def test_whoever_claims_it_next_knows(database):
    held = common.claimed()
    cancel(held)
    common.silence(held)
    found = operations.claim(common.system(), 'other', 60)
    assert (found.id, found.cancel_requested_by) == (held.id, 'u')


def test_what_was_given_up_meanwhile_ends_at_once(database):
    checkpoint, _operation = pair()
    held = operations.claim(common.system(), 'w', 60)
    cancel(held)
    operations.release(common.system(), held)
    assert cancel(held, 'somebody else') == 'cancelled'
    assert get(held).reason == 'Cancelled by u.'
    assert status(checkpoint) == ('error', 'Cancelled by u.')


def test_resources_of_what_was_given_up_end_with_it(database):
    held = common.claimed(type='restore')
    operations.begin(common.system(), held, [
        common.resource(position) for position in range(4)])
    operations.journal(common.system(), held, [
        {'position': 1, 'status': 'running', 'reason': None},
        {'position': 2, 'status': 'success', 'reason': 'noted'},
        {'position': 3, 'status': 'error', 'reason': 'broken'}])
    operations.release(common.system(), held)
    cancel(held)
    assert [(one.status, one.reason) for one in get(held).resources] == [
        ('error', 'Cancelled by u.'), ('error', 'Cancelled by u.'),
        ('success', 'noted'), ('error', 'broken')]


@pytest.mark.parametrize('end', sorted(states.OPERATION.final))
def test_what_has_ended_is_not_cancelled(database, end):
    checkpoint, operation = common.save(
        row := common.checkpoint(status='available'),
        common.operation(checkpoint_id=row.id, status=end))
    with pytest.raises(exception.OperationEnded,
                       match=f'{operation.id} is {end}; only'):
        cancel(operation)
    assert get(operation).cancel_requested_at is None
    assert status(checkpoint) == ('available', None)


def test_others_cannot(database):
    checkpoint, operation = pair()
    for who, id_ in ((common.member(common.OTHER), operation.id),
                     (common.admin(), common.NOWHERE)):
        with pytest.raises(exception.OperationNotFound, match=id_):
            cancelling.cancel(who, id_, 'thief')
    assert get(operation).status == 'queued'
    assert status(checkpoint) == ('protecting', None)
    # but who runs the cloud can
    assert cancel(operation, 'a', common.admin(common.OTHER)) == 'cancelled'


@pytest.mark.parametrize('_time', range(5))
def test_a_race_with_a_claim(database, _time):
    """It is cancelled and nobody has it, or its worker is told."""
    checkpoint, operation = pair()
    told, claimed = common.side_by_side(
        lambda: cancel(operation),
        lambda: operations.claim(common.system(), 'w', 60))
    found = get(operation)
    assert found.status == told
    assert (claimed is None) == (told == 'cancelled')
    assert status(checkpoint)[0] == (
        'error' if claimed is None else 'protecting')
    assert found.cancel_requested_by == 'u'


@pytest.mark.parametrize('_time', range(5))
def test_a_race_with_the_end(database, _time):
    """What is ended first stays so, and whoever came late hears of it."""
    def finish():
        with db.writer(common.system()) as session:
            operations.finish(session, held, 'success')

    held = common.claimed()
    told, error = common.side_by_side(lambda: cancel(held), finish)
    assert error is None
    found = get(held)
    assert found.status == 'success'
    if isinstance(told, exception.OperationEnded):
        assert found.cancel_requested_by is None
    else:
        assert (told, found.cancel_requested_by) == ('running', 'u')


def test_both_write_or_none(database, monkeypatch):
    """The checkpoint goes with its operation."""
    def broken(*args, **kwargs):
        raise OSError('gone')

    checkpoint, operation = pair()
    monkeypatch.setattr(checkpoints, 'change', broken)
    with pytest.raises(OSError, match='gone'):
        cancel(operation)
    assert get(operation).status == 'queued'
    assert status(checkpoint) == ('protecting', None)


# -- so that something else can follow ----------------------------------------

def cancel_maker(checkpoint, **changes):
    """The deletion that is to follow, and what runs yet."""
    follower = common.operation(type='delete', checkpoint_id=checkpoint.id,
                                **changes)
    with db.writer(common.member()) as session:
        follower, running = cancelling.cancel_maker(
            session, common.member(), checkpoint.id, 'u', follower)
        operations.insert(session, follower)
    return follower, running


def claim():
    return operations.claim(common.system(), 'w', 60)


@pytest.mark.parametrize('type_', model.MAKING)
def test_what_waits_to_make_a_checkpoint_ends_at_once(database, type_):
    checkpoint, operation = pair(type_, lane='l')
    follower, running = cancel_maker(checkpoint)
    assert (running, follower.lane) == (None, None)
    assert get(operation).status == 'cancelled'
    assert status(checkpoint) == ('error', 'Cancelled by u.')
    assert claim().id == follower.id


@pytest.mark.parametrize('type_', model.MAKING)
@pytest.mark.parametrize('lane', [None, 'plan:p'])
def test_what_follows_waits_for_what_makes_a_checkpoint(
        database, type_, lane):
    checkpoint, operation = pair(type_, lane=lane)
    held = claim()
    # by a clock that is slow
    follower, running = cancel_maker(
        checkpoint, created_at=common.later(-3600))
    assert running == operation.id
    assert get(operation).cancel_requested_by == 'u'
    assert follower.lane == get(operation).lane is not None
    assert claim() is None
    # given up in good order: whoever takes it ends it
    operations.release(common.system(), held)
    again = claim()
    assert (again.id, again.cancel_requested_by) == (operation.id, 'u')
    assert claim() is None
    with db.writer(common.system()) as session:
        operations.finish(session, again, 'cancelled')
    assert claim().id == follower.id


def test_nothing_makes_what_is_there(database):
    checkpoint, operation = pair('restore')
    _follower, running = cancel_maker(checkpoint)
    assert running is None
    assert get(operation).cancel_requested_by is None


def test_others_do_not_cancel_a_maker(database):
    checkpoint, operation = pair()
    other = common.member(common.OTHER)
    with db.writer(other) as session:
        cancelling.cancel_maker(session, other, checkpoint.id, 'thief',
                                common.operation(type='delete'))
    assert get(operation).status == 'queued'


@pytest.mark.parametrize(('sealed', 'after'), [
    (True, ('available', None)), (False, ('error', 'Cancelled by u.'))])
def test_a_deletion_of_what_was_being_made_is_taken_back(
        database, sealed, after):
    """What made it was cancelled; maybe that came too late."""
    checkpoint = common.save(common.checkpoint(status='deleting',
                                               sealed=sealed))
    operation = common.save(common.operation(
        type='delete', checkpoint_id=checkpoint.id,
        request={'was': 'protecting'}))
    assert cancel(operation) == 'cancelled'
    assert status(checkpoint) == after
