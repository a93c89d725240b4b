# SPDX-License-Identifier: Apache-2.0
"""Rules of protectable types and their instances."""

from oslo_policy import policy

from karbor.policies import base

_INSTANCES = '/protectables/{protectable_type}/instances'

RULES = [
    base.rule('protectable:get', base.READER, 'Show a protectable type.',
              ('GET', '/protectables/{protectable_type}')),
    base.rule('protectable:get_all', base.READER, 'List protectable types.',
              ('GET', '/protectables')),
    base.rule('protectable:instance_get', base.READER,
              'Show an instance of a protectable type.',
              ('GET', f'{_INSTANCES}/{{resource_id}}')),
    base.rule('protectable:instance_get_all', base.READER,
              'List instances of a protectable type.',
              ('GET', _INSTANCES)),
]


def list_rules() -> list[policy.DocumentedRuleDefault]:
    return RULES
