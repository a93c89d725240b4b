# SPDX-License-Identifier: Apache-2.0
"""The queue: fair, in order, within limits, one of a lane at a time."""

import itertools

import pytest

from karbor.db import models
from karbor.db import operations
from karbor.db import queue
from karbor.db import session as db
from karbor.model.queue import Limits
from karbor.model.queue import NONE
from karbor.tests import fixtures
from karbor.tests.unit.db import common

OTHER_PROVIDER = fixtures.PROVIDER_2


def claim(limits=NONE, owner='w'):
    return operations.claim(common.system(), owner, 60, limits)


def claims(limits=NONE):
    """All that may run now, in the order in which it was begun."""
    return list(iter(lambda: claim(limits), None))


def queued(count=1, **changes):
    """Ids of operations, each a second younger than the one before."""
    rows = [common.operation(created_at=common.later(age), **changes)
            for age in range(count)]
    common.save(*rows)
    return [row.id for row in rows]


def end(operation, status='success'):
    with db.writer(common.system()) as session:
        operations.finish(session, operation, status)


# -- fairness -----------------------------------------------------------------

def test_many_of_one_project_delay_one_of_another_by_one_slot(database):
    """Two slots, which the many have when the single one comes."""
    queued(30)
    slots = [claim(), claim()]
    [single] = queued(project_id='late', provider_id=OTHER_PROVIDER)
    end(slots.pop())
    assert claim().id == single


def test_many_of_many_projects_delay_one_by_one_slot(database):
    """As many projects as slots, each of which has asked for much before."""
    for project in 'abc':
        queued(10, project_id=project)
    slots = [claim() for _time in range(3)]
    assert sorted(one.project_id for one in slots) == ['a', 'b', 'c']
    for late in ('late', 'later'):
        [single] = queued(project_id=late)
        end(slots.pop(0))
        slots.append(claim())
        assert slots[-1].id == single
    # and nobody is left behind for good
    begun = []
    for _time in range(9):
        end(slots.pop(0))
        slots.append(claim())
        begun.append(slots[-1].project_id)
    assert {begun.count(project) for project in 'abc'} == {3}


def test_projects_take_turns(database):
    for number, project in enumerate('abc'):
        queued(3, project_id=project)
        queued(number, project_id=project, provider_id=OTHER_PROVIDER)
    begun = [one.project_id for one in claims()]
    assert len(begun) == 12
    # as long as all of them have something that waits
    for turn in range(3):
        assert sorted(begun[3 * turn:3 * turn + 3]) == ['a', 'b', 'c']


def test_within_a_project_the_oldest_comes_first(database):
    rows = [common.operation(created_at=common.later(age),
                             provider_id=provider)
            for age, provider in zip((5, 1, 3, 1, 2), itertools.cycle((
                common.PROVIDER, OTHER_PROVIDER)))]
    common.save(*rows)
    expected = sorted(rows, key=lambda row: (row.created_at, row.id))
    assert [one.id for one in claims()] == [row.id for row in expected]


def test_what_was_given_up_is_where_it_was(database):
    """Nothing of the order is anywhere but in the rows."""
    expected = queued(3)
    for _time in range(2):
        held = claims()
        assert [one.id for one in held] == expected
        for one in reversed(held):
            operations.release(common.system(), one)
    assert claim().id == expected[0]


def test_what_is_silent_is_resumed_first(database):
    """It has its slot already, and no limit holds it up."""
    limits = Limits(1, {common.PROVIDER: 1})
    silent = common.claimed(created_at=common.later(9))
    queued(project_id='idle')
    assert claim(limits) is None
    common.silence(silent)
    assert claim(limits).id == silent.id
    assert claim(limits) is None


def test_what_a_newer_release_asks_for_holds_up_nothing(database):
    common.save(common.operation(type='transmogrify'))
    [known] = queued()
    assert claim().id == known
    assert claim() is None
    common.save(common.operation(type='transmogrify', project_id='b'))
    assert claim() is None


# -- limits -------------------------------------------------------------------

