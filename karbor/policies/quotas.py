# SPDX-License-Identifier: Apache-2.0
"""Rules of quotas; the project is the one whose quota it is."""

from oslo_policy import policy

from karbor.policies import base

RULES = [
    base.rule('quota:get', base.READER,
              "Show a project's limits and what it has.",
              ('GET', '/quotas/{quota_project_id}'),
              ('GET', '/quotas/{quota_project_id}/detail'),
              scopes=base.CLOUD),
    base.rule('quota:get_default', base.READER,
              'Show the limits of projects without limits of their own.',
              ('GET', '/quotas/{quota_project_id}/defaults'),
              scopes=base.CLOUD),
    base.rule('quota:update', base.ADMIN,
              'Give a project limits of its own.',
              ('PUT', '/quotas/{quota_project_id}'), scopes=base.CLOUD),
    base.rule('quota:delete', base.ADMIN,
              'Take its own limits from a project.',
              ('DELETE', '/quotas/{quota_project_id}'), scopes=base.CLOUD),
]


def list_rules() -> list[policy.DocumentedRuleDefault]:
    return RULES
