# SPDX-License-Identifier: Apache-2.0
"""Servers of Nova."""

from collections.abc import Mapping
from typing import Any

from karbor.plugins.cloud import kinds
from karbor.plugins.cloud.protectable import CloudProtectable
from karbor.plugins.cloud.protectable import PROJECT
from karbor.plugins.cloud.protectable import SERVER


class ServerProtectable(CloudProtectable):
    """Answers for ``OS::Nova::Server``."""

    resource_type = SERVER
    parent_types = frozenset({PROJECT})
    kind = kinds.SERVERS

    def details(self, thing: Any) -> Mapping[str, Any]:
        return {'status': thing.status,
                'flavor': thing.flavor and thing.flavor.original_name,
                'availability_zone': thing.availability_zone}
