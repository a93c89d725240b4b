# SPDX-License-Identifier: Apache-2.0
"""Triggers and scheduled operations."""

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import mysql

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None

# as they were when this was written: a migration never changes
LONG_TEXT = sa.Text().with_variant(mysql.LONGTEXT(), 'mysql', 'mariadb')
TIME = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), 'mysql', 'mariadb')
MYSQL = {f'{dialect}_{key}': value
         for dialect in ('mysql', 'mariadb')
         for key, value in (('engine', 'InnoDB'), ('charset', 'utf8mb4'),
                            ('collate', 'utf8mb4_bin'))}


def upgrade() -> None:
    op.create_table(
        'triggers',
        sa.Column('id', sa.String(length=36), nullable=False),
        sa.Column('project_id', sa.String(length=255), nullable=False),
        sa.Column('name', sa.String(length=255), nullable=False),
        sa.Column('type', sa.String(length=64), nullable=False),
        sa.Column('properties', LONG_TEXT, nullable=False),
        sa.Column('created_at', TIME, nullable=False),
        sa.Column('updated_at', TIME, nullable=True),
        sa.PrimaryKeyConstraint('id', name='pk_triggers'),
        **MYSQL)
    op.create_index(
        'ix_triggers_project_id_created_at_id',
        'triggers', ['project_id', 'created_at', 'id'])
    op.create_table(
        'scheduled_operations',
        sa.Column('id', sa.String(length=36), nullable=False),
        sa.Column('project_id', sa.String(length=255), nullable=False),
        sa.Column('user_id', sa.String(length=255), nullable=True),
        sa.Column('name', sa.String(length=255), nullable=False),
        sa.Column('description', sa.String(length=255), nullable=True),
        sa.Column('operation_type', sa.String(length=64), nullable=False),
        sa.Column('trigger_id', sa.String(length=36), nullable=False),
        sa.Column('plan_id', sa.String(length=36), nullable=False),
        sa.Column('operation_definition', LONG_TEXT, nullable=False),
        sa.Column('enabled', sa.Boolean(), nullable=False),
        sa.Column('created_at', TIME, nullable=False),
        sa.Column('updated_at', TIME, nullable=True),
        sa.ForeignKeyConstraint(['trigger_id'], ['triggers.id'],
            name='fk_scheduled_operations_trigger_id'),
        sa.PrimaryKeyConstraint('id', name='pk_scheduled_operations'),
        **MYSQL)
    op.create_index(
        'ix_scheduled_operations_plan_id',
        'scheduled_operations', ['plan_id'])
    op.create_index(
        'ix_scheduled_operations_project_id_created_at_id',
        'scheduled_operations', ['project_id', 'created_at', 'id'])
    op.create_index(
        'ix_scheduled_operations_trigger_id',
        'scheduled_operations', ['trigger_id'])
