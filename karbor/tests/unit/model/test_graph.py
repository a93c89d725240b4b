# SPDX-License-Identifier: Apache-2.0
"""The graph of an application."""

import collections
import json

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
import pytest

from karbor import exception
from karbor.model.graph import Graph
from karbor.model.resource import Resource

SERVER = Resource('OS::Nova::Server', 's1', 'web', {'az': 'nova'})
VOLUME = Resource('OS::Cinder::Volume', 'v1', 'data')
NETWORK = Resource('OS::Neutron::Network', 'n1', 'net')
# As clients of the v1 API parse it: a text that a release must not change.
GOLDEN = (
    '[{"0x0": ["OS::Nova::Server", "s1", "web", {"az": "nova"}], '
    '"0x1": ["OS::Cinder::Volume", "v1", "data", null], '
    '"0x2": ["OS::Neutron::Network", "n1", "net", null]}, '
    '[["0x0", ["0x1", "0x2"]]]]')


@st.composite
def applications(draw):
    """Resources of some types, and edges that lead to later ones only."""
    count = draw(st.integers(0, 12))
    nodes = [Resource(draw(st.sampled_from('ABC')), str(number), f'n{number}',
                      draw(st.none() | st.just({'k': number})))
             for number in range(count)]
    children = {
        node.key: draw(st.lists(st.sampled_from(nodes[number + 1:]),
                                max_size=4))
        for number, node in enumerate(nodes[:-1])}
    return draw(st.permutations(nodes)), children


def depth_of(key, children):
    """Length of the longest way from a root, the slow way."""
    parents = [parent for parent, kids in children.items()
               if key in [kid.key for kid in kids]]
    return max((depth_of(parent, children) + 1 for parent in parents),
               default=0)


@settings(max_examples=80, deadline=None)
@given(applications())
def test_parents_come_first(application):
    nodes, children = application
    graph = Graph.of(nodes, children)
    assert sorted(r.key for r in graph.resources) == sorted(
        r.key for r in nodes)
    place = {r.key: number for number, r in enumerate(graph.resources)}
    for parent, kids in children.items():
        for kid in kids:
            assert place[parent] < place[kid.key]
    for node in nodes:
        # each child once, in the order in which it was named
        assert graph.children_of(node) == tuple(
            dict.fromkeys(children.get(node.key, ())))
        assert graph.depths[node.key] == depth_of(node.key, children)


@settings(max_examples=60, deadline=None)
@given(applications())
def test_levels_are_the_depths(application):
    graph = Graph.of(*application)
    levels = graph.levels()
    assert [r for level in levels for r in level] == sorted(
        graph.resources, key=lambda r: graph.depths[r.key])
    for number, level in enumerate(levels):
        assert {graph.depths[r.key] for r in level} == {number}


@settings(max_examples=60, deadline=None)
@given(applications())
def test_the_text_form_and_back(application):
    graph = Graph.of(*application)
    again = Graph.from_json(graph.to_json())
    assert again == graph
    assert [r.to_dict() for r in again.resources] == [
        r.to_dict() for r in graph.resources]
    assert again.to_json() == graph.to_json()


@settings(max_examples=80, deadline=None)
@given(applications(), st.data())
def test_a_circle_is_refused(application, data):
    nodes, children = application
    graph = Graph.of(nodes, children)
    edges = [(parent, kid) for parent in graph.resources
             for kid in graph.children_of(parent)]
    if edges:
        parent, kid = data.draw(st.sampled_from(edges))
    elif nodes:
        parent = kid = nodes[0]
    else:
        return
    turned = {**children, kid.key: [*children.get(kid.key, ()), parent]}
    with pytest.raises(exception.Invalid, match='form a circle'):
        Graph.of(nodes, turned)


def test_the_error_names_one_of_the_circle():
    with pytest.raises(exception.Invalid,
                       match='resources.*dependencies of T [bc] form'):
        Graph.of([Resource('T', c) for c in 'abc'],
                 {('T', 'b'): [Resource('T', 'c')],
                  ('T', 'c'): [Resource('T', 'b')],
                  ('T', 'a'): [Resource('T', 'b')]})


@settings(max_examples=80, deadline=None)
@given(applications(), st.data())
def test_discovery_finds_all_and_asks_once_a_type_and_level(
        application, data):
    nodes, children = application
    roots = data.draw(st.lists(st.sampled_from(nodes))) if nodes else []
    asked = []

    def dependents(type_, parents):
        asked.append((type_, [parent.key for parent in parents]))
        assert {parent.type for parent in parents} == {type_}
        # parents without children may be left out
        return {parent.key: children[parent.key] for parent in parents
                if children.get(parent.key)}

    graph = Graph.discover(roots, dependents)
    wanted, waiting = set(), list(roots)
    while waiting:
        node = waiting.pop()
        if node not in wanted:
            wanted.add(node)
            waiting += children.get(node.key, ())
    assert set(graph.resources) == wanted
    for node in wanted:
        assert set(graph.children_of(node)) == set(
            children.get(node.key, ()))
    # nobody is asked about twice
    every = [key for _type, keys in asked for key in keys]
    assert len(every) == len(set(every)) == len(wanted)
    # breadth first: at most one question a type and level
    near, distance, level = {}, 0, list(dict.fromkeys(roots))
    while level:
        near.update((node.key, distance) for node in level)
        distance += 1
        level = list(dict.fromkeys(
            kid for node in level for kid in children.get(node.key, ())
            if kid.key not in near))
    questions = collections.Counter(
        (type_, near[keys[0]]) for type_, keys in asked)
    assert set(questions.values()) <= {1}


def test_a_question_that_fails_ends_the_discovery():
    def dependents(type_, parents):
        if type_ == VOLUME.type:
            raise exception.PluginError(reason='no answer')
        return {SERVER.key: [VOLUME]}

    with pytest.raises(exception.PluginError, match='no answer'):
        Graph.discover([SERVER], dependents)


def test_discovery_finds_a_circle():
    with pytest.raises(exception.Invalid, match='circle'):
        Graph.discover([SERVER], lambda type_, parents: {
            SERVER.key: [VOLUME], VOLUME.key: [SERVER]})


def test_a_child_of_two_parents_is_one():
    other = Resource('OS::Nova::Server', 's2')
    graph = Graph.discover(
        [SERVER, other], lambda type_, parents: {
            SERVER.key: [VOLUME], other.key: [Resource(*VOLUME.key)]})
    assert graph.resources == (SERVER, other, VOLUME)
    assert graph.children_of(other)[0] is graph.children_of(SERVER)[0]
    assert graph.levels() == [[SERVER, other], [VOLUME]]


def test_a_resource_that_is_not_in_the_graph_has_no_children():
    assert Graph.of([SERVER], {}).children_of(VOLUME) == ()


def test_the_text_form_is_that_of_v1():
    graph = Graph.of([SERVER, VOLUME, NETWORK],
                     {SERVER.key: [VOLUME, NETWORK]})
    assert graph.to_json() == GOLDEN
    assert Graph.from_json(GOLDEN) == graph


def test_short_ids_are_hex():
    graph = Graph.of([Resource('T', str(n)) for n in range(17)], {})
    assert list(json.loads(graph.to_json())[0])[-2:] == ['0xf', '0x10']


def test_an_empty_graph():
    graph = Graph.of([], {})
    assert graph.to_json() == '[{}, []]'
    assert graph.levels() == []
