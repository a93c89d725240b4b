# SPDX-License-Identifier: Apache-2.0
"""The contract of a protection plugin, and the names of the SDK."""

import pytest

from karbor import plugin
from karbor.plugin import testing


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
        'Actions', 'BankCorrupt', 'BankError', 'BankFull', 'BankKeyNotFound',
        'BankPlugin', 'BankUnavailable', 'Cancelled', 'ConfigError',
        'Context', 'CopyData', 'Damaged', 'Data', 'Event', 'EventSource',
        'Graph', 'HOOKS', 'HORIZON_YEARS', 'InstanceNotFound', 'Invalid',
        'NOTIFICATION', 'Operation', 'OperationType', 'PERIODS', 'Plugin',
        'PluginError', 'ProtectablePlugin', 'ProtectionPlugin', 'Reader',
        'Record', 'Resource', 'Retention', 'Schedule', 'Schemas', 'Stat',
        'Step', 'TimeFormat', 'Undo', 'WEBHOOK', 'WaitFailed', 'WallClock',
        'Writer', 'local_time', 'moment_of', 'time_zone']
    for name in plugin.__all__:
        assert hasattr(plugin, name)


def test_methods_of_a_step():
    assert sorted(name for name in vars(plugin.Step)
                  if not name.startswith('_')) == [
        'announce', 'cancelled', 'check', 'made', 'new_id', 'note',
        'openstack', 'overwrites', 'progress', 'recall', 'records',
        'remember', 'replaced_by', 'sleep', 'wait', 'will_make']


def test_an_undo_removes_one_thing_after_the_other():
    class Undo(plugin.Undo):
        def remove(self, step, record):
            removed.append(record.name)

    removed = []
    restore = testing.MemoryStep(plugin.Resource('T', '1'))
    restore.will_make('file', 'first', size=1)
    restore.overwrites('file', 'old')
    restore.announce([plugin.Record('file', 'last')])
    step = testing.MemoryStep(plugin.Resource('T', '1'), undoes='r',
                              announced=restore.announced)
    Undo(None).on_main(step)
    assert removed == ['last', 'first']
    assert list(step.records()) == [
        plugin.Record('file', 'last'),
        plugin.Record('file', 'old', made=False),
        plugin.Record('file', 'first', {'size': 1})]
    step.stop = True
    with pytest.raises(plugin.Cancelled):
        Undo(None).on_main(step)
    with pytest.raises(NotImplementedError):
        plugin.Undo(None).on_main(testing.MemoryStep(
            step.resource, announced=restore.announced))
