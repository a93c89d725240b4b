# SPDX-License-Identifier: Apache-2.0
"""Why a sweep of checkpoints could not do all that it was to do."""

import datetime

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import mysql

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None

# as they were when this was written: a migration never changes
LONG_TEXT = sa.Text().with_variant(mysql.LONGTEXT(), 'mysql', 'mariadb')
TIME = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), 'mysql', 'mariadb')


def upgrade() -> None:
    op.add_column('scheduled_operations', sa.Column(
        'retention_reason', LONG_TEXT, nullable=True))
    # Those that are there are swept from tomorrow on, so that there is time to
    # look at what they would remove.
    operations = sa.table(
        'scheduled_operations', sa.column('operation_type', sa.String()),
        sa.column('retention_at', TIME))
    tomorrow = datetime.datetime.now(datetime.UTC).replace(
        tzinfo=None) + datetime.timedelta(days=1)
    op.execute(operations.update().where(
        operations.c.operation_type == 'retention_protect',
        operations.c.retention_at.is_(None)).values(retention_at=tomorrow))
