# SPDX-License-Identifier: Apache-2.0
import jsonschema
import pytest

from karbor.plugins.eventsource import payload

DEEP = {'a': {'b': {'c': 1}, 'b.c': 2}, 'a.b': {'c': 3}, 'a.b.c': 4,
        'list': [1], 'none': None, 'yes': True, 'one': 1, 'text': '1'}


@pytest.mark.parametrize(('wanted', 'expected'), [
    ({}, True), ({'text': '1'}, True), ({'text': 1}, False),
    ({'one': 1}, True), ({'one': 1.0}, True), ({'one': True}, False),
    ({'yes': True}, True), ({'yes': 1}, False), ({'none': None}, True),
    ({'none': False}, False), ({'missing': None}, False),
    ({'one': 1, 'text': '1'}, True), ({'one': 1, 'text': '2'}, False),
    ({'one': [0, 1]}, True), ({'one': [0, True, '1']}, False),
    ({'list': 1}, False), ({'list.0': 1}, False), ({'a': 1}, False),
    ({'text.b': '1'}, False), ({'a..b': 1}, False), ({'.': 1}, False)])
def test_what_fits(wanted, expected):
    assert payload.fits(wanted, DEEP) is expected


@pytest.mark.parametrize('value', [1, 2, 3, 4])
def test_a_key_may_have_dots(value):
    assert payload.fits({'a.b.c': value}, DEEP)
    assert not payload.fits({'a.b.c': 5}, DEEP)


class Node(dict):
    """One that counts how often somebody looks inside."""

    looks = 0

    def __contains__(self, key):
        Node.looks += 1
        return super().__contains__(key)


def test_no_payload_takes_long():
    """Every way to cut the path into keys ends at a node of its own."""
    parts = ['a'] * 128

    def nodes(depth):
        return Node({'a': nodes(depth - 1), 'a.a': nodes(depth - 2)}
                    ) if depth > 0 else 1

    tree = nodes(10)
    assert not payload.fits({'.'.join(parts): 2}, tree)
    # as many as there are nodes, times as there are parts
    assert Node.looks < 500 * len(parts)


@pytest.mark.parametrize('wanted', [{}, {'a': 1}, {'a.b': [None, 'x', 1.5]}])
def test_what_may_be_wanted(wanted):
    jsonschema.validate(wanted, dict(payload.SCHEMA))
