# SPDX-License-Identifier: Apache-2.0
"""Enforcement of the rules in karbor/policies."""

from collections.abc import Callable, Mapping
import time
from typing import Any

from oslo_config import cfg
from oslo_policy import policy

from karbor import exception
from karbor import policies
from karbor.context import RequestContext

# seconds for which the operator's files are taken to be as they were
_BELIEVED = 1.0

_enforcer: policy.Enforcer | None = None


class Enforcer(policy.Enforcer):
    """Looks now and then whether the operator has changed a rule.

    oslo.policy looks for its files at every question, which takes longer
    than to answer it.
    """

    def __init__(self, conf: cfg.ConfigOpts,
                 clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(conf)
        self._clock = clock
        self._next_look = clock()

    def load_rules(self, force_reload: bool = False) -> None:
        now = self._clock()
        if force_reload or now >= self._next_look:
            super().load_rules(force_reload)
            self._next_look = now + _BELIEVED


def init(conf: cfg.ConfigOpts) -> policy.Enforcer:
    """Load the rules, and what the operator's policy file overrides."""
    global _enforcer
    enforcer = Enforcer(conf)
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
