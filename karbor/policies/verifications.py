# SPDX-License-Identifier: Apache-2.0
"""Rules of verifications."""

from oslo_policy import policy

from karbor.policies import base

RULES = [
    base.rule('verification:create', base.MEMBER, 'Verify a checkpoint.',
              ('POST', '/verifications')),
    base.rule('verification:get', base.READER, 'Show a verification.',
              ('GET', '/verifications/{verification_id}')),
    base.rule('verification:get_all', base.READER, 'List verifications.',
              ('GET', '/verifications')),
]


def list_rules() -> list[policy.DocumentedRuleDefault]:
    return RULES
