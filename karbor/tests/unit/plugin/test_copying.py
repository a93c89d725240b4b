# SPDX-License-Identifier: Apache-2.0
"""The ready-made copy, against data that only counts its bytes."""

import pytest

from karbor import plugin
from karbor.plugin import copying
from karbor.plugin import testing

RESOURCE = plugin.Resource('T', '1')


def copy(source):
    step = testing.MemoryStep(RESOURCE, source=source)
    plugin.CopyData(None).on_main(step)
    return step.data


def test_all_that_is_saved_is_copied():
    source = testing.MemoryData()
    source.save({'a': 1, 'b': [None]})
    source.content = {'content': b'x' * 9_000_000, 'more': b'', 'e': b'y'}
    made = copy(source)
    assert made.load() == source.load()
    assert made.content == source.content


def test_what_has_nothing_gets_nothing():
    class Untouched(testing.MemoryData):
        def save(self, info):
            raise AssertionError('there is nothing to save')

    step = testing.MemoryStep(RESOURCE, data=Untouched(),
                              source=testing.MemoryData())
    plugin.CopyData(None).on_main(step)
    assert step.data.streams() == {}


def test_only_a_copy_has_a_source():
    with pytest.raises(plugin.PluginError, match='Only a copy'):
        copy(None)


def test_it_holds_a_portion_at_a_time():
    asked = []

    class Endless(plugin.Reader):
        size = 0

        def read(self, size=-1):
            asked.append(size)
            return b'x' if len(asked) < 5 else b''

    class Source(testing.MemoryData):
        def streams(self):
            return {'content': 0}

        def reader(self, stream='content'):
            return Endless()

    assert copy(Source()).content == {'content': b'xxxx'}
    assert asked == [copying._PORTION] * 5


def test_a_stream_that_cannot_be_read_is_not_written():
    class Damaged(plugin.Reader):
        size = 9

        def read(self, size=-1):
            raise plugin.BankCorrupt(key='k', reason='a digest is wrong')

    class Source(testing.MemoryData):
        def streams(self):
            return {'content': 9}

        def reader(self, stream='content'):
            return Damaged()

    step = testing.MemoryStep(RESOURCE, source=Source())
    with pytest.raises(plugin.BankCorrupt):
        plugin.CopyData(None).on_main(step)
    assert step.data.streams() == {}
