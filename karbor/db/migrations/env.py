# SPDX-License-Identifier: Apache-2.0
"""Run by alembic; the connection comes from karbor.db.migration."""

from alembic import context

from karbor.db import models

connection = context.config.attributes['connection']
context.configure(connection=connection,
                  target_metadata=models.Base.metadata,
                  # SQLite changes a table by making it anew
                  render_as_batch=connection.dialect.name == 'sqlite')
with context.begin_transaction():
    context.run_migrations()
