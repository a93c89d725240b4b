# SPDX-License-Identifier: Apache-2.0
"""The tables of states: no dead ends, and words for all."""

import pytest

from karbor import exception
from karbor.model import operation
from karbor.model import states

TABLES = [value for value in vars(states).values()
          if isinstance(value, states.StateTable)]
tables = pytest.mark.parametrize('table', TABLES,
                                 ids=lambda table: table.noun)


def reached(table, begin):
    """Every state that there is a way to."""
    found, waiting = set(begin), list(begin)
    while waiting:
        fresh = table.changes[waiting.pop()] - found
        found |= fresh
        waiting += fresh
    return found


def test_there_are_six_tables():
    assert {table.noun for table in TABLES} == {
        'plan', 'checkpoint', 'operation', 'resource', 'run', 'service'}


@tables
def test_a_table_names_only_its_states(table):
    assert table.initial <= table.states
    assert table.final <= table.states
    for news in table.changes.values():
        assert news <= table.states


@tables
def test_no_state_is_a_dead_end(table):
    for state in table.states:
        assert reached(table, {state}) & table.final, state


@tables
def test_every_state_is_reached(table):
    assert reached(table, table.initial) == table.states


@tables
def test_a_state_that_is_not_final_can_be_left(table):
    for state in table.states - table.final:
        assert table.changes[state] - {state}, state


@tables
def test_just_the_changes_of_the_table_pass(table):
    for old in table.states:
        for new in table.states:
            if new in table.changes[old]:
                assert table.check(old, new) == new
                assert old in table.sources(new)
                continue
            assert old not in table.sources(new)
            with pytest.raises(exception.IllegalTransition) as caught:
                table.check(old, new)
            assert str(caught.value) == (
                f'A {table.noun} cannot go from {old} to {new}.')


@tables
@pytest.mark.parametrize('word', ['', 'x', None])
def test_a_word_that_is_no_state_passes_nowhere(table, word):
    assert table.sources(word) == frozenset()
    for state in table.states:
        for pair in ((word, state), (state, word)):
            with pytest.raises(exception.IllegalTransition):
                table.check(*pair)


def test_what_users_know_by_name():
    """These words are in the REST API of v1."""
    assert states.PLAN.states == {'suspended', 'started'}
    assert states.CHECKPOINT.states == {
        'protecting', 'wait_copying', 'copying', 'available', 'error',
        'deleting', 'deleted', 'error-deleting'}


def test_a_checkpoint_that_failed_can_be_deleted():
    for state in ('error', 'error-deleting', 'available'):
        assert 'deleting' in states.CHECKPOINT.changes[state]
    # back only from a deletion that was not begun; what is half deleted, to
    # an error that a reset takes for incomplete
    assert states.CHECKPOINT.changes['error-deleting'] == {'deleting',
                                                           'error'}


@pytest.mark.parametrize(('words', 'table'), [
    (states.V1_OPERATION_STATUS, states.OPERATION),
    (states.V1_RESOURCE_STATUS, states.OPERATION_RESOURCE)],
    ids=['operation', 'resource'])
def test_v1_has_a_word_for_every_type_and_status(words, table):
    assert set(words) == set(operation.TYPES)
    for type_ in operation.TYPES:
        assert set(words[type_]) == table.states
        assert all(words[type_].values())


def test_v1_tells_an_end_from_work():
    for words in states.V1_OPERATION_STATUS.values():
        active = {words['queued'], words['running']}
        assert not active & {words[end] for end in states.OPERATION.final}
        assert words['success'] != words['error']


def test_what_is_being_made_is_deleted_only_after_it_is_cancelled():
    for state in states.BEING_MADE:
        assert 'deleting' in states.CHECKPOINT.changes[state]
    assert set(states.DURING) == set(states.AFTER_FAILURE)
    for type_, after in states.AFTER_FAILURE.items():
        for state in states.DURING[type_]:
            assert after in states.CHECKPOINT.changes[state]
