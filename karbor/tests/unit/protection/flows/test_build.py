# SPDX-License-Identifier: Apache-2.0
"""Laws of the order of hooks, for graphs of any form."""

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from karbor.model.graph import Graph
from karbor.model.resource import Resource
from karbor.plugin.protection import HOOKS
from karbor.protection.flows import build


@st.composite
def plans(draw):
    """(graph, hooks of each resource, size of a batch)"""
    count = draw(st.integers(0, 12))
    resources = [Resource('T', str(number)) for number in range(count)]
    children = {}
    for number, resource in enumerate(resources):
        later = resources[number + 1:]
        if later:
            children[resource.key] = draw(st.lists(
                st.sampled_from(later), max_size=4))
    shuffled = draw(st.permutations(resources))
    hooks = {resource.key: draw(st.sets(st.sampled_from(HOOKS)))
             for resource in resources}
    return Graph.of(shuffled, children), hooks, draw(st.integers(1, 5))


def moments(graph, hooks, size):
    """The number of the batch in which each (hook, resource) runs."""
    found = {}
    number = 0
    for _phase, batches in build.phases(
            graph, lambda resource: hooks[resource.key], size):
        for batch in batches:
            assert 1 <= len(batch) <= size
            number += 1
            for call in batch:
                key = call.hook, graph.resources[call.position].key
                assert key not in found, 'a hook runs twice'
                found[key] = number
    return found


@settings(max_examples=150, deadline=None)
@given(plans())
def test_hooks_run_in_the_order_that_plugins_are_promised(plan):
    graph, hooks, size = plan
    when = moments(graph, hooks, size)
    assert set(when) == {(hook, key) for key, wanted in hooks.items()
                         for hook in wanted}

    def ordered(first, second):
        return (first not in when or second not in when
                or when[first] < when[second])

    for parent in graph.resources:
        for child in graph.children_of(parent):
            for hook, before, after in (
                    ('on_prepare_begin', parent, child),
                    ('on_prepare_finish', child, parent),
                    ('on_complete', child, parent)):
                assert ordered((hook, before.key), (hook, after.key))
    # phases, and steps in a resource: a barrier between them for everybody
    for earlier, later in zip(HOOKS, HOOKS[1:], strict=False):
        first = [n for (hook, _key), n in when.items() if hook == earlier]
        second = [n for (hook, _key), n in when.items() if hook == later]
        assert not first or not second or max(first) < min(second)


def test_phases_have_names_even_if_nothing_is_to_be_done():
    graph = Graph.of([Resource('T', '1')], {})
    assert list(build.phases(graph, lambda resource: (), 5)) == [
        ('prepare', []), ('main', []), ('complete', [])]


def test_main_is_filled_across_levels():
    """Its order does not matter, so few batches do."""
    parent, child = Resource('T', '1'), Resource('T', '2')
    graph = Graph.of([parent, child], {parent.key: [child]})
    [_prepare, (_name, batches), _complete] = build.phases(
        graph, lambda resource: ['on_main'], 5)
    assert batches == [[build.Call(0, 'on_main'), build.Call(1, 'on_main')]]
