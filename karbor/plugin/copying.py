# SPDX-License-Identifier: Apache-2.0
"""The copy operation of plugins that keep everything in the bank."""

from karbor.i18n import _
from karbor.plugin.errors import PluginError
from karbor.plugin.protection import Operation
from karbor.plugin.step import Step

# at a time in memory, whatever the size of a stream
_PORTION = 4 * 1024 * 1024


class CopyData(Operation):
    """Copies all streams and all that was saved, as they are.

    Whatever is read was proved by its digests. Not for a plugin that makes
    things outside the bank: the copy would name those of its source, and go
    with them.
    """

    def on_main(self, step: Step) -> None:
        source = step.source
        if source is None:
            raise PluginError(reason=_('Only a copy has a source.'))
        step.check()
        if info := source.load():
            step.data.save(info)
        for name in source.streams():
            with source.reader(name) as reader, \
                    step.data.writer(name) as writer:
                while part := reader.read(_PORTION):
                    writer.write(part)
