# SPDX-License-Identifier: Apache-2.0
"""The contract of a protection plugin, and the names of the SDK."""

import pytest

from karbor import plugin


class Main(plugin.Operation):
    def on_main(self, step):
        pass


class More(Main):
    def on_complete(self, step):
        pass

    def on_prepare_begin(self, step):
        pass


@pytest.mark.parametrize(('cls', 'hooks'), [
    (plugin.Operation, ()), (Main, ('on_main',)),
    (More, ('on_prepare_begin', 'on_main', 'on_complete'))])
def test_only_hooks_that_are_overridden_count(cls, hooks):
    assert cls.hooks() == hooks


def test_hooks_that_are_not_overridden_do_nothing():
    operation = plugin.Operation(None)
    for hook in plugin.HOOKS:
        assert getattr(operation, hook)(None) is None


def test_schemas_take_anything_unless_told():
    schemas = plugin.Schemas(options={'type': 'object', 'required': ['x']})
    assert schemas.options['required'] == ['x']
    for kind in ('restore', 'saved_info', 'verify', 'copy'):
        assert getattr(schemas, kind) == {'type': 'object', 'properties': {}}


def test_the_public_face():
    """A name that goes, or comes, is a change of the SDK: say it there."""
    assert plugin.HOOKS == ('on_prepare_begin', 'on_prepare_finish',
                            'on_main', 'on_complete')
    assert sorted(plugin.__all__) == [
        'BankCorrupt', 'BankError', 'BankKeyNotFound', 'BankPlugin',
        'Cancelled', 'ConfigError', 'Context', 'CopyData', 'Data', 'Graph',
        'HOOKS', 'HORIZON_YEARS', 'InstanceNotFound', 'Invalid', 'Operation',
        'Plugin', 'PluginError', 'ProtectablePlugin', 'ProtectionPlugin',
        'Reader', 'Resource', 'Schedule', 'Schemas', 'Step', 'TimeFormat',
        'WaitFailed', 'WallClock', 'Writer', 'local_time', 'moment_of']
    for name in plugin.__all__:
        assert hasattr(plugin, name)


def test_methods_of_a_step():
    assert sorted(name for name in vars(plugin.Step)
                  if not name.startswith('_')) == [
        'cancelled', 'check', 'new_id', 'note', 'openstack', 'progress',
        'recall', 'remember', 'replaced_by', 'sleep', 'wait']
