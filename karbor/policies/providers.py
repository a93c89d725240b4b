# SPDX-License-Identifier: Apache-2.0
"""Rules of providers."""

from oslo_policy import policy

from karbor.policies import base

RULES = [
    base.rule('provider:get', base.READER, 'Show a provider.',
              ('GET', '/providers/{provider_id}')),
    base.rule('provider:get_all', base.READER, 'List providers.',
              ('GET', '/providers')),
]


def list_rules() -> list[policy.DocumentedRuleDefault]:
    return RULES
