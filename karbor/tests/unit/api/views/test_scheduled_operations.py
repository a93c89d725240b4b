# SPDX-License-Identifier: Apache-2.0
import datetime

from karbor.api.schemas.method import V1_0
from karbor.api.schemas.method import V1_1
from karbor.api.schemas.method import V1_2
from karbor.api.views import scheduled_operations
from karbor.model.scheduled_operation import ScheduledOperation

OPERATION = ScheduledOperation(
    id='o', project_id='x', user_id='u', name='keep',
    operation_type='protect', trigger_id='t', plan_id='p',
    operation_definition={'plan_id': 'p'},
    created_at=datetime.datetime(2026, 11, 22, tzinfo=datetime.UTC))


def test_by_version():
    old = scheduled_operations.show(OPERATION, V1_0)
    assert old == {
        'id': 'o', 'name': 'keep', 'description': None,
        'operation_type': 'protect', 'trigger_id': 't',
        'operation_definition': {'plan_id': 'p'}, 'enabled': True}
    new = scheduled_operations.show(OPERATION, V1_1)
    assert new == {
        **old, 'project_id': 'x', 'user_id': 'u',
        'created_at': '2026-11-22T00:00:00.000000Z', 'updated_at': None}
    assert scheduled_operations.show(OPERATION, V1_2) == {
        **new, 'overlap': 'skip', 'complete_within': None}
