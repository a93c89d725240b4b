# SPDX-License-Identifier: Apache-2.0
"""Rules of scheduled operations."""

from oslo_policy import policy

from karbor.policies import base

_ALL = '/scheduled_operations'
_ONE = f'{_ALL}/{{scheduled_operation_id}}'

RULES = [
    base.rule('scheduled_operation:create', base.MEMBER,
              'Create a scheduled operation.', ('POST', _ALL)),
    base.rule('scheduled_operation:delete', base.MEMBER,
              'Delete a scheduled operation.', ('DELETE', _ONE)),
    base.rule('scheduled_operation:get', base.READER,
              'Show a scheduled operation.', ('GET', _ONE)),
    base.rule('scheduled_operation:list', base.READER,
              'List scheduled operations.', ('GET', _ALL)),
]


def list_rules() -> list[policy.DocumentedRuleDefault]:
    return RULES
