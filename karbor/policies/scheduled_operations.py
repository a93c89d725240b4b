# SPDX-License-Identifier: Apache-2.0
"""Rules of scheduled operations."""

from oslo_policy import policy

from karbor.policies import base

_ALL = '/scheduled_operations'
_ONE = f'{_ALL}/{{scheduled_operation_id}}'

RULES = [
    base.rule('scheduled_operation:create', base.MEMBER,
              'Create a scheduled operation.', ('POST', _ALL)),
    base.rule('scheduled_operation:update', base.MEMBER,
              'Change a scheduled operation, or enable or disable it.',
              ('PUT', _ONE)),
    base.rule('scheduled_operation:run', base.MEMBER,
              'Let a scheduled operation run now.',
              ('POST', f'{_ONE}/run')),
    base.rule('scheduled_operation:adopt', base.MEMBER,
              'Become the owner of a scheduled operation, on whose behalf it '
              'runs.', ('POST', f'{_ONE}/adopt')),
    base.rule('scheduled_operation:delete', base.MEMBER,
              'Delete a scheduled operation.', ('DELETE', _ONE)),
    base.rule('scheduled_operation:get', base.READER,
              'Show a scheduled operation.', ('GET', _ONE)),
    base.rule('scheduled_operation:list', base.READER,
              'List scheduled operations.', ('GET', _ALL)),
]


def list_rules() -> list[policy.DocumentedRuleDefault]:
    return RULES
