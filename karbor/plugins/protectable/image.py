# SPDX-License-Identifier: Apache-2.0
"""Images of Glance.

A project has those that it owns. A server depends on its image whoever owns
that, as long as the project may use it: who publishes an image may delete it
any day, and the server could then not be made again. An image that is gone
already holds up nothing: there is nothing of it to be kept, and servers
outlive their images in every cloud.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from karbor.plugins.cloud import kinds
from karbor.plugins.cloud.protectable import Children
from karbor.plugins.cloud.protectable import CloudProtectable
from karbor.plugins.cloud.protectable import PROJECT
from karbor.plugins.cloud.protectable import SERVER
from karbor.plugins.cloud.region import Region


class ImageProtectable(CloudProtectable):
    """Answers for ``OS::Glance::Image``."""

    resource_type = 'OS::Glance::Image'
    parent_types = frozenset({PROJECT, SERVER})
    kind = kinds.IMAGES

    def details(self, thing: Any) -> Mapping[str, Any]:
        return {'status': thing.status, 'size': thing.size,
                'disk_format': thing.disk_format,
                'visibility': thing.visibility}

    def of_servers(self, region: Region, ids: Sequence[str]) -> Children:
        # one that boots from a volume has no image
        booted = {id_: server.image.id
                  for id_, server in kinds.servers(region, ids).items()
                  if server.image and server.image.id}
        images = kinds.used_images(region, booted.values())
        return {server: [self.resource(region, images[image])]
                for server, image in booted.items() if image in images}