def test_a_limit_of_a_provider_is_over_all_projects(database):
    limits = Limits(providers={common.PROVIDER: 3})
    for project in 'abc':
        queued(2, project_id=project)
        queued(1, project_id=project, provider_id=OTHER_PROVIDER)
    held = claims(limits)
    at = [one.provider_id for one in held]
    assert (at.count(common.PROVIDER), at.count(OTHER_PROVIDER)) == (3, 3)
    end(next(one for one in held if one.provider_id == common.PROVIDER))
    assert [one.provider_id for one in claims(limits)] == [common.PROVIDER]


def test_a_limit_of_projects_is_over_all_providers(database):
    limits = Limits(project=2)
    for project in 'ab':
        queued(2, project_id=project)
        queued(2, project_id=project, provider_id=OTHER_PROVIDER)
    assert sorted(one.project_id for one in claims(limits)) == [
        'a', 'a', 'b', 'b']


@pytest.mark.parametrize('limits', [
    Limits(providers={common.PROVIDER: 2}), Limits(project=2)],
    ids=['provider', 'project'])
@pytest.mark.parametrize('_time', range(3))
def test_workers_that_come_together_pass_no_limit(database, limits, _time):
    queued(12)
    answers = common.side_by_side(*[
        lambda name=name: claim(limits, f'w{name}') for name in range(6)])
    assert len([one for one in answers if one is not None]) == 2, answers
    with db.reader(common.system()) as session:
        assert len(queue.running(session)) == 2


@pytest.mark.parametrize('_time', range(3))
def test_workers_that_come_together_share_no_lane(database, _time):
    queued(6, lane='plan:p')
    answers = common.side_by_side(*[
        lambda name=name: claim(owner=f'w{name}') for name in range(6)])
    assert len([one for one in answers if one is not None]) == 1, answers


def test_a_claim_waits_for_one_that_is_being_made(database):
    """Between its look and its commit, nobody else looks."""
    if database.kind == 'sqlite':
        pytest.skip('SQLite has one writer: nothing else begins')
    limits = Limits(project=1)
    queued(2)
    seen, real = [], queue.next_

    def look(session, *args):
        # the rival is behind the lock until this has committed
        found = real(session, *args)
        seen.append(found)
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(queue, 'next_', look)
        answers = common.side_by_side(
            lambda: claim(limits, 'a'), lambda: claim(limits, 'b'))
    assert answers.count(None) == 1
    # who came second saw what the first had done
    assert seen.count(None) == 1


# -- lanes --------------------------------------------------------------------

def test_of_a_lane_one_runs(database):
    first, second, third = queued(3, lane='plan:p')
    held = claim()
    assert held.id == first
    assert claim() is None
    end(held)
    held = claim()
    assert held.id == second
    # nor while its worker may be dead
    common.silence(held)
    assert claim(owner='other').id == second
    assert claim() is None


def test_others_pass_by_what_waits_in_a_lane(database):
    queued(5, lane='plan:p')
    held = claim()
    rest = queued(2, lane=None) + queued(1, lane='plan:q')
    assert sorted(one.id for one in claims()) == sorted(rest)
    end(held)
    assert claim().lane == 'plan:p'


def test_a_lane_is_one_in_all_projects_and_providers(database):
    queued(1, lane='place:x')
    queued(1, lane='place:x', project_id='b', provider_id=OTHER_PROVIDER)
    assert len(claims()) == 1


def test_all_lanes_of_an_operation_have_to_be_free(database):
    rows = [common.operation(
        project_id=project, created_at=common.later(age), lane=lanes[0],
        more_lanes=lanes[1:]) for age, (project, *lanes) in enumerate([
            'ay', 'bxyz', 'cz', 'cw'])]
    common.save(*rows)
    first, second, third, fourth = (row.id for row in rows)
    # the third comes after the second, which waits for the first
    assert [one.id for one in claims()] == [first, fourth]
    end(operations.get(common.system(), first))
    held = claim()
    assert held.id == second
    assert held.lanes == ('x', 'y', 'z')
    assert claim() is None
    end(held)
    assert claim().id == third


