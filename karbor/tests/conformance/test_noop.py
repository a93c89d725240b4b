# SPDX-License-Identifier: Apache-2.0
"""The noop plugins keep the contracts of the SDK."""

from oslo_config import cfg

from karbor import plugin
from karbor.plugin import testing
from karbor.plugins.protectable.noop import NoopProtectable
from karbor.plugins.protection.noop import NoopProtection


def config(kind, **overrides):
    conf = cfg.ConfigOpts()
    conf.register_opts(kind.options, group='noop')
    conf([], default_config_files=[], default_config_dirs=[])
    for name, value in overrides.items():
        conf.set_override(name, value, group='noop')
    return conf


class TestNoopProtection(testing.ProtectionConformance):
    has_state = False

    def make_plugin(self):
        return NoopProtection(config(NoopProtection))

    def make_resource(self):
        return plugin.Resource('Karbor::Noop', 'one')

    def unknown_resource(self):
        return None

    def damage(self, resource):
        """There is nothing to damage."""

    def state(self, resource):
        return None

    def around(self, resource):
        return []


class TestNoopProtectable(testing.ProtectableConformance):
    fenced = False
    knows_all = True

    def make_plugin(self):
        return NoopProtectable(config(NoopProtectable, instances=3))

    def expected(self):
        return ['noop-1', 'noop-2', 'noop-3']


def test_types_are_the_operators_choice():
    made = NoopProtection(config(NoopProtection,
                                 resource_types=['OS::Cinder::Volume']))
    assert made.resource_types == {'OS::Cinder::Volume'}
    default = NoopProtection(config(NoopProtection))
    assert default.resource_types == {'Karbor::Noop'}


def test_nothing_is_listed_unless_asked_for():
    listed = NoopProtectable(config(NoopProtectable))
    assert listed.list(plugin.Context(project_id='p'), {}) == []
