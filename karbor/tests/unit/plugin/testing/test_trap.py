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
    with step.data.writer() as writer:
        writer.write(b'x' * 10_000)
    step.data.save({'a': 1})
    with step.data.reader() as reader:
        assert reader.read() == b'x' * 10_000


NAMES = ['check', 'progress', 'sleep', 'before remember', 'after remember',
         'write', 'close', 'save', 'read', 'read', 'read', 'read']


def test_calls_are_counted():
    step = step_with()
    calls(step)
    assert step.trap.calls == NAMES
    assert not step.trap.struck
    assert step.made == ['key']
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
