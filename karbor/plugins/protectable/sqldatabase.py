# SPDX-License-Identifier: Apache-2.0
"""Databases that the operator has registered, as resources."""

from collections.abc import Mapping
from typing import Any

from karbor.plugins.protectable.registered import RegisteredProtectable
from karbor.plugins.sqldump import registry


class SQLDatabaseProtectable(RegisteredProtectable[registry.Database]):
    """Answers for ``Karbor::Database``; tells the engine too."""

    option_group = registry.OPTION_GROUP
    options = registry.OPTIONS
    resource_type = registry.RESOURCE_TYPE
    registry_class = registry.Databases

    def details(self, entry: registry.Database) -> Mapping[str, Any]:
        return {'engine': entry.engine}
