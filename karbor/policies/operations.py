# SPDX-License-Identifier: Apache-2.0
"""Rules of operations, which v1 calls operation logs."""

from oslo_policy import policy

from karbor.policies import base

RULES = [
    base.rule('operation_log:get', base.READER, 'Show an operation log.',
              ('GET', '/operation_logs/{operation_log_id}')),
    base.rule('operation_log:list', base.READER, 'List operation logs.',
              ('GET', '/operation_logs')),
    base.rule('operation:get', base.READER, 'Show an operation.',
              ('GET', '/operations/{operation_id}')),
    base.rule('operation:list', base.READER, 'List operations.',
              ('GET', '/operations')),
    base.rule('operation:cancel', base.MEMBER,
              'Cancel an operation. The rule by which it was asked for has '
              'to let the user pass as well: who may not delete a '
              'checkpoint may not cancel its deletion.',
              ('POST', '/operations/{operation_id}/cancel')),
]


def list_rules() -> list[policy.DocumentedRuleDefault]:
    return RULES
