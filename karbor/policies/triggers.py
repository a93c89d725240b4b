# SPDX-License-Identifier: Apache-2.0
"""Rules of triggers."""

from oslo_policy import policy

from karbor.policies import base

RULES = [
    base.rule('trigger:create', base.MEMBER,
              'Create a trigger, or show when one would fire.',
              ('POST', '/triggers'), ('POST', '/triggers/preview')),
    base.rule('trigger:update', base.MEMBER, 'Change a trigger.',
              ('PUT', '/triggers/{trigger_id}')),
    base.rule('trigger:delete', base.MEMBER, 'Delete a trigger.',
              ('DELETE', '/triggers/{trigger_id}')),
    base.rule('trigger:renew_secret', base.MEMBER,
              'Give a webhook another secret, and see it.',
              ('POST', '/triggers/{trigger_id}/secret')),
    base.rule('trigger:get', base.READER, 'Show a trigger.',
              ('GET', '/triggers/{trigger_id}')),
    base.rule('trigger:list', base.READER, 'List triggers.',
              ('GET', '/triggers')),
]


def list_rules() -> list[policy.DocumentedRuleDefault]:
    return RULES
