# SPDX-License-Identifier: Apache-2.0
"""Rules of quota classes."""

from oslo_policy import policy

from karbor.policies import base

RULES = [
    base.rule('quota_class:get', base.ADMIN, 'Show the limits of a class.',
              ('GET', '/quota_classes/{class_name}'), scopes=base.CLOUD),
    base.rule('quota_class:update', base.ADMIN,
              'Change the limits of a class.',
              ('PUT', '/quota_classes/{class_name}'), scopes=base.CLOUD),
]


def list_rules() -> list[policy.DocumentedRuleDefault]:
    return RULES
