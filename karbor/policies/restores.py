# SPDX-License-Identifier: Apache-2.0
"""Rules of restores."""

from oslo_policy import policy

from karbor.policies import base

RULES = [
    base.rule('restore:create', base.MEMBER, 'Restore a checkpoint.',
              ('POST', '/restores')),
    base.rule('restore:undo', base.MEMBER,
              'Undo a restore that failed or was cancelled.',
              ('POST', '/restores/{restore_id}/undo')),
    base.rule('restore:get', base.READER, 'Show a restore.',
              ('GET', '/restores/{restore_id}')),
    base.rule('restore:get_all', base.READER, 'List restores.',
              ('GET', '/restores')),
]


def list_rules() -> list[policy.DocumentedRuleDefault]:
    return RULES
