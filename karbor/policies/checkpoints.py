# SPDX-License-Identifier: Apache-2.0
"""Rules of checkpoints; their names are those of the v1 contract."""

from oslo_policy import policy

from karbor.policies import base

_ALL = '/providers/{provider_id}/checkpoints'
_ONE = f'{_ALL}/{{checkpoint_id}}'

RULES = [
    base.rule('provider:checkpoint_get', base.READER, 'Show a checkpoint.',
              ('GET', _ONE)),
    base.rule('provider:checkpoint_get_all', base.READER,
              'List checkpoints.', ('GET', _ALL)),
    base.rule('provider:checkpoint_create', base.MEMBER,
              'Create a checkpoint.', ('POST', _ALL)),
    base.rule('provider:checkpoint_delete', base.MANAGER,
              'Delete a checkpoint.', ('DELETE', _ONE)),
    base.rule('provider:checkpoint_update', base.MANAGER,
              'Reset the state of a checkpoint.', ('PUT', _ONE)),
]


def list_rules() -> list[policy.DocumentedRuleDefault]:
    return RULES
