# SPDX-License-Identifier: Apache-2.0
"""Rules of retention: who may see what a sweep would remove."""

from oslo_policy import policy

from karbor.policies import base

RULES = [
    base.rule('retention:get', base.READER,
              'Show which checkpoints a scheduled operation keeps.',
              ('GET',
               '/scheduled_operations/{scheduled_operation_id}/retention')),
    base.rule('retention:simulate', base.READER,
              'Try out which checkpoints of a plan a rule would keep.',
              ('POST', '/plans/{plan_id}/retention')),
]


def list_rules() -> list[policy.DocumentedRuleDefault]:
    return RULES
