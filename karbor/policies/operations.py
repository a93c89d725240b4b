# SPDX-License-Identifier: Apache-2.0
"""Rules of operations, which v1 calls operation logs."""

from oslo_policy import policy

from karbor.policies import base

RULES = [
    base.rule('operation_log:get', base.READER, 'Show an operation log.',
              ('GET', '/operation_logs/{operation_log_id}')),
    base.rule('operation_log:list', base.READER, 'List operation logs.',
              ('GET', '/operation_logs')),
]


def list_rules() -> list[policy.DocumentedRuleDefault]:
    return RULES