@pytest.mark.parametrize('count', [1, 5])
def test_who_waits_for_several_lanes_costs_a_statement(database, count):
    """One of a queue; those behind it are passed by with it."""
    queued(1, lane='place:y')
    claim()
    for number in range(count):
        queued(3, lane='place:x', more_lanes=('place:y',),
               project_id=str(number))
    queued(1, lane='place:free', project_id='z')
    with fixtures.Statements() as statements:
        assert claim().lane == 'place:free'
    assert len([text for text in statements.texts
                if 'waiting' in text]) == 2


# -- what it costs ------------------------------------------------------------

@pytest.mark.parametrize('count', [1, 50])
def test_a_claim_takes_so_many_statements(database, count):
    for project in range(min(count, 5)):
        queued(count, project_id=str(project), lane='plan:p')
    with fixtures.Statements() as statements:
        assert claim() is not None
    texts = [text for text in statements.texts
             if text.startswith(('SELECT', 'UPDATE', 'INSERT', 'WITH'))
             and 'operations' in text]
    # whether there is work, what runs, the heads, the row, the claim
    assert len(texts) == 5, texts
    texts = [text for text in statements.texts if 'FROM turns' in text
             or 'INTO turns' in text or 'UPDATE turns' in text]
    # the lock where it is a row; whose turn was when, and that of this one,
    # which is the first
    assert len(texts) == (database.kind == 'mariadb') + 3 * (count > 1), texts


@pytest.mark.parametrize('count', [0, 5])
def test_who_expects_work_does_not_ask_whether_there_is_any(database, count):
    queued(count)
    with fixtures.Statements() as statements:
        found = operations.claim(common.system(), 'w', 60, likely=True)
    assert (found is not None) == bool(count)
    assert not [text for text in statements.texts if 'EXISTS' in text]


def test_who_finds_nothing_locks_nothing(database):
    with fixtures.Statements() as statements:
        assert claim() is None
    assert not [text for text in statements.texts
                if 'turns' in text or 'advisory' in text]


# -- the next silence ---------------------------------------------------------

def test_a_lease_of_another_runs_out_next(database):
    queued(4)
    for owner, lease in (('a', 500), ('me', 20), ('b', 100)):
        assert operations.claim(common.system(), owner, lease)
    seconds = operations.next_silence(common.system(), 'me')
    assert 0 < seconds <= 100
    assert operations.next_silence(common.system(), 'b') <= 20


def test_what_is_silent_already_is_told_at_once(database):
    queued()
    assert operations.claim(common.system(), 'a', -1)
    assert operations.next_silence(common.system(), 'me') == 0


@pytest.mark.parametrize('owner', ['me', 'another'])
def test_where_no_other_works_none_will_be_silent(database, owner):
    work = queued()
    held = operations.claim(common.system(), owner, 60)
    assert held.id == work[0]
    if owner != 'me':
        end(held)
    queued()
    assert operations.next_silence(common.system(), 'me') is None


# -- what is told -------------------------------------------------------------

def look(*ids):
    found = [operations.get(common.system(), id_) for id_ in ids]
    return queue.look(common.system(), found)


def test_the_position_in_a_queue(database):
    mine = queued(4)
    others = queued(2, project_id='b') + queued(2, provider_id=OTHER_PROVIDER)
    places, running = look(*mine, *others)
    assert [places[id_] for id_ in mine] == [1, 2, 3, 4]
    assert [places[id_] for id_ in others] == [1, 2, 1, 2]
    assert running == []
    assert look(mine[2])[0] == {mine[2]: 3}


def test_what_runs_has_no_position(database):
    first, second = queued(2, lane='plan:p')
    held = claim()
    places, [running] = look(first, second)
    assert places == {second: 1}
    assert (running.id, running.type, running.lanes, running.silent) == (
        held.id, 'protect', {'plan:p'}, False)
    common.silence(held)
    assert look(second)[1][0].silent is True


def test_a_turn_is_one_row(database):
    if database.kind != 'mariadb':
        pytest.skip('only there it is a row')
    for _time in range(3):
        with db.writer(common.system()) as session:
            queue.take_turn(session)
    with db.reader(common.system()) as session:
        [turn] = session.query(models.Turn).all()
        assert (turn.name, turn.number) == ('claim', 3)
