# SPDX-License-Identifier: Apache-2.0
"""Databases that the operator has registered, as resources."""

from collections.abc import Mapping, Sequence
from typing import Any

from oslo_config import cfg

from karbor import plugin
from karbor.plugins.sqldump import registry


class SQLDatabaseProtectable(plugin.ProtectablePlugin):
    """Lists registered databases; tells no more of one than its engine."""

    resource_type = registry.RESOURCE_TYPE
    option_group = registry.OPTION_GROUP
    options = registry.OPTIONS

    def __init__(self, config: cfg.ConfigOpts) -> None:
        super().__init__(config)
        self._databases = registry.Databases(self.config.registry)

    def list(self, context: plugin.Context,
             parameters: Mapping[str, Any]) -> Sequence[plugin.Resource]:
        return [_resource(database)
                for database in self._databases.of(context.project_id)]

    def show(self, context: plugin.Context, resource_id: str,
             parameters: Mapping[str, Any]) -> plugin.Resource:
        database = self._databases.get(context.project_id, resource_id)
        if database is None:
            raise plugin.InstanceNotFound(type=self.resource_type,
                                          id=resource_id)
        return _resource(database)


def _resource(database: registry.Database) -> plugin.Resource:
    return plugin.Resource(registry.RESOURCE_TYPE, database.id,
                           database.name, {'engine': database.engine})
