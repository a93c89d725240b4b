# SPDX-License-Identifier: Apache-2.0
"""Networks of Neutron, all of a project as one.

Networks, subnets, routers, ports and security groups refer to each other, so
they make sense together only. A project that has any network or port has one
resource, which has the id of the project.

A network that others share with the project is named and not kept: it is
not the project's to make again. The ports in it are.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from karbor import plugin
from karbor.plugins.cloud import kinds
from karbor.plugins.cloud.protectable import Children
from karbor.plugins.cloud.protectable import CloudProtectable
from karbor.plugins.cloud.protectable import PROJECT
from karbor.plugins.cloud.protectable import SERVER
from karbor.plugins.cloud.region import Region

NAME = 'Network topology'


class NetworkProtectable(CloudProtectable):
    """Answers for ``OS::Neutron::Network``."""

    resource_type = 'OS::Neutron::Network'
    parent_types = frozenset({PROJECT, SERVER})
    kind = kinds.NETWORKS

    def details(self, thing: Any) -> Mapping[str, Any]:
        raise NotImplementedError

    def all(self, region: Region) -> Sequence[plugin.Resource]:
        return self._topology(region, kinds.PORTS.all(region))

    def show(self, context: plugin.Context, resource_id: str,
             parameters: Mapping[str, Any]) -> plugin.Resource:
        if resource_id == context.project_id:
            for topology in self.list(context, parameters):
                return topology
        raise plugin.InstanceNotFound(type=self.resource_type,
                                      id=resource_id)

    def find(self, context: plugin.Context, resource_ids: Sequence[str],
             ) -> Mapping[str, plugin.Resource]:
        if context.project_id not in resource_ids:
            return {}
        return {one.id: one for one in self.list(context, {})}

    def of_servers(self, region: Region, ids: Sequence[str]) -> Children:
        ports = kinds.PORTS.all(region)
        connected = {port.device_id for port in ports}.intersection(ids)
        topology = self._topology(region, ports) if connected else ()
        return dict.fromkeys(connected, topology)

    def _topology(self, region: Region, ports: Sequence[Any],
                  ) -> Sequence[plugin.Resource]:
        networks = kinds.NETWORKS.all(region)
        if not networks and not ports:
            return ()
        shared = kinds.used_networks(
            region, {port.network_id for port in ports}
            - {network.id for network in networks})
        return [plugin.Resource(
            self.resource_type, region.project_id, NAME, {
                'networks': _names(networks),
                'shared_networks': _names(shared.values()),
                **region.details()})]


def _names(networks: Any) -> list[str]:
    return sorted(network.name or network.id for network in networks)
