# SPDX-License-Identifier: Apache-2.0
import dataclasses
import datetime

from karbor.api.schemas.method import V1_0
from karbor.api.schemas.method import V1_1
from karbor.api.views import checkpoints
from karbor.model.checkpoint import Checkpoint
from karbor.model.operation import Operation
from karbor.model.operation import OperationResource

PLAN = {'id': '60e6b4f5', 'name': 'one volume', 'provider_id': 'cf56bd3e',
        'resources': [{'extra_info': None, 'id': '7b87d5b5', 'name': 'v0',
                       'type': 'OS::Cinder::Volume'}]}
CHECKPOINT = Checkpoint(
    id='c77281e8', project_id='1111', provider_id='cf56bd3e',
    plan_id='60e6b4f5', plan=PLAN, status='available', origin='manual',
    extra_info={'created_by': 'manual'}, resource_graph='[{}, []]',
    created_at=datetime.datetime(2026, 11, 22, 23, 59,
                                 tzinfo=datetime.UTC))


def test_as_the_original_showed_it():
    assert checkpoints.show(CHECKPOINT, V1_0) == {
        'created_at': '2026-11-22', 'id': 'c77281e8', 'project_id': '1111',
        'extra_info': '{"created_by": "manual"}', 'protection_plan': PLAN,
        'resource_graph': '[{}, []]', 'status': 'available'}


def test_a_graph_that_is_not_known_is_left_out():
    young = dataclasses.replace(CHECKPOINT, resource_graph=None)
    assert 'resource_graph' not in checkpoints.show(young, V1_0)


def test_from_1_1_on_it_is_exact():
    whole = dataclasses.replace(CHECKPOINT, size=5, status_reason='why')
    assert checkpoints.show(whole, V1_1) == {
        'created_at': '2026-11-22T23:59:00.000000Z', 'updated_at': None,
        'id': 'c77281e8', 'project_id': '1111', 'provider_id': 'cf56bd3e',
        'plan_id': '60e6b4f5', 'protection_plan': PLAN,
        'extra_info': {'created_by': 'manual'}, 'origin': 'manual',
        'resource_graph': [{}, []], 'size': 5, 'status': 'available',
        'status_reason': 'why'}
    bare = dataclasses.replace(CHECKPOINT, resource_graph=None,
                               extra_info=None)
    shown = checkpoints.show(bare, V1_1)
    assert (shown['resource_graph'], shown['extra_info']) == (None, None)


def test_from_1_1_on_its_resources_are_shown():
    maker = Operation(
        id='o', type='protect', project_id='p', user_id=None,
        provider_id='p', checkpoint_id='c', status='success',
        created_at=CHECKPOINT.created_at,
        resources=(OperationResource(0, 'T', 'i', 'n', memo={'k': 1}),))
    [one] = checkpoints.detail(CHECKPOINT, V1_1, maker)['resources']
    assert one == {
        'type': 'T', 'id': 'i', 'name': 'n', 'status': 'undefined',
        'fraction': 0.0, 'bytes_done': 0, 'bytes_total': 0, 'reason': None,
        'new_id': None}
    assert checkpoints.detail(CHECKPOINT, V1_1, None)['resources'] is None
