# SPDX-License-Identifier: Apache-2.0
"""Roles that the rules are made of.

The five default roles of OpenStack: who reads, who makes and restores, who
manages what others in the project made, who runs the cloud, and the daemons.
An administrator may do in every project what a manager may do in his own.
"""

from oslo_policy import policy

ADMIN = 'rule:admin_required'
READER = 'rule:project_reader'
MEMBER = 'rule:project_member'
MANAGER = 'rule:project_manager'
# of what is to be seen of the cloud itself
CLOUD_READER = 'rule:system_reader'

SCOPES = ['project']
# of what belongs to the cloud and to no project
CLOUD = ['system', 'project']

RULES = [
    policy.RuleDefault(
        'admin_required', 'role:admin',
        'Who runs the cloud.'),
    policy.RuleDefault(
        'service_role', 'role:service',
        'Daemons of OpenStack, acting for themselves.'),
    policy.RuleDefault(
        'system_reader',
        '(role:reader and system_scope:all) or rule:admin_required',
        'Who may look at what belongs to the cloud.'),
    policy.RuleDefault(
        'project_manager',
        '(role:manager and project_id:%(project_id)s) or '
        'rule:admin_required',
        'Who manages the project that owns the thing.'),
    policy.RuleDefault(
        'project_member',
        '(role:member and project_id:%(project_id)s) or '
        'rule:project_manager',
        'Who works in the project that owns the thing.'),
    policy.RuleDefault(
        'project_reader',
        '(role:reader and project_id:%(project_id)s) or '
        'rule:project_member or rule:service_role',
        'Who may look at what the project owns.'),
]


def rule(name: str, check: str, description: str,
         *operations: tuple[str, str],
         scopes: list[str] = SCOPES) -> policy.DocumentedRuleDefault:
    """A documented rule.

    :param operations: (method, path) pairs that it guards
    :param scopes: of the tokens that it may let pass
    """
    return policy.DocumentedRuleDefault(
        name, check, description,
        [{'method': method, 'path': f'/v1/{{project_id}}{path}'}
         for method, path in operations], scope_types=scopes)


def list_rules() -> list[policy.RuleDefault]:
    return RULES
