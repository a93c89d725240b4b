# SPDX-License-Identifier: Apache-2.0
"""What hooks find when the suite runs them as the framework would."""

import pytest

from karbor import plugin
from karbor.plugin.testing.checkpoint import Checkpoint
from karbor.plugin.testing.checkpoint import Run
from karbor.plugin.testing.trap import Trap


class Protect(plugin.Operation):
    def on_prepare_begin(self, step):
        step.data.save({'id': step.remember('id', lambda: 7)})

    def on_main(self, step):
        with step.data.writer() as writer:
            writer.write(b'content')


class Reads(plugin.Operation):
    def on_main(self, step):
        assert step.source is None
        assert step.data.load() == {'id': 7}
        with step.data.reader() as reader:
            assert reader.read() == b'content'


class Writes(plugin.Operation):
    def on_main(self, step):
        step.data.save({'id': 8})


class Plugin(plugin.ProtectionPlugin):
    operations = {'protect': Protect, 'restore': Reads, 'verify': Writes,
                  'copy': plugin.CopyData}

    def __init__(self):
        self.config = None


@pytest.fixture
def checkpoint():
    made = Checkpoint(Plugin, plugin.Resource('T', '1'),
                      plugin.Context('p'))
    made.run(Run('protect'))
    return made


def test_what_is_protected_is_there_later(checkpoint):
    assert checkpoint.data.load() == {'id': 7}
    checkpoint.run(Run('restore'))
    # nothing to do for what the plugin cannot do
    checkpoint.run(Run('delete'))


def test_only_what_makes_a_checkpoint_writes(checkpoint):
    with pytest.raises(plugin.BankError):
        checkpoint.run(Run('verify'))
    assert checkpoint.data.load() == {'id': 7}


def test_a_copy_is_another_checkpoint(checkpoint):
    copy = checkpoint.copy()
    assert copy.id != checkpoint.id
    assert copy.data.load() == {}
    copy.run(Run('copy'))
    copy.run(Run('restore'))


def test_a_hook_that_is_done_is_not_run_again():
    made = Checkpoint(Plugin, plugin.Resource('T', '1'),
                      plugin.Context('p'))
    run = Run('protect')
    with pytest.raises(plugin.Cancelled):
        made.run(run, trap=Trap(0, name='write'))
    assert run.done == ['on_prepare_begin']
    assert made.data.content == {}
    made.run(run)
    assert made.made == {run.id: ['id']}
    assert made.data.content == {'content': b'content'}
