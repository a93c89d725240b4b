# SPDX-License-Identifier: Apache-2.0
"""What the operator has registered in a file, as resources."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Generic, TypeVar

from oslo_config import cfg

from karbor import plugin
from karbor.plugins.registry import Entry
from karbor.plugins.registry import Registry

E = TypeVar('E', bound=Entry)


class RegisteredProtectable(plugin.ProtectablePlugin, Generic[E]):
    """Base of protectables whose resources are entries of a registry.

    What a resource tells of its entry is its id and its name: paths, hosts
    and accounts are the operator's business.

    :cvar registry_class: reads the file that the option ``registry`` names
    """

    registry_class: ClassVar[type[Registry[Any]]]

    def __init__(self, config: cfg.ConfigOpts) -> None:
        super().__init__(config)
        self._registry: Registry[E] = self.registry_class(
            self.config.registry)

    def details(self, entry: E) -> Mapping[str, Any] | None:
        """What else a resource tells of its entry."""
        return None

    def list(self, context: plugin.Context,
             parameters: Mapping[str, Any]) -> Sequence[plugin.Resource]:
        return [self._resource(entry)
                for entry in self._registry.of(context.project_id)]

    def show(self, context: plugin.Context, resource_id: str,
             parameters: Mapping[str, Any]) -> plugin.Resource:
        return self._resource(
            self._registry.get(context.project_id, resource_id))

    def _resource(self, entry: E) -> plugin.Resource:
        return plugin.Resource(self.resource_type, entry.id, entry.name,
                               self.details(entry))
