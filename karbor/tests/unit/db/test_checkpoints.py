# SPDX-License-Identifier: Apache-2.0
"""The index of checkpoints."""

import datetime

import pytest

from karbor import context as karbor_context
from karbor import exception
from karbor.db import checkpoints
from karbor.db import quotas
from karbor.db import session as db
from karbor.model import states
from karbor.model.query import ListQuery
from karbor.model.resource import Resource
from karbor.tests import fixtures
from karbor.tests.unit.db import common

PAIRS = [(old, new) for old in sorted(states.CHECKPOINT.states)
         for new in sorted(states.CHECKPOINT.states)]


@pytest.fixture
def saved(database):
    return common.save(common.checkpoint())


def get(id_, context=None):
    return checkpoints.get(context or common.member(), common.PROVIDER, id_)


def change(id_, new, context=None, **kwargs):
    context = context or common.member()
    with db.writer(context) as session:
        return checkpoints.change(session, context, id_, new, **kwargs)


def test_a_checkpoint_is_read_as_it_was_written(database):
    wanted = common.checkpoint(
        status='available', status_reason='why', origin='schedule',
        resource_graph='[{}, []]', extra_info={'k': 'v'}, size=5,
        sealed=True)
    common.save(wanted)
    assert get(wanted.id) == wanted
    assert checkpoints.list_(common.member(), common.PROVIDER,
                             ListQuery()) == [wanted]


def test_what_is_not_given_is_nothing(saved):
    assert get(saved.id) == saved
    assert saved.extra_info is None


def test_it_belongs_to_its_provider_and_project(saved):
    for context, provider, id_ in (
            (common.member(), common.fixtures.PROVIDER_2, saved.id),
            (common.member(common.OTHER), common.PROVIDER, saved.id),
            (common.admin(), common.PROVIDER, common.NOWHERE)):
        with pytest.raises(exception.CheckpointNotFound, match=id_):
            checkpoints.get(context, provider, id_)
    assert get(saved.id, common.admin(common.OTHER)) == saved


def test_statuses_of_those_that_exist_whatever_their_provider(database):
    one = common.save(common.checkpoint(status='available'))
    two = common.save(common.checkpoint(
        status='error', provider_id=common.fixtures.PROVIDER_2,
        project_id=common.OTHER))
    wanted = [one.id, two.id, common.NOWHERE]
    with fixtures.Statements() as seen:
        assert checkpoints.statuses(karbor_context.system(), wanted) == {
            one.id: 'available', two.id: 'error'}
    assert len([text for text in seen.texts
                if text.startswith('SELECT')]) == 1
    assert checkpoints.statuses(karbor_context.system(), []) == {}


def test_a_list_from_a_moment_until_before_another(database):
    ids = [common.save(common.checkpoint(created_at=common.later(day))).id
           for day in range(4)]

    def seen(begin, end):
        return [one.id for one in checkpoints.list_(
            common.member(), common.PROVIDER,
            ListQuery(sort=(('created_at', 'asc'),)),
            begin=begin and common.later(begin),
            end=end and common.later(end))]

    assert seen(1, 3) == ids[1:3]
    assert seen(1, None) == ids[1:]
    assert seen(None, 2) == ids[:2]
    # the same moment, told by a clock elsewhere
    there = common.later(2).astimezone(
        datetime.timezone(datetime.timedelta(hours=9)))
    assert [one.id for one in checkpoints.list_(
        common.member(), common.PROVIDER, ListQuery(), begin=there)] == [
            ids[3], ids[2]]


@pytest.mark.parametrize(('old', 'new'), PAIRS)
def test_a_status_changes_as_the_table_says(database, old, new):
    saved = common.save(common.checkpoint(status=old))
    allowed = new in states.CHECKPOINT.changes[old]
    assert change(saved.id, new, reason='why', size=7, sealed=True) is allowed
    found = get(saved.id)
    if not allowed:
        assert found == saved
        return
    assert (found.status, found.status_reason, found.size, found.sealed) == (
        new, 'why', 7, True)
    assert found.updated_at is not None


