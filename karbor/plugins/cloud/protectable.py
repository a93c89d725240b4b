# SPDX-License-Identifier: Apache-2.0
"""Resources of the cloud, found with openstacksdk."""

import abc
import builtins
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from karbor import plugin
from karbor.plugins.cloud import region as regions
from karbor.plugins.cloud.kinds import Kind
from karbor.plugins.cloud.region import Region

PROJECT = 'OS::Keystone::Project'
SERVER = 'OS::Nova::Server'

# of one type, by id
Children = Mapping[str, Sequence[plugin.Resource]]


class CloudProtectable(plugin.ProtectablePlugin, abc.ABC):
    """Base of protectables whose resources a service of the cloud lists.

    A resource that was found in a region that a user has named remembers its
    name, so that what it depends on is looked for there.

    :cvar kind: what the service calls them
    """

    needs_cloud = True
    kind: ClassVar[Kind]

    @abc.abstractmethod
    def details(self, thing: Any) -> Mapping[str, Any]:
        """By what else a user recognises one; plain data."""

    def of_servers(self, region: Region, ids: Sequence[str]) -> Children:
        """What servers of the project use, by the id of the server.

        One that uses nothing may be left out.
        """
        raise NotImplementedError

    def all(self, region: Region) -> Sequence[plugin.Resource]:
        """All that the project owns."""
        return [self.resource(region, thing)
                for thing in self.kind.all(region)]

    def list(self, context: plugin.Context,
             parameters: Mapping[str, Any]) -> Sequence[plugin.Resource]:
        return self.all(Region(context, regions.asked(parameters)))

    def show(self, context: plugin.Context, resource_id: str,
             parameters: Mapping[str, Any]) -> plugin.Resource:
        region = Region(context, regions.asked(parameters))
        thing = self.kind.one(region, resource_id)
        if thing is None:
            raise plugin.InstanceNotFound(type=self.resource_type,
                                          id=resource_id)
        return self.resource(region, thing)

    def find(self, context: plugin.Context, resource_ids: Sequence[str],
             ) -> Mapping[str, plugin.Resource]:
        region = Region(context)
        return {id_: self.resource(region, thing) for id_, thing
                in self.kind.some(region, resource_ids).items()}

    def dependents(self, context: plugin.Context,
                   parents: Sequence[plugin.Resource],
                   ) -> Mapping[tuple[str, str], Sequence[plugin.Resource]]:
        groups: dict[tuple[str, str | None],
                     builtins.list[plugin.Resource]] = {}
        for parent in parents:
            groups.setdefault((parent.type, regions.of(parent)),
                              []).append(parent)
        found: dict[tuple[str, str], Sequence[plugin.Resource]] = {}
        for (type_, name), group in groups.items():
            region = Region(context, name)
            children = (self._of_projects(region, group)
                        if type_ == PROJECT else
                        self.of_servers(region, [one.id for one in group]))
            found.update({parent.key: children.get(parent.id, ())
                          for parent in group})
        return found

    def resource(self, region: Region, thing: Any) -> plugin.Resource:
        """What the service tells of one, as a resource."""
        return plugin.Resource(
            self.resource_type, thing.id, thing.name or '',
            {**self.details(thing), **region.details()})

    def _of_projects(self, region: Region, group: Sequence[plugin.Resource],
                     ) -> Children:
        # of any other project nothing exists
        return {parent.id: self.all(region) for parent in group
                if parent.id == region.project_id}
