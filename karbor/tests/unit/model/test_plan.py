# SPDX-License-Identifier: Apache-2.0
"""A plan."""

import dataclasses
import json

import pytest

from karbor import exception
from karbor.model.plan import parameters_for
from karbor.model.plan import Plan
from karbor.model.resource import Resource

ONE = Resource('T', '1', 'one')
PLAN = Plan(id='p', project_id='x', name='shop', provider_id='v',
            resources=(ONE, Resource('U', '2', 'two', {'k': 1})),
            parameters={'T': {'a': 1}})


def test_a_snapshot_is_what_v1_shows():
    assert json.loads(json.dumps(PLAN.snapshot())) == {
        'id': 'p', 'name': 'shop', 'provider_id': 'v', 'resources': [
            {'id': '1', 'type': 'T', 'name': 'one', 'extra_info': None},
            {'id': '2', 'type': 'U', 'name': 'two', 'extra_info': {'k': 1}}]}


def test_a_new_plan_is_suspended():
    assert PLAN.status == 'suspended'


def test_a_resource_wins_over_its_type():
    parameters = {'T': {'a': 1, 'b': 1}, 'T#1': {'b': 2, 'c': 2},
                  'T#2': {'b': 3}, 'U': {'a': 4}}
    assert parameters_for(parameters, ONE) == {'a': 1, 'b': 2, 'c': 2}
    assert parameters_for(parameters, Resource('T', '3')) == {'a': 1, 'b': 1}
    assert parameters_for(parameters, Resource('V', '1')) == {}


def test_parameters_are_a_copy():
    parameters = {'T': {'a': 1}}
    parameters_for(parameters, ONE)['a'] = 2
    assert parameters == {'T': {'a': 1}}


def test_a_suspended_plan_takes_no_scheduled_run():
    assert PLAN.why_no_run() == (
        f'Plan {PLAN.name} is suspended; it takes scheduled runs when it is '
        'started.')
    assert dataclasses.replace(PLAN, status='started').why_no_run() is None


def test_a_plan_has_one_provider():
    PLAN.check_provider('v')
    with pytest.raises(exception.InvalidPlan, match='uses provider v, not w'):
        PLAN.check_provider('w')
