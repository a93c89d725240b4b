# SPDX-License-Identifier: Apache-2.0
"""Rules of services, which are the daemons."""

from oslo_policy import policy

from karbor.policies import base

RULES = [
    base.rule('service:get_all', base.CLOUD_READER,
              'List the daemons.', ('GET', '/os-services'), scopes=base.CLOUD),
    base.rule('service:update', base.ADMIN, 'Enable or disable a daemon.',
              ('PUT', '/os-services/{service_id}'), scopes=base.CLOUD),
]


def list_rules() -> list[policy.DocumentedRuleDefault]:
    return RULES
