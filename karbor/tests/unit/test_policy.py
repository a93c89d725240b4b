# SPDX-License-Identifier: Apache-2.0
import pytest

from karbor import context
from karbor import exception
from karbor import policy


def member(project='p'):
    return context.RequestContext(roles=['member'], project_id=project,
                                  overwrite=False)


def test_without_a_target_it_is_ones_own(rules):
    policy.authorize(member(), 'plan:create')
    policy.authorize(member(), 'plan:create', {'project_id': 'p'})
    with pytest.raises(exception.Forbidden, match='plan:create'):
        policy.authorize(member(), 'plan:create', {'project_id': 'q'})


def test_karbor_itself_may_everything(rules):
    policy.authorize(context.system(), 'plan:create', {'project_id': 'q'})


def test_administrators(rules):
    admin = context.RequestContext(roles=['admin'], overwrite=False)
    assert policy.is_admin(admin)
    assert not policy.is_admin(member())


def test_what_is_not_set_up_lets_nobody_pass(monkeypatch):
    monkeypatch.setattr(policy, '_enforcer', None)
    with pytest.raises(RuntimeError):
        policy.authorize(member(), 'plan:create')
    with pytest.raises(RuntimeError):
        policy.is_admin(member())


def test_a_rule_that_is_not_there_lets_nobody_pass(rules):
    with pytest.raises(Exception, match='plan:nonsense'):
        policy.authorize(member(), 'plan:nonsense')


def test_the_file_of_the_operator_wins(conf, monkeypatch, tmp_path):
    path = tmp_path / 'policy.yaml'
    path.write_text('"plan:create": "rule:project_manager"\n')
    conf.set_override('policy_file', str(path), 'oslo_policy')
    monkeypatch.setattr(policy, '_enforcer', None)
    policy.init(conf)
    with pytest.raises(exception.Forbidden):
        policy.authorize(member(), 'plan:create')
    policy.authorize(member(), 'plan:update')
    conf.clear_override('policy_file', 'oslo_policy')


@pytest.mark.parametrize(('scope', 'expected'), [
    ({'project_id': 'p'}, True), ({'domain_id': 'd'}, False),
    ({'system_scope': 'all'}, False), ({}, False)])
def test_the_scope_of_a_token(rules, scope, expected):
    who = context.RequestContext(roles=['admin'], overwrite=False, **scope)
    assert policy.in_scope(who, 'plan:get') is expected


def test_the_scope_is_not_known_before_the_rules_are(monkeypatch):
    monkeypatch.setattr(policy, '_enforcer', None)
    with pytest.raises(RuntimeError):
        policy.in_scope(context.system(), 'plan:get')


def test_the_file_is_looked_at_now_and_then(conf, tmp_path):
    """A change of it is seen, but not every question is one to the disk."""
    path = tmp_path / 'policy.yaml'
    now = [0.0]
    conf.set_override('policy_file', str(path), 'oslo_policy')
    enforcer = policy.Enforcer(conf, lambda: now[0])
    enforcer.register_defaults(policy.policies.list_rules())

    def may():
        return enforcer.authorize('plan:create', {'project_id': 'p'},
                                  member())

    assert may()
    path.write_text('"plan:create": "!"\n')
    now[0] = 0.9
    assert may()
    now[0] = 1.0
    assert not may()
    path.write_text('"plan:create": "@"\n')
    enforcer.load_rules(force_reload=True)
    assert may()
    conf.clear_override('policy_file', 'oslo_policy')
