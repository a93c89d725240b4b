# SPDX-License-Identifier: Apache-2.0
"""Whose turn it is."""

from hypothesis import given
from hypothesis import strategies as st

from karbor.model import queue
from karbor.model.queue import Head
from karbor.model.queue import Limits
from karbor.model.queue import Running

PROJECTS, PROVIDERS = ('a', 'b', 'c'), ('x', 'y')


def head(project, provider='x', age=0):
    """The head of a queue; a greater age has waited less long."""
    return Head(f'{project}{provider}{age}', project, provider, age)


def running(project, provider='x', number=0):
    return Running(f'r{number}', 'protect', project, provider, frozenset(),
                   False)


def picked(heads, at_work=(), limits=queue.NONE, turns=None):
    found = queue.pick(heads, at_work, limits, turns)
    return None if found is None else found.project_id


def test_nothing_waits():
    assert picked([]) is None


def test_the_project_with_the_fewest_running_is_next():
    heads = [head('a', age=0), head('b', age=1)]
    assert picked(heads) == 'a'
    assert picked(heads, [running('a')]) == 'b'
    assert picked(heads, [running('a'), running('b')]) == 'a'


def test_projects_that_have_as_many_running_take_turns():
    heads = [head('a', age=0), head('b', age=1), head('c', age=2)]
    assert picked(heads, turns={'a': 7}) == 'b'
    assert picked(heads, turns={'a': 7, 'b': 8}) == 'c'
    assert picked(heads, turns={'a': 7, 'b': 8, 'c': 9}) == 'a'
    # what runs counts for more
    assert picked(heads, [running('c')], turns={'a': 7, 'b': 8}) == 'a'


def test_what_runs_at_any_provider_counts():
    heads = [head('a', 'x'), head('b', 'x', 1)]
    assert picked(heads, [running('a', 'y')]) == 'b'


def test_a_limit_holds_up_what_it_is_of():
    heads = [head('a', 'x'), head('b', 'y', 1)]
    full = Limits(providers={'x': 1})
    assert picked(heads, [running('c', 'x')], full) == 'b'
    assert picked(heads[:1], [running('c', 'x')], full) is None
    assert picked(heads[:1], [], full) == 'a'
    one_each = Limits(project=1)
    assert picked(heads[:1], [running('a', 'y')], one_each) is None
    assert picked(heads[:1], [running('b', 'x')], one_each) == 'a'


def test_limits_are_told_as_plain_data():
    limits = Limits(2, {'x': 3})
    assert Limits.from_dict(limits.to_dict()) == limits
    assert Limits.from_dict({}) == queue.NONE
    assert queue.NONE.provider('x') == 0


@given(st.lists(st.builds(
    head, st.sampled_from(PROJECTS), st.sampled_from(PROVIDERS),
    st.integers(0, 9)), unique_by=lambda one: (
        one.project_id, one.provider_id)),
    st.lists(st.builds(running, st.sampled_from(PROJECTS),
                       st.sampled_from(PROVIDERS))),
    st.builds(Limits, st.integers(0, 3), st.dictionaries(
        st.sampled_from(PROVIDERS), st.integers(0, 3))))
def test_who_is_picked(heads, at_work, limits):
    """It passes no limit, and nobody else had a better right to it."""
    def load(one):
        return sum(r.project_id == one.project_id for r in at_work)

    def has_room(one):
        at_provider = sum(r.provider_id == one.provider_id for r in at_work)
        most = limits.provider(one.provider_id)
        return ((not limits.project or load(one) < limits.project)
                and (not most or at_provider < most))

    found = queue.pick(heads, at_work, limits)
    candidates = [one for one in heads if has_room(one)]
    if not candidates:
        assert found is None
        return
    assert found in candidates
    for other in candidates:
        assert (load(found), found.created_at) <= (load(other),
                                                   other.created_at)
