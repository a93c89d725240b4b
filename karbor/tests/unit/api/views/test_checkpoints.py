# SPDX-License-Identifier: Apache-2.0
import dataclasses
import datetime

from karbor.api.views import checkpoints
from karbor.model.checkpoint import Checkpoint

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
    assert checkpoints.show(CHECKPOINT) == {
        'created_at': '2026-11-22', 'id': 'c77281e8', 'project_id': '1111',
        'extra_info': '{"created_by": "manual"}', 'protection_plan': PLAN,
        'resource_graph': '[{}, []]', 'status': 'available'}


def test_a_graph_that_is_not_known_is_left_out():
    young = dataclasses.replace(CHECKPOINT, resource_graph=None)
    assert 'resource_graph' not in checkpoints.show(young)
