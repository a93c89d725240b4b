# SPDX-License-Identifier: Apache-2.0
"""A fair queue: its order, its lanes, whose turn it is and its limits."""

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import mysql

revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None

# as they were when this was written: a migration never changes
LONG_TEXT = sa.Text().with_variant(mysql.LONGTEXT(), 'mysql', 'mariadb')
MYSQL = {'mysql_engine': 'InnoDB', 'mysql_charset': 'utf8mb4',
         'mysql_collate': 'utf8mb4_bin', 'mariadb_engine': 'InnoDB',
         'mariadb_charset': 'utf8mb4', 'mariadb_collate': 'utf8mb4_bin'}


def upgrade() -> None:
    # what waits already has none: it runs beside all, as it was asked for
    op.add_column('operations', sa.Column(
        'lane', sa.String(length=80), nullable=True))
    op.create_index(
        'ix_operations_queue', 'operations',
        ['status', 'project_id', 'provider_id', 'created_at', 'id', 'lane',
         'type'])
    op.drop_index('ix_operations_status_created_at',
                  table_name='operations')
    op.create_table(
        'turns',
        sa.Column('name', sa.String(length=64), nullable=False),
        sa.Column('number', sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint('name', name='pk_turns'), **MYSQL)
    op.add_column('services', sa.Column('limits', LONG_TEXT, nullable=True))
