# SPDX-License-Identifier: Apache-2.0
"""Subsets of resources: a cover, whenever it is asked for."""

from hypothesis import given
from hypothesis import strategies as st
import pytest

from karbor import exception
from karbor.model.resource import Resource
from karbor.model.subset import MOST
from karbor.model.subset import Subset

TEXT = st.text(max_size=20)
RESOURCES = st.builds(Resource, TEXT, TEXT | st.just('\udcff'), TEXT)


@given(RESOURCES, st.integers(1, MOST))
def test_each_resource_is_in_one_of_them(resource, of):
    where = [number for number in range(1, of + 1)
             if resource in Subset(number, of)]
    assert len(where) == 1
    # by what identifies it, and nothing else
    renamed = Resource(resource.type, resource.id, 'x', {'a': 1})
    assert renamed in Subset(where[0], of)


def test_it_is_the_same_in_every_process_and_release():
    volumes = [Resource('OS::Cinder::Volume', str(number))
               for number in range(12)]
    assert [[one.id for one in volumes if one in Subset(number, 3)]
            for number in (1, 2, 3)] == [
                ['4', '5'],
                ['1', '6', '7', '9', '11'],
                ['0', '2', '3', '8', '10']]


def test_they_are_of_about_one_size():
    volumes = [Resource('OS::Cinder::Volume', str(number))
               for number in range(10_000)]
    for number in range(1, 11):
        found = sum(one in Subset(number, 10) for one in volumes)
        assert 850 < found < 1150


def test_all_are_in_the_one_of_one():
    assert Resource('a', 'b') in Subset(1, 1)


def test_there_and_back():
    assert Subset.from_dict(Subset(2, 5).to_dict()) == Subset(2, 5)


@pytest.mark.parametrize(('number', 'of', 'field'), [
    (0, 1, 'subset.number'), (2, 1, 'subset.number'), (1, 0, 'subset.of'),
    (-1, 3, 'subset.number'), (1, MOST + 1, 'subset.of')])
def test_a_number_out_of_its_range_is_named(number, of, field):
    with pytest.raises(exception.Invalid, match=field):
        Subset(number, of)
