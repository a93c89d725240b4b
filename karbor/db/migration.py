# SPDX-License-Identifier: Apache-2.0
"""Making and upgrading the schema."""

import os
from typing import Any

from alembic import command
from alembic import config as alembic_config
from alembic import migration as alembic_migration
from alembic import script as alembic_script

from karbor.db import session


def _config() -> Any:
    config = alembic_config.Config()
    config.set_main_option('script_location', os.path.join(
        os.path.dirname(__file__), 'migrations'))
    config.set_main_option('path_separator', 'os')
    return config


def head() -> str:
    """The version that this release needs."""
    found = alembic_script.ScriptDirectory.from_config(
        _config()).get_current_head()
    if found is None:
        raise RuntimeError('there are no migrations')
    return found


def version() -> str | None:
    """The version of the database; None if it has no schema."""
    with session.engine().connect() as connection:
        return alembic_migration.MigrationContext.configure(
            connection).get_current_revision()


def sync(revision: str = 'head') -> None:
    """Bring the schema to a version; may be repeated."""
    config = _config()
    with session.engine().begin() as connection:
        config.attributes['connection'] = connection
        command.upgrade(config, revision)
