# SPDX-License-Identifier: Apache-2.0
"""Volumes of Cinder.

A volume that was made from an image has all of it, so it depends on nothing.
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


class VolumeProtectable(CloudProtectable):
    """Answers for ``OS::Cinder::Volume``."""

    resource_type = 'OS::Cinder::Volume'
    parent_types = frozenset({PROJECT, SERVER})
    kind = kinds.VOLUMES

    def details(self, thing: Any) -> Mapping[str, Any]:
        return {'status': thing.status, 'size': thing.size,
                'volume_type': thing.volume_type,
                'availability_zone': thing.availability_zone}

    def of_servers(self, region: Region, ids: Sequence[str]) -> Children:
        attached = {id_: [volume.id for volume in server.attached_volumes]
                    for id_, server in kinds.servers(region, ids).items()}
        volumes = self.kind.some(region, [
            volume for some in attached.values() for volume in some])
        for server, some in attached.items():
            for volume in some:
                if volume not in volumes:
                    # a checkpoint without it would not be of the server
                    raise plugin.PluginError(
                        reason=f'Server {server} has volume {volume}, which '
                               'does not exist in its project.')
        return {server: [self.resource(region, volumes[volume])
                         for volume in some]
                for server, some in attached.items()}
