# SPDX-License-Identifier: Apache-2.0
"""Operations: what is read, the queue and who holds what."""

import dataclasses
import threading

import pytest

from karbor import exception
from karbor.db import operations
from karbor.db import session as db
from karbor.model import states
from karbor.model.query import ListQuery
from karbor.tests.unit.db import common


def get(operation, context=None):
    return operations.get(context or common.member(), operation.id)


def claim(owner='w', lease=60):
    return operations.claim(common.system(), owner, lease)


# -- reading ------------------------------------------------------------------

def test_an_operation_is_read_as_it_was_written(database):
    wanted = common.save(common.operation(
        plan_id=common.NOWHERE, reason='r', request={'a': [1]},
        trust_id='t', request_id='req-1', fraction=0.5, bytes_done=2 ** 40,
        bytes_total=2 ** 41))
    assert get(wanted) == dataclasses.replace(wanted, resources=())
    assert operations.list_(common.member(), ListQuery()) == [get(wanted)]


def test_only_of_a_type(database):
    wanted = common.save(common.operation())
    assert operations.get(common.member(), wanted.id,
                          type_='protect').id == wanted.id
    for context, id_, type_ in (
            (common.member(), wanted.id, 'restore'),
            (common.member(common.OTHER), wanted.id, None),
            (common.admin(), common.NOWHERE, None)):
        with pytest.raises(exception.OperationNotFound, match=id_):
            operations.get(context, id_, type_=type_)
    assert get(wanted, common.admin(common.OTHER)).id == wanted.id


def test_a_list_of_types_and_statuses(database):
    rows = {(type_, status): common.save(common.operation(
        type=type_, status=status)).id
        for type_ in ('protect', 'delete')
        for status in ('queued', 'success')}

    def seen(**kwargs):
        return {one.id for one in operations.list_(
            common.member(), ListQuery(), **kwargs)}

    assert seen() == set(rows.values())
    assert seen(type_='delete') == {rows['delete', 'queued'],
                                    rows['delete', 'success']}
    pairs = [('protect', 'success'), ('delete', 'queued')]
    assert seen(statuses=pairs) == {rows[pair] for pair in pairs}
    assert seen(statuses=pairs, type_='delete') == {rows['delete', 'queued']}
    assert seen(statuses=[]) == set()


@pytest.mark.parametrize('status', sorted(states.OPERATION.states))
def test_what_is_active_on_a_checkpoint(database, status):
    one = common.save(common.operation(type='restore', status=status))
    common.save(common.operation())
    with db.reader(common.system()) as session:
        assert operations.active_on(session, one.checkpoint_id) == (
            'restore' if status in ('queued', 'running') else None)


@pytest.mark.parametrize('status', sorted(states.OPERATION.states))
def test_a_copy_is_active_on_both_ends(database, status):
    source = common.operation().checkpoint_id
    one = common.save(common.operation(type='copy', status=status,
                                       source_checkpoint_id=source))
    assert operations.get(common.member(), one.id).source_checkpoint_id == (
        source)
    with db.reader(common.system()) as session:
        for end in (source, one.checkpoint_id):
            assert operations.active_on(session, end) == (
                'copy' if status in ('queued', 'running') else None)


# -- claims -------------------------------------------------------------------

def test_a_claim_names_its_owner(database):
    saved = common.save(common.operation())
    claimed = claim('worker-1')
    assert (claimed.id, claimed.status, claimed.owner, claimed.attempt,
            claimed.crashes) == (saved.id, 'running', 'worker-1', 1, 0)
    assert claimed.lease_until > claimed.started_at
    assert claimed == get(saved)


def test_the_oldest_comes_first(database):
    rows = common.save(*[common.operation(created_at=common.later(age))
                         for age in (5, 1, 3, 1)])
    expected = sorted(rows, key=lambda row: (row.created_at, row.id))
    assert [claim().id for _row in rows] == [row.id for row in expected]
    assert claim() is None


@pytest.mark.parametrize('status', ['success', 'error', 'cancelled'])
def test_what_has_ended_is_not_claimed(database, status):
    common.save(common.operation(status=status))
    assert claim() is None


def test_each_is_claimed_once_by_a_crowd(database):
    """The claims are all there is, and nobody is told of no work too soon."""
    rows = common.save(*[common.operation(created_at=common.later(age % 4))
                         for age in range(24)])
    names = [f'worker-{number}' for number in range(6)]
    left = threading.Semaphore(len(rows))

    def work(name):
        mine = []
        while left.acquire(blocking=False):
            # whoever lost a race asks again, as the worker does
            while (found := claim(name)) is None:
                pass
            mine.append((found.id, found.owner, found.attempt))
        return mine

    answers = common.side_by_side(*[
        lambda name=name: work(name) for name in names])
    assert sorted(id_ for mine in answers for id_, _owner, _n in mine
                  ) == sorted(row.id for row in rows)
    for name, mine in zip(names, answers, strict=True):
        assert {(owner, n) for _id, owner, n in mine} <= {(name, 1)}
    assert claim() is None


