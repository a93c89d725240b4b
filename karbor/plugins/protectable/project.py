# SPDX-License-Identifier: Apache-2.0
"""The project itself: all that it has."""

from collections.abc import Mapping
from typing import Any

from karbor.plugins.cloud import kinds
from karbor.plugins.cloud.protectable import CloudProtectable
from karbor.plugins.cloud.protectable import PROJECT


class ProjectProtectable(CloudProtectable):
    """Answers for ``OS::Keystone::Project``: a project has one, itself."""

    resource_type = PROJECT
    kind = kinds.PROJECTS

    def details(self, thing: Any) -> Mapping[str, Any]:
        return {'status': 'enabled' if thing.is_enabled else 'disabled',
                'domain_id': thing.domain_id}
