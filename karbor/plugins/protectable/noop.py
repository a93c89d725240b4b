# SPDX-License-Identifier: Apache-2.0
"""Resources that are not there: to try Karbor out, and to measure it."""

from collections.abc import Mapping, Sequence
from typing import Any

from oslo_config import cfg

from karbor import plugin


class NoopProtectable(plugin.ProtectablePlugin):
    """Answers for ``Karbor::Noop``: whatever id is asked for exists."""

    option_group = 'noop'
    options = (
        cfg.IntOpt('instances', default=0, min=0,
                   help='How many Karbor::Noop resources are listed for '
                        'each project; any other id exists too when it is '
                        'asked for.'),
    )
    resource_type = 'Karbor::Noop'

    def list(self, context: plugin.Context,
             parameters: Mapping[str, Any]) -> Sequence[plugin.Resource]:
        return [self._resource(f'noop-{number}')
                for number in range(1, self.config.instances + 1)]

    def show(self, context: plugin.Context, resource_id: str,
             parameters: Mapping[str, Any]) -> plugin.Resource:
        return self._resource(resource_id)

    def _resource(self, resource_id: str) -> plugin.Resource:
        return plugin.Resource(self.resource_type, resource_id, resource_id)
