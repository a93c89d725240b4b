# SPDX-License-Identifier: Apache-2.0
"""What a step, a reader and a writer do without being told how."""

import pytest

from karbor import plugin
from karbor.plugin.testing import MemoryStep

RESOURCE = plugin.Resource('T', '1')


class Parts(plugin.Reader):
    """Answers in parts, as a bank may."""

    def __init__(self, *parts):
        self.parts = list(parts)
        self.closed = False

    def read(self, size=-1):
        if not self.parts:
            return b''
        part = self.parts.pop(0)
        if len(part) > size:
            self.parts.insert(0, part[size:])
        return part[:size]

    def close(self):
        self.closed = True
        super().close()


class Notes(plugin.Writer):
    def __init__(self):
        self.calls = []

    def write(self, data):
        return len(data)

    def close(self):
        self.calls.append('close')

    def abort(self):
        self.calls.append('abort')


@pytest.mark.parametrize(('parts', 'size', 'wanted'), [
    ([b'abc'], 3, b'abc'), ([b'a', b'bc', b'd'], 3, b'abc'),
    ([b'abc'], 0, b''), ([], 0, b'')])
def test_just_so_many_bytes(parts, size, wanted):
    assert Parts(*parts).read_exactly(size) == wanted


def test_bytes_that_are_missing_are_counted():
    with pytest.raises(EOFError, match='^2 bytes are missing'):
        Parts(b'a', b'b').read_exactly(4)


def test_a_reader_is_closed():
    reader = Parts()
    with reader as entered:
        assert entered is reader
    assert reader.closed


def test_a_writer_ends_well_or_not_at_all():
    well, badly = Notes(), Notes()
    with well as entered:
        assert entered is well
        assert well.calls == []
    with pytest.raises(KeyError), badly:
        raise KeyError
    assert (well.calls, badly.calls) == (['close'], ['abort'])


def test_a_step_that_is_to_stop_says_so():
    step = MemoryStep(RESOURCE)
    step.check()
    step.stop = True
    with pytest.raises(plugin.Cancelled):
        step.check()


def test_a_step_waits():
    step = MemoryStep(RESOURCE)
    statuses = iter(['busy', 'ok'])
    assert step.wait(lambda: next(statuses), done={'ok'}) == 'ok'
    with pytest.raises(plugin.WaitFailed, match='T 1 went to status bad'):
        step.wait(lambda: 'bad', done={'ok'}, failed={'bad'})


def test_a_wait_ends_when_it_is_cancelled():
    step = MemoryStep(RESOURCE)
    step.stop = True
    with pytest.raises(plugin.Cancelled):
        step.wait(lambda: 'busy', done={'ok'})


def test_the_cloud_is_that_of_the_context():
    cloud = object()
    step = MemoryStep(RESOURCE, context=plugin.Context(
        'p', connect=lambda: cloud))
    assert step.openstack is cloud
    with pytest.raises(plugin.PluginError, match='no OpenStack cloud'):
        _ = MemoryStep(RESOURCE).openstack