def test_what_is_not_named_stays(database):
    saved = common.save(common.checkpoint(
        status='available', status_reason='x', size=9, sealed=True))
    assert change(saved.id, 'error')
    found = get(saved.id)
    assert (found.size, found.sealed) == (9, True)
    # the reason belongs to the status
    assert found.status_reason is None


def test_only_from_some_states(database):
    saved = common.save(common.checkpoint(status='error'))
    assert not change(saved.id, 'deleting', sources=['available'])
    assert change(saved.id, 'deleting', sources=['available', 'error'])


def test_a_source_that_the_table_does_not_have_is_refused(saved):
    with pytest.raises(exception.IllegalTransition,
                       match='from protecting to wait_copying'):
        change(saved.id, 'wait_copying', sources=['protecting'])


def test_a_stranger_changes_nothing(saved):
    assert not change(saved.id, 'error', common.member(common.OTHER))
    assert change(saved.id, 'error', common.admin(common.OTHER))


@pytest.mark.parametrize('others', [2, 5])
def test_of_those_that_race_one_wins(database, others):
    for _round in range(3):
        saved = common.save(common.checkpoint(status='available'))
        answers = common.side_by_side(
            *[lambda id_=saved.id: change(id_, 'deleting')] * others)
        assert sorted(answers) == [False] * (others - 1) + [True]


def test_a_lock_keeps_others_waiting(saved):
    """The second change sees what the first one did."""
    seen = []

    def hold():
        with db.writer(common.system()) as session:
            seen.append(checkpoints.lock(session, saved.id))
            checkpoints.change(session, common.system(), saved.id, 'error')

    def follow():
        with db.writer(common.system()) as session:
            seen.append(checkpoints.lock(session, saved.id))

    assert common.side_by_side(hold, follow) == [None, None]
    assert seen in (['protecting', 'error'], ['protecting', 'protecting'])
    assert get(saved.id).status == 'error'


def test_a_lock_tells_what_is_now(database):
    """And not what was when its transaction read for the first time."""
    if database.kind == 'sqlite':
        pytest.skip('SQLite has one writer: nothing changes meanwhile')
    saved = common.save(common.checkpoint(status='available'))
    with db.writer(common.system()) as session:
        # as for a copy, which is counted before its source is held
        quotas.admit(session, common.PROJECT, 'checkpoints', 9)
        [answer] = common.side_by_side(lambda: change(saved.id, 'deleting'))
        assert answer is True
        assert checkpoints.lock(session, saved.id) == 'deleting'


def test_a_lock_of_nothing(database):
    with db.writer(common.system()) as session:
        assert checkpoints.lock(session, common.NOWHERE) is None


def test_a_graph_is_stored(saved):
    with db.writer(common.system()) as session:
        checkpoints.set_graph(session, saved.id, '[{}, []]')
    assert get(saved.id).resource_graph == '[{}, []]'


@pytest.mark.parametrize('status', sorted(states.CHECKPOINT.states))
def test_only_what_is_being_deleted_is_removed(database, status):
    saved = common.save(common.checkpoint(status=status))
    with db.writer(common.system()) as session:
        checkpoints.remove(session, saved.id)
    if status != 'deleting':
        assert get(saved.id) == saved
        return
    with pytest.raises(exception.CheckpointNotFound):
        get(saved.id)


def test_an_import_adds_what_is_not_known(database):
    lost = common.checkpoint(status='available', sealed=True)
    assert checkpoints.import_(common.system(), lost)
    assert get(lost.id) == lost
    again = common.checkpoint(id=lost.id, status='error')
    assert not checkpoints.import_(common.system(), again)
    assert get(lost.id) == lost


def test_two_imports_at_once(database):
    lost = [common.checkpoint() for _number in range(5)]
    added = common.side_by_side(*[lambda: [
        checkpoints.import_(common.system(), one) for one in lost]] * 3)
    assert [sum(column) for column in zip(*added, strict=True)] == [1] * 5


