# SPDX-License-Identifier: Apache-2.0
"""File sets: which ones a project has."""

from collections.abc import Mapping, Sequence
from typing import Any

from oslo_config import cfg

from karbor import plugin
from karbor.plugins.filetree import registry


class FileSetProtectable(plugin.ProtectablePlugin):
    """Answers for ``Karbor::FileSet``.

    A resource carries no path: where it lies on the host is the operator's
    business.
    """

    option_group = registry.OPTION_GROUP
    options = registry.OPTIONS
    resource_type = registry.RESOURCE_TYPE

    def __init__(self, config: cfg.ConfigOpts) -> None:
        super().__init__(config)
        self._registry = registry.Registry(self.config.registry)

    def list(self, context: plugin.Context,
             parameters: Mapping[str, Any]) -> Sequence[plugin.Resource]:
        return [_resource(found)
                for found in self._registry.all(context.project_id)]

    def show(self, context: plugin.Context, resource_id: str,
             parameters: Mapping[str, Any]) -> plugin.Resource:
        return _resource(self._registry.get(context.project_id, resource_id))


def _resource(found: registry.FileSet) -> plugin.Resource:
    return plugin.Resource(registry.RESOURCE_TYPE, found.id, found.name)
