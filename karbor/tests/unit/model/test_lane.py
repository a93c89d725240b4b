# SPDX-License-Identifier: Apache-2.0
"""Which restores keep away from each other, and from what."""

import pytest

from karbor.db import models
from karbor.model import lane
from karbor.model.resource import Resource

# of a type each: back in place, elsewhere if told so, always anew
PLACES = {'Disk': [], 'Files': ['path'], 'Server': None}
DISK, FILES, MORE, SERVER = (
    Resource('Disk', 'd', 'n'), Resource('Files', 'f', 'n'),
    Resource('Files', 'g', 'n'), Resource('Server', 's', 'n'))


def of(resources, parameters=None, plan='p', checkpoint='c'):
    return lane.of_restore(plan, checkpoint, resources, parameters or {},
                           PLACES)


@pytest.mark.parametrize(('resources', 'parameters'), [
    (None, {}), ([DISK], {}), ([FILES], {}), ([SERVER, FILES], {}),
    ([DISK], {'Disk': {'path': '/x'}}),
    ([FILES], {'Files': {'conflict': 'skip'}}),
    ([FILES, MORE], {'Files#f': {'path': '/x'}}),
    ([Resource('New', 'n', 'n')], {})])
def test_what_goes_back_in_place_is_in_the_lane_of_its_plan(
        resources, parameters):
    assert of(resources, parameters)[0] == lane.of_plan('p')


def test_elsewhere_it_is_the_place_that_counts():
    there = of([FILES], {'Files': {'path': '/x'}})
    assert there != lane.of_plan('p')
    assert there == of([MORE], {'Files#g': {'path': '/x', 'conflict': 'skip'}},
                       'another plan', 'another checkpoint')
    assert there != of([FILES], {'Files': {'path': '/y'}})
    both = of([FILES, SERVER, MORE], {'Files': {'path': '/x'}})
    assert both == there
    assert len(there) == 1


@pytest.mark.parametrize('path', ['/x/', '//x', '/y/../x', '/x/.'])
def test_a_place_is_one_however_it_is_written(path):
    assert of([FILES], {'Files': {'path': path}}) == of(
        [FILES], {'Files': {'path': '/x'}})


def test_each_place_is_a_lane():
    x, y = (of([FILES], {'Files': {'path': path}}) for path in ('/x', '/y'))
    assert set(of([FILES, MORE], {'Files': {'path': '/x'},
                                  'Files#g': {'path': '/y'}})) == {*x, *y}
    assert of([FILES, MORE], {'Files#g': {'path': '/y'}}) == (
        lane.of_plan('p'), *y)


def test_what_is_made_anew_is_kept_from_its_like():
    parameters = {'Server': {'name': 'a'}}
    one = of([SERVER], parameters)
    assert one == of([SERVER], parameters, 'another plan')
    assert one != of([SERVER], parameters, checkpoint='another')
    assert one != of([SERVER])


def test_the_database_takes_every_lane():
    for made in (lane.of_plan('1' * 36), lane.of_checkpoint('1' * 36),
                 *of([SERVER]), *of([FILES], {'Files': {'path': '/' * 9999}})):
        assert len(made) <= models.Operation.lane.type.length