def test_the_newest_of_a_plan(database):
    plan_id = common.plan().id

    def saved(hour, **changes):
        return common.save(common.checkpoint(**{
            'plan_id': plan_id, 'status': 'available',
            'created_at': common.NOON.replace(hour=hour), **changes}))

    def newest(context=None):
        found = checkpoints.newest(context or common.member(),
                                   common.PROVIDER, plan_id)
        return found and found.id

    assert newest() is None
    second = saved(2)
    first = saved(1)
    # a copy is as old as what it is a copy of
    copy = saved(2, origin='copy')
    for changes in ({'status': 'protecting'}, {'status': 'error'},
                    {'status': 'wait_copying'}, {'plan_id': first.id},
                    {'project_id': common.OTHER},
                    {'provider_id': fixtures.PROVIDER_2}):
        saved(3, **changes)
    assert newest() == second.id
    assert newest(common.member(common.OTHER)) != second.id
    change(second.id, 'deleting')
    assert newest() == copy.id
    change(copy.id, 'error')
    assert newest() == first.id
    assert newest(common.member('3' * 32)) is None


def mark(id_, reason='Broken.'):
    with db.writer(common.system()) as session:
        checkpoints.mark_damaged(session, id_, 'an operation', reason)


def clear(id_, before):
    with db.writer(common.system()) as session:
        checkpoints.clear_damage(session, id_, before)
    return get(id_).damage is None


def test_damage_is_noted_until_something_later_is_good(saved):
    other = common.save(common.checkpoint())
    mark(saved.id, 'x' * 100_000)
    damage = get(saved.id).damage
    assert (damage.found_by, damage.reason) == ('an operation', 'x' * 100_000)
    assert get(other.id) == other
    # what began before has not seen it
    assert not clear(saved.id, damage.found_at)
    mark(saved.id)
    later = get(saved.id).damage
    assert (later.reason, later.found_at >= damage.found_at) == (
        'Broken.', True)
    assert clear(saved.id, later.found_at + datetime.timedelta(seconds=1))
    assert get(saved.id) == saved


def test_one_that_is_damaged_is_the_newest_if_there_is_no_other(database):
    plan_id = common.plan().id
    made = [common.save(common.checkpoint(
        plan_id=plan_id, status='available',
        created_at=common.NOON.replace(hour=hour))) for hour in (1, 2, 3)]

    def newest():
        return checkpoints.newest(common.member(), common.PROVIDER,
                                  plan_id).id

    mark(made[2].id)
    assert newest() == made[1].id
    mark(made[1].id)
    assert newest() == made[0].id
    mark(made[0].id)
    assert newest() == made[2].id


def test_one_that_is_damaged_is_no_newer_one_to_keep(database):
    plan_id = common.plan().id
    old, new = (common.save(common.checkpoint(
        plan_id=plan_id, status='available',
        created_at=common.NOON.replace(hour=hour))) for hour in (1, 2))

    def held():
        with db.writer(common.system()) as session:
            return checkpoints.hold_newer(session, old, new.id)

    assert held()
    mark(new.id)
    assert not held()


def test_what_is_locked_tells_of_its_damage(saved):
    mark(saved.id)
    other = common.save(common.checkpoint(status='available'))
    with db.writer(common.system()) as session:
        assert checkpoints.lock_all(
            session, [saved.id, other.id, common.NOWHERE]) == {
                saved.id: checkpoints.Held(saved.status, 'Broken.'),
                other.id: checkpoints.Held('available')}


def test_what_lacks_is_kept_with_the_graph(saved):
    lost = Resource('Volume', 'v', 'the volume')
    with db.writer(common.member()) as session:
        checkpoints.set_graph(session, saved.id, '[{}, []]', (lost,))
    [found] = get(saved.id).missing
    assert (found, found.name) == (lost, 'the volume')
    with db.writer(common.member()) as session:
        checkpoints.set_graph(session, saved.id, '[{}, []]')
    assert get(saved.id).missing == ()


@pytest.mark.parametrize('status', sorted(states.CHECKPOINT.states))
def test_what_is_complete_becomes_available_if_it_may(database, status):
    """What is to be deleted meanwhile is not, but it is known to be whole."""
    saved = common.save(common.checkpoint(status=status))
    with db.writer(common.system()) as session:
        checkpoints.complete(session, common.system(), saved.id, 7)
    found = get(saved.id)
    made = status in ('protecting', 'copying')
    noted = made or status in ('deleting', 'error')
    assert found.status == ('available' if made else status)
    assert (found.sealed, found.size) == (
        (True, 7) if noted else (False, None))
