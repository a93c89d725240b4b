# SPDX-License-Identifier: Apache-2.0
"""Who may do what: one module a noun, rules with their method and path."""

import itertools

from oslo_policy import policy

from karbor.policies import base
from karbor.policies import checkpoints
from karbor.policies import copies
from karbor.policies import operations
from karbor.policies import plans
from karbor.policies import protectables
from karbor.policies import providers
from karbor.policies import quota_classes
from karbor.policies import quotas
from karbor.policies import restores
from karbor.policies import retention
from karbor.policies import runs
from karbor.policies import scheduled_operations
from karbor.policies import services
from karbor.policies import triggers
from karbor.policies import verifications


def list_rules() -> list[policy.RuleDefault]:
    """All rules; also what the sample generator shows."""
    return list(itertools.chain.from_iterable(
        module.list_rules() for module in (
            base, checkpoints, copies, operations, plans, protectables,
            providers, quota_classes, quotas, restores, retention, runs,
            scheduled_operations, services, triggers, verifications)))