def test_a_row_that_somebody_changes_does_not_hide_the_others(database):
    if database.kind == 'sqlite':
        pytest.skip('SQLite has one writer: a claim waits for it')
    silent = common.claimed()
    common.silence(silent)
    waiting = common.save(common.operation(created_at=common.later(1)))
    with db.writer(common.system()) as session:
        # its worker is not dead, and just about to write its journal
        operations.fence(session, silent)
        [found] = common.side_by_side(claim)
    assert found.id == waiting.id
    assert claim().id == silent.id


def test_a_claim_that_came_too_late_takes_the_next(database, monkeypatch):
    """What was there when it looked is gone when it reaches for it."""
    first, second = common.save(
        common.operation(), common.operation(created_at=common.later(1)))
    real = operations._claim

    def late(session, *args):
        monkeypatch.setattr(operations, '_claim', real)
        return

    monkeypatch.setattr(operations, '_claim', late)
    assert claim().id == second.id
    assert claim().id == first.id


def test_a_claim_knows_the_journal_of_the_one_before(database):
    held = common.claimed()
    assert held.resources == ()
    operations.begin(common.system(), held, [common.resource(0)])
    common.silence(held)
    found = claim('other')
    assert [one.id for one in found.resources] == ['r0']
    assert found == dataclasses.replace(get(held), taken_over=True)


def test_a_lease_that_holds_is_kept_from_others(database):
    common.claimed()
    assert claim('other') is None


def test_a_lease_that_is_over_goes_to_another(database):
    silent = common.claimed()
    common.silence(silent)
    found = claim('other')
    assert (found.id, found.owner, found.attempt, found.crashes) == (
        silent.id, 'other', 2, 1)
    assert found.started_at == silent.started_at
    common.silence(found)
    assert claim('third').crashes == 2


def test_a_heartbeat_keeps_a_lease(database):
    held = common.claimed()
    common.silence(held)
    assert operations.heartbeat(common.system(), 'w', [held.id],
                                60) == {held.id: None}
    assert get(held).lease_until > held.started_at
    assert claim('other') is None


def test_a_heartbeat_tells_what_is_lost(database):
    lost, kept, ended = (common.claimed() for _number in range(3))
    waiting = common.save(common.operation(created_at=common.later(9)))
    common.silence(lost)
    assert claim('other').id == lost.id
    before = get(lost).lease_until
    with db.writer(common.system()) as session:
        operations.finish(session, ended, 'success')
    assert operations.heartbeat(
        common.system(), 'w',
        [lost.id, kept.id, ended.id, waiting.id, common.NOWHERE],
        600) == {kept.id: None}
    assert get(lost).lease_until == before


def test_a_heartbeat_of_an_idle_worker(database):
    common.claimed()
    assert operations.heartbeat(common.system(), 'w', [], 60) == {}


def test_a_release_is_no_crash(database):
    held = common.claimed()
    operations.release(common.system(), held)
    found = get(held)
    assert (found.status, found.owner, found.lease_until) == (
        'queued', None, None)
    again = claim('other')
    assert (again.id, again.attempt, again.crashes) == (held.id, 2, 0)


# -- the fence ----------------------------------------------------------------

def _fence(operation):
    with db.writer(common.system()) as session:
        operations.fence(session, operation)


def _finish(operation):
    with db.writer(common.system()) as session:
        operations.finish(session, operation, 'error', 'late')


WRITES = {
    'fence': _fence,
    'finish': _finish,
    'release': lambda one: operations.release(common.system(), one),
    'begin': lambda one: operations.begin(
        common.system(), one, [common.resource(0)], {'graph': '[]'}),
    'journal': lambda one: operations.journal(
        common.system(), one, [{'position': 0, 'status': 'error'}],
        {'fraction': 0.9}),
}


def claimed_anew(operation):
    common.silence(operation)
    assert claim('other').id == operation.id


def claimed_by_itself(operation):
    common.silence(operation)
    assert claim('w').attempt == 2


def given_up(operation):
    operations.release(common.system(), operation)


def ended(operation):
    with db.writer(common.system()) as session:
        operations.finish(session, operation, 'success')


@pytest.mark.parametrize('lost', [claimed_anew, claimed_by_itself, given_up,
                                  ended], ids=lambda lost: lost.__name__)
@pytest.mark.parametrize('write', WRITES)
def test_a_late_worker_writes_nothing(database, write, lost):
    held = common.claimed()
    operations.begin(common.system(), held, [common.resource(0)])
    lost(held)
    before = get(held)
    with pytest.raises(exception.LeaseLost, match=f'{held.id}.*attempt 1'):
        WRITES[write](held)
    assert get(held) == before


@pytest.mark.parametrize('write', WRITES)
def test_a_lease_that_is_over_and_not_claimed_still_holds(database, write):
    """Only another claim takes the work away: nothing is lost needlessly."""
    held = common.claimed()
    common.silence(held)
    WRITES[write](held)


def test_a_write_that_is_fenced_keeps_a_claim_waiting(database):
    """The fence and what is written behind it are one moment."""
    held = common.claimed()
    common.silence(held)
    inside, answers = threading.Event(), []

    def rival():
        inside.wait()
        answers.append(claim('other'))

    thread = threading.Thread(target=rival)
    thread.start()
    with db.writer(common.system()) as session:
        operations.fence(session, held)
        inside.set()
        operations.finish(session, held, 'success')
    thread.join()
    assert answers == [None]
    assert get(held).status == 'success'
