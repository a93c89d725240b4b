# SPDX-License-Identifier: Apache-2.0
"""A scheduled operation."""

from karbor.model.scheduled_operation import ScheduledOperation


def test_a_new_one_is_enabled():
    made = ScheduledOperation(
        id='o', project_id='x', user_id='u', name='keep',
        operation_type='protect', trigger_id='t', plan_id='p',
        operation_definition={})
    assert made.enabled
    assert made.description is None
