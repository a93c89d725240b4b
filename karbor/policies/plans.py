# SPDX-License-Identifier: Apache-2.0
"""Rules of plans."""

from oslo_policy import policy

from karbor.policies import base

RULES = [
    base.rule('plan:create', base.MEMBER, 'Create a plan.',
              ('POST', '/plans')),
    base.rule('plan:update', base.MEMBER, 'Change a plan.',
              ('PUT', '/plans/{plan_id}'),
              ('POST', '/plans/{plan_id}/start'),
              ('POST', '/plans/{plan_id}/suspend')),
    base.rule('plan:delete', base.MEMBER, 'Delete a plan.',
              ('DELETE', '/plans/{plan_id}')),
    base.rule('plan:get', base.READER, 'Show a plan.',
              ('GET', '/plans/{plan_id}')),
    base.rule('plan:get_all', base.READER, 'List plans.',
              ('GET', '/plans')),
]


def list_rules() -> list[policy.DocumentedRuleDefault]:
    return RULES
