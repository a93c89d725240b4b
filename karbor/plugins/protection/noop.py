# SPDX-License-Identifier: Apache-2.0
"""Protects nothing, in all earnest: to try Karbor out, and to measure it."""

from oslo_config import cfg

from karbor import plugin


class _Nothing(plugin.Operation):
    def on_main(self, step: plugin.Step) -> None:
        step.check()


class NoopProtection(plugin.ProtectionPlugin):
    """Goes through the motions for the types that the operator names.

    Its checkpoints hold no data; a restore of one changes nothing.
    """

    option_group = 'noop'
    options = (
        cfg.ListOpt('resource_types', default=['Karbor::Noop'],
                    help='Resource types that the noop plugin pretends to '
                         'protect. A type may have only one plugin in a '
                         'provider.'),
    )
    operations = {'protect': _Nothing, 'restore': _Nothing,
                  'copy': plugin.CopyData, 'undo': _Nothing}
    restore_places = None

    def __init__(self, config: cfg.ConfigOpts) -> None:
        super().__init__(config)
        self.resource_types = frozenset(  # type: ignore[misc]
            self.config.resource_types)
