# SPDX-License-Identifier: Apache-2.0
"""Undoing a restore: what it was about to make, and who undoes it."""

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import mysql

revision = '0015'
down_revision = '0013'
branch_labels = None
depends_on = None

# as they were when this was written: a migration never changes
LONG_TEXT = sa.Text().with_variant(mysql.LONGTEXT(), 'mysql', 'mariadb')
MYSQL = {'mysql_engine': 'InnoDB', 'mysql_charset': 'utf8mb4',
         'mysql_collate': 'utf8mb4_bin', 'mariadb_engine': 'InnoDB',
         'mariadb_charset': 'utf8mb4', 'mariadb_collate': 'utf8mb4_bin'}


def upgrade() -> None:
    op.add_column('operations', sa.Column(
        'source_operation_id', sa.String(length=36), nullable=True))
    op.create_index('ix_operations_source_operation_id', 'operations',
                    ['source_operation_id'])
    op.create_table(
        'operation_records',
        sa.Column('operation_id', sa.String(length=36), nullable=False),
        sa.Column('position', sa.Integer(), autoincrement=False,
                  nullable=False),
        sa.Column('number', sa.Integer(), autoincrement=False,
                  nullable=False),
        sa.Column('records', LONG_TEXT, nullable=False),
        sa.ForeignKeyConstraint(
            ['operation_id'], ['operations.id'], ondelete='CASCADE',
            name='fk_operation_records_operation_id'),
        sa.PrimaryKeyConstraint('operation_id', 'position', 'number',
                                name='pk_operation_records'),
        **MYSQL)
