# SPDX-License-Identifier: Apache-2.0
"""Trusts of the owners of scheduled operations."""

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import mysql

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None

# as they were when this was written: a migration never changes
TIME = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), 'mysql', 'mariadb')
MYSQL = {f'{dialect}_{key}': value
         for dialect in ('mysql', 'mariadb')
         for key, value in (('engine', 'InnoDB'), ('charset', 'utf8mb4'),
                            ('collate', 'utf8mb4_bin'))}


def upgrade() -> None:
    op.create_table(
        'trusts',
        sa.Column('id', sa.String(length=36), nullable=False),
        sa.Column('user_id', sa.String(length=255), nullable=False),
        sa.Column('project_id', sa.String(length=255), nullable=False),
        sa.Column('trust_id', sa.String(length=64), nullable=True),
        sa.Column('in_use', sa.Boolean(), nullable=True),
        sa.Column('turn', sa.BigInteger(), nullable=False),
        sa.Column('sweep_at', TIME, nullable=False),
        sa.Column('attempts', sa.Integer(), nullable=False),
        sa.Column('created_at', TIME, nullable=False),
        sa.PrimaryKeyConstraint('id', name='pk_trusts'),
        sa.UniqueConstraint('user_id', 'project_id', 'in_use',
                            name='uq_trusts_user_id_project_id_in_use'),
        **MYSQL)
    op.create_index('ix_trusts_sweep_at', 'trusts', ['sweep_at'])
    op.create_index('ix_scheduled_operations_project_id_user_id',
                    'scheduled_operations', ['project_id', 'user_id'])
