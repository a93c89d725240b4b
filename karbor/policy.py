# SPDX-License-Identifier: Apache-2.0
"""Enforcement of the rules in karbor/policies."""

from collections.abc import Mapping
from typing import Any

from oslo_config import cfg
from oslo_policy import policy

from karbor import exception
from karbor import policies
from karbor.context import RequestContext

_enforcer: policy.Enforcer | None = None


def init(conf: cfg.ConfigOpts) -> policy.Enforcer:
    """Load the rules, and what the operator's policy file overrides."""
    global _enforcer
    enforcer = policy.Enforcer(conf)
    enforcer.register_defaults(policies.list_rules())
    _enforcer = enforcer
    return enforcer


def get_enforcer() -> policy.Enforcer:
    """For oslo.policy's own command line tools."""
    cfg.CONF([], project='karbor')
    return init(cfg.CONF)


def authorize(context: RequestContext, rule: str,
              target: Mapping[str, Any] | None = None) -> None:
    """Let the context pass, or raise.

    :param target: the thing that is acted on; without one, something of the
        context's own project
    :raises exception.Forbidden: the rule says no
    """
    if context.is_system:
        return
    if _enforcer is None:
        raise RuntimeError('policy.init was not called')
    _enforcer.authorize(
        rule, dict(target or {'project_id': context.project_id}), context,
        do_raise=True, exc=exception.Forbidden, message=None, action=rule)


def is_admin(context: RequestContext) -> bool:
    """Whether the context crosses projects."""
    if _enforcer is None:
        raise RuntimeError('policy.init was not called')
    return bool(_enforcer.authorize('admin_required', {}, context))


def in_scope(context: RequestContext, rule: str) -> bool:
    """Whether a rule is for tokens of the context's scope.

    A token is for a project, for a domain or for the whole system.
    """
    if _enforcer is None:
        raise RuntimeError('policy.init was not called')
    scope = ('system' if context.system_scope else
             'domain' if context.domain_id else
             'project' if context.project_id else None)
    return scope in (_enforcer.registered_rules[rule].scope_types or ())
