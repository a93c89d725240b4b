# SPDX-License-Identifier: Apache-2.0
"""Rules of copies; their names are those of the v1 contract."""

from oslo_policy import policy

from karbor.policies import base

RULES = [
    base.rule('copy:create', base.MEMBER, 'Copy a checkpoint.',
              ('POST', '/providers/{provider_id}/checkpoints/action')),
]


def list_rules() -> list[policy.DocumentedRuleDefault]:
    return RULES
