# SPDX-License-Identifier: Apache-2.0
"""Rules of runs of scheduled operations."""

from oslo_policy import policy

from karbor.policies import base

_ALL = '/scheduled_operations/{scheduled_operation_id}/runs'

RULES = [
    base.rule('scheduled_run:get', base.READER,
              'Show a run of a scheduled operation.',
              ('GET', f'{_ALL}/{{run_id}}')),
    base.rule('scheduled_run:get_all', base.READER,
              'List runs of a scheduled operation.', ('GET', _ALL)),
]


def list_rules() -> list[policy.DocumentedRuleDefault]:
    return RULES
