# SPDX-License-Identifier: Apache-2.0
"""The wish to cancel an operation."""

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import mysql

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None

# as it was when this was written: a migration never changes
TIME = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), 'mysql', 'mariadb')


def upgrade() -> None:
    op.add_column('operations', sa.Column(
        'cancel_requested_at', TIME, nullable=True))
    op.add_column('operations', sa.Column(
        'cancel_requested_by', sa.String(length=255), nullable=True))
