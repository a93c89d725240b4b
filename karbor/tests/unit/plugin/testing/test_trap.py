# SPDX-License-Identifier: Apache-2.0

import pytest

from karbor import plugin
from karbor.plugin import testing


def step_with(trap=None):
    return testing.TrapStep(plugin.Resource('T', '1'),
                            trap or testing.Trap(), testing.MemoryData())


def calls(step):
    step.check()
    step.progress(0.5, bytes_done=1, bytes_total=2)
    step.sleep(1)
    step.remember('key', lambda: 1)
    step.will_make('file', 'a')
    with step.data.writer() as writer:
        writer.write(b'x' * 10_000)
    step.data.save({'a': 1})
    with step.data.reader() as reader:
        assert reader.read() == b'x' * 10_000


NAMES = ['check', 'progress', 'sleep', 'before remember', 'after remember',
         'before announce', 'check', 'after announce', 'write', 'close',
         'save', 'read', 'read', 'read', 'read']


def test_calls_are_counted():
    step = step_with()
    calls(step)
    assert step.trap.calls == NAMES
    assert not step.trap.struck
    assert step.remembered == ['key']
    assert [record.name for record in step.made()] == ['a']
    assert step.seen == [{'fraction': 0.5, 'bytes_done': 1,
                          'bytes_total': 2}]
    assert step.moved == 20_000
    assert step.data.load() == {'a': 1}
    assert step.data.streams() == {'content': 10_000}


@pytest.mark.parametrize('at', range(len(NAMES)))
def test_each_call_can_be_the_last(at):
    step = step_with(testing.Trap(at))
    with pytest.raises(plugin.Cancelled):
        calls(step)
    assert step.trap.struck
    assert step.trap.calls == NAMES[:at + 1]


def test_a_stopped_step():
    step = step_with()
    assert not step.cancelled
    step.stop = True
    assert step.cancelled
    with pytest.raises(plugin.Cancelled):
        step.check()
    with pytest.raises(plugin.Cancelled):
        step.sleep(1)


def test_another_error_at_one_name():
    step = step_with(testing.Trap(0, name='write', error=KeyError))
    with pytest.raises(KeyError):
        calls(step)
    assert 'content' not in step.data.streams()


def test_effects_are_counted_if_they_are_named():
    trap = testing.Trap(1, name={'made', 'effect'}, error=KeyError)
    step = step_with(trap)
    assert step.remember('key', lambda: 1) == 1
    with pytest.raises(KeyError):
        step.remember('other', lambda: 2)
    assert trap.calls == ['made', 'made']
    # what was made is there, and not noted
    assert step.remembered == ['key', 'other']
    assert step.memo == {'key': 1}


def test_only_a_restore_announces():
    step = testing.TrapStep(plugin.Resource('T', '1'), testing.Trap(),
                            testing.MemoryData(), announces=False)
    with pytest.raises(plugin.PluginError, match='Only a restore'):
        step.will_make('file', 'a')
    assert step.announced == []
