# SPDX-License-Identifier: Apache-2.0
"""Operations: their journal and their end."""

import dataclasses

import pytest

from karbor import exception
from karbor.db import checkpoints
from karbor.db import operations
from karbor.db import session as db
from karbor.model.query import ListQuery
from karbor.tests.fixtures import Statements
from karbor.tests.unit.db import common


@pytest.fixture
def held(database):
    """An operation with a journal of three resources."""
    held = common.claimed()
    operations.begin(common.system(), held, [
        common.resource(number, memo={'m': number}, hooks_done=('a',),
                        entry={'e': 1} if number else None,
                        bytes_total=number)
        for number in (2, 0, 1)])
    return held


def rows(operation):
    return operations.get(common.system(), operation.id).resources


def shown(resources):
    """As users see them: without what only workers need."""
    return tuple(dataclasses.replace(
        one, hooks_done=(), memo={}, entry=None) for one in resources)


def journal(operation, *entries, **totals):
    operations.journal(common.system(), operation, entries, totals)


def finish(operation, status, reason=None):
    with db.writer(common.system()) as session:
        operations.finish(session, operation, status, reason)


def test_the_rows_are_as_they_were_begun(held):
    assert rows(held) == tuple(
        common.resource(number, memo={'m': number}, hooks_done=('a',),
                        entry={'e': 1} if number else None,
                        bytes_total=number)
        for number in range(3))


def test_a_claim_and_a_list_tell_of_them(held):
    common.silence(held)
    again = operations.claim(common.system(), 'w', 60)
    assert again.resources == rows(held)
    [listed] = operations.list_(common.member(), ListQuery(limit=1),
                                most=100)
    assert listed.resources == shown(rows(held))
    [listed] = operations.list_(common.member(), ListQuery(limit=1))
    assert (listed.resources, listed.resource_count) == ((), len(rows(held)))


def test_what_is_shown_leaves_out_what_workers_need(held):
    everything = rows(held)
    assert shown(everything) != everything
    assert operations.get(common.member(), held.id,
                          shown=True).resources == shown(everything)
    counted = operations.get(common.member(), held.id, most=1)
    assert counted.resources == everything[:1]
    assert counted.resource_count == 3


def test_the_latest_of_some_types(held):
    on = held.checkpoint_id

    def latest(*types, who=None):
        found = operations.latest(who or common.member(), on, types)
        return found and (found.type, found.created_at)

    common.save(
        common.operation(type='restore', checkpoint_id=on,
                         created_at=common.later(5)),
        common.operation(type='restore', checkpoint_id=on,
                         created_at=common.later(9)))
    assert latest('restore') == ('restore', common.later(9))
    assert latest('restore', 'protect') == ('restore', common.later(9))
    assert latest('protect') == ('protect', common.NOON)
    assert len(operations.latest(common.member(), on, ['protect'])
               .resources) == len(rows(held))
    assert latest('delete') is None
    assert latest('protect', who=common.member(common.OTHER)) is None


def test_the_graph_goes_to_the_checkpoint(database):
    saved = common.save(common.checkpoint())
    held = common.claimed(checkpoint_id=saved.id)
    operations.begin(common.system(), held, [], {'graph': '[{}, []]'})
    assert checkpoints.get(common.system(), common.PROVIDER,
                           saved.id).resource_graph == '[{}, []]'
    assert rows(held) == ()


def test_an_entry_changes_what_it_names(held):
    before = rows(held)
    everything = {
        'status': 'running', 'fraction': 0.5, 'bytes_done': 2 ** 40,
        'bytes_total': 2 ** 41, 'reason': 'slow', 'new_id': 'n',
        'hooks_done': ['a', 'b'], 'memo': {'k': [1]}, 'entry': {'x': None}}
    assert set(everything) == set(operations.JOURNAL)
    journal(held, {'position': 1, **everything})
    found = rows(held)
    assert (found[0], found[2]) == (before[0], before[2])
    assert common.plain(found[1]) == {
        **common.plain(before[1]), **everything, 'hooks_done': ('a', 'b')}


def test_entries_are_sent_together(held):
    entries = [{'position': number, 'status': 'running'}
               for number in range(2)]
    other = {'position': 2, 'fraction': 0.25, 'reason': None}
    with Statements() as one:
        journal(held, entries[0])
    with Statements() as more:
        journal(held, *entries)
    assert one.count == more.count
    journal(held, *entries, other)
    assert [(row.status, row.fraction) for row in rows(held)] == [
        ('running', 0.0), ('running', 0.0), ('undefined', 0.25)]


def test_totals_are_those_of_the_operation(held):
    journal(held, fraction=0.75, bytes_done=3, bytes_total=4)
    found = operations.get(common.system(), held.id)
    assert (found.fraction, found.bytes_done, found.bytes_total) == (
        0.75, 3, 4)


def test_a_hook_that_ends_makes_up_for_crashes(held):
    """Only work that does not go on is taken for poison."""
    common.silence(held)
    again = operations.claim(common.system(), 'w', 60)
    assert again.crashes == 1
    journal(again, {'position': 0, 'fraction': 0.5})
    assert operations.get(common.system(), held.id).crashes == 1
    journal(again, {'position': 0, 'hooks_done': ['a', 'b']})
    assert operations.get(common.system(), held.id).crashes == 0


def test_what_a_newer_release_asks_for_is_left_to_it(database):
    """A worker takes only what it knows, so that none is claimed for ever."""
    common.save(common.operation(type='of-the-future'))
    assert operations.claim(common.system(), 'w', 60) is None


def test_no_news_are_no_change(held):
    before = operations.get(common.system(), held.id)
    journal(held)
    assert operations.get(common.system(), held.id) == before


def test_of_a_journal_that_fails_nothing_stays(held):
    before = rows(held)
    # a set is no plain data
    with pytest.raises(Exception, match='JSON'):
        journal(held, {'position': 0, 'status': 'running'},
                {'position': 1, 'memo': {'k': {1}}}, fraction=0.5)
    assert rows(held) == before
    assert operations.get(common.system(), held.id).fraction == 0


@pytest.mark.parametrize('status', ['success', 'error', 'cancelled'])
def test_an_end(held, status):
    journal(held, fraction=0.25)
    finish(held, status, 'because')
    found = operations.get(common.system(), held.id)
    assert (found.status, found.reason, found.lease_until) == (
        status, 'because', None)
    assert found.fraction == (1.0 if status == 'success' else 0.25)
    assert found.started_at is not None
    assert found.ended_at is not None


def test_an_end_that_is_none_is_refused(held):
    with pytest.raises(exception.IllegalTransition, match='undone'):
        finish(held, 'undone')
    assert operations.get(common.system(), held.id).status == 'running'


def test_two_workers_end_it_once(held):
    def end():
        finish(held, 'success')

    answers = common.side_by_side(end, end)
    assert sorted(map(type, answers), key=str) == sorted(
        [type(None), exception.LeaseLost], key=str)
