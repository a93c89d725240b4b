# SPDX-License-Identifier: Apache-2.0
"""Protects databases that the operator has registered by their URL."""

from collections.abc import Mapping
from types import MappingProxyType
from types import ModuleType
from typing import cast

from oslo_config import cfg

from karbor import plugin
from karbor.plugins.sqldump import mariadb
from karbor.plugins.sqldump import postgresql
from karbor.plugins.sqldump import registry
from karbor.plugins.sqldump import sqlite

ENGINES: Mapping[str, ModuleType] = MappingProxyType({
    'sqlite': sqlite, 'postgresql': postgresql, 'mariadb': mariadb})


class Protect(plugin.Operation):
    """Streams a consistent copy of the database."""

    def on_main(self, step: plugin.Step) -> None:
        mine = cast('SQLDatabaseProtection', self.plugin)
        database = mine.databases.of_step(step)
        info = ENGINES[database.engine].protect(step, database, mine.limits)
        step.data.save({'engine': database.engine} | info)


class Restore(plugin.Operation):
    """Makes a registered database what the checkpoint holds."""

    def on_main(self, step: plugin.Step) -> None:
        mine = cast('SQLDatabaseProtection', self.plugin)
        target = mine.target(step)
        engine = step.data.load()['engine']
        if target.engine != engine:
            raise plugin.PluginError(
                reason=f'Database {target.name} is of engine '
                       f'{target.engine}; what was saved is of engine '
                       f'{engine}.')
        ENGINES[engine].restore(step, target, mine.limits)
        step.replaced_by(target.id)


class Undo(plugin.Operation):
    """Removes what a restore has made; what it replaced stays."""

    def on_main(self, step: plugin.Step) -> None:
        step.check()
        if next(step.records(), None) is None:
            return      # refused before it began, maybe for its target
        mine = cast('SQLDatabaseProtection', self.plugin)
        target = mine.target(step)
        ENGINES[target.engine].undo(step, target, mine.limits)


class SQLDatabaseProtection(plugin.ProtectionPlugin):
    """SQLite, PostgreSQL and MariaDB by their own means of backup."""

    resource_types = frozenset({registry.RESOURCE_TYPE})
    operations = MappingProxyType({
        'protect': Protect, 'restore': Restore, 'copy': plugin.CopyData,
        'undo': Undo})
    restore_places = frozenset({'target'})
    option_group = registry.OPTION_GROUP
    options = registry.OPTIONS
    schemas = plugin.Schemas(
        options={'title': 'Database Protection Options', 'type': 'object',
                 'properties': {}, 'additionalProperties': False},
        restore={
            'title': 'Database Restore', 'type': 'object',
            'properties': {
                'target': {
                    'type': 'string', 'format': 'uuid',
                    'title': 'Target',
                    'description': 'Id of the registered database into which '
                                   'to restore; by default the one that was '
                                   'saved. All that it holds is replaced.'},
                'owners': {
                    'type': 'boolean', 'default': True,
                    'title': 'Owners',
                    'description': 'PostgreSQL: whether owners and '
                                   'privileges are restored too. Otherwise '
                                   'all belongs to the user of the target.'},
            },
            'additionalProperties': False},
        saved_info={
            'title': 'Database', 'type': 'object',
            'properties': {
                'engine': {'type': 'string', 'title': 'Engine',
                           'enum': list(ENGINES)},
                'bytes': {'type': 'integer', 'title': 'Size',
                          'description': 'Bytes of the copy.'},
                'server_version': {'type': 'string',
                                   'title': 'Version of the server'},
            }})

    def __init__(self, config: cfg.ConfigOpts) -> None:
        super().__init__(config)
        self.databases = registry.Databases(self.config.registry)
        self.limits = registry.Limits.of(self.config)

    def target(self, step: plugin.Step) -> registry.Database:
        """The database into which a restore may write.

        :raises PluginError: the operator does not allow it, or the project
            has no such database
        """
        source_id = step.resource.id
        target_id = step.parameters.get('target') or source_id
        target = self.databases.of_step(step, target_id.lower())
        source = self.databases.whosever(source_id)
        allowed = source.restore_targets if source else ()
        if target.id not in allowed:
            raise plugin.PluginError(
                reason=f'Database {source_id} may not be restored into '
                       f'{target.id}: the operator has not registered it as '
                       'a target.')
        return target
