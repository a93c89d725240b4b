# SPDX-License-Identifier: Apache-2.0
"""Quotas and quota classes."""

from alembic import op
import sqlalchemy as sa

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None

# as they were when this was written: a migration never changes
MYSQL = {f'{dialect}_{key}': value
         for dialect in ('mysql', 'mariadb')
         for key, value in (('engine', 'InnoDB'), ('charset', 'utf8mb4'),
                            ('collate', 'utf8mb4_bin'))}


def upgrade() -> None:
    op.create_table(
        'quotas',
        sa.Column('project_id', sa.String(length=255), nullable=False),
        sa.Column('resource', sa.String(length=64), nullable=False),
        sa.Column('hard_limit', sa.Integer(), nullable=True),
        sa.Column('turn', sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint('project_id', 'resource', name='pk_quotas'),
        **MYSQL)
    op.create_table(
        'quota_classes',
        sa.Column('class_name', sa.String(length=255), nullable=False),
        sa.Column('resource', sa.String(length=64), nullable=False),
        sa.Column('hard_limit', sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint('class_name', 'resource',
                                name='pk_quota_classes'),
        **MYSQL)
