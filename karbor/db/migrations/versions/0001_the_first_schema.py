# SPDX-License-Identifier: Apache-2.0
"""The first schema."""

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import mysql

revision = '0001'
down_revision = None
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
        'checkpoints',
        sa.Column('id', sa.String(length=36), nullable=False),
        sa.Column('project_id', sa.String(length=255), nullable=False),
        sa.Column('provider_id', sa.String(length=36), nullable=False),
        sa.Column('plan_id', sa.String(length=36), nullable=False),
        sa.Column('plan', LONG_TEXT, nullable=False),
        sa.Column('status', sa.String(length=32), nullable=False),
        sa.Column('status_reason', LONG_TEXT, nullable=True),
        sa.Column('origin', sa.String(length=32), nullable=False),
        sa.Column('resource_graph', LONG_TEXT, nullable=True),
        sa.Column('extra_info', LONG_TEXT, nullable=True),
        sa.Column('size', sa.BigInteger(), nullable=True),
        sa.Column('sealed', sa.Boolean(), nullable=False),
        sa.Column('created_at', TIME, nullable=False),
        sa.Column('updated_at', TIME, nullable=True),
        sa.PrimaryKeyConstraint('id', name='pk_checkpoints'),
        **MYSQL)
    op.create_index(
        'ix_checkpoints_plan_id_status',
        'checkpoints', ['plan_id', 'status'])
    op.create_index(
        'ix_checkpoints_project_id', 'checkpoints', ['project_id'])
    op.create_index(
        'ix_checkpoints_provider_id_project_id_created_at_id',
        'checkpoints', ['provider_id', 'project_id', 'created_at', 'id'])
    op.create_table(
        'operations',
        sa.Column('id', sa.String(length=36), nullable=False),
        sa.Column('type', sa.String(length=32), nullable=False),
        sa.Column('project_id', sa.String(length=255), nullable=False),
        sa.Column('user_id', sa.String(length=255), nullable=True),
        sa.Column('provider_id', sa.String(length=36), nullable=False),
        sa.Column('checkpoint_id', sa.String(length=36), nullable=False),
        sa.Column('plan_id', sa.String(length=36), nullable=True),
        sa.Column('status', sa.String(length=32), nullable=False),
        sa.Column('reason', LONG_TEXT, nullable=True),
        sa.Column('owner', sa.String(length=255), nullable=True),
        sa.Column('lease_until', TIME, nullable=True),
        sa.Column('attempt', sa.Integer(), nullable=False),
        sa.Column('crashes', sa.Integer(), nullable=False),
        sa.Column('request', LONG_TEXT, nullable=False),
        sa.Column('trust_id', sa.String(length=64), nullable=True),
        sa.Column('scheduled_operation_id', sa.String(length=36),
                  nullable=True),
        sa.Column('scheduled_run_id', sa.String(length=36), nullable=True),
        sa.Column('request_id', sa.String(length=64), nullable=True),
        sa.Column('fraction', sa.Float(), nullable=False),
        sa.Column('bytes_done', sa.BigInteger(), nullable=False),
        sa.Column('bytes_total', sa.BigInteger(), nullable=False),
        sa.Column('created_at', TIME, nullable=False),
        sa.Column('started_at', TIME, nullable=True),
        sa.Column('ended_at', TIME, nullable=True),
        sa.PrimaryKeyConstraint('id', name='pk_operations'),
        **MYSQL)
    op.create_index(
        'ix_operations_checkpoint_id_status',
        'operations', ['checkpoint_id', 'status'])
    op.create_index(
        'ix_operations_project_id_created_at_id',
        'operations', ['project_id', 'created_at', 'id'])
    op.create_index(
        'ix_operations_status_created_at',
        'operations', ['status', 'created_at'])
    op.create_table(
        'plans',
        sa.Column('id', sa.String(length=36), nullable=False),
        sa.Column('project_id', sa.String(length=255), nullable=False),
        sa.Column('name', sa.String(length=255), nullable=False),
        sa.Column('description', sa.String(length=255), nullable=True),
        sa.Column('provider_id', sa.String(length=36), nullable=False),
        sa.Column('status', sa.String(length=32), nullable=False),
        sa.Column('parameters', LONG_TEXT, nullable=False),
        sa.Column('created_at', TIME, nullable=False),
        sa.Column('updated_at', TIME, nullable=True),
        sa.PrimaryKeyConstraint('id', name='pk_plans'),
        **MYSQL)
    op.create_index(
        'ix_plans_project_id_created_at_id',
        'plans', ['project_id', 'created_at', 'id'])
    op.create_table(
        'services',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('host', sa.String(length=255), nullable=False),
        sa.Column('binary', sa.String(length=64), nullable=False),
        sa.Column('status', sa.String(length=32), nullable=False),
        sa.Column('disabled_reason', sa.String(length=255), nullable=True),
        sa.Column('updated_at', TIME, nullable=False),
        sa.PrimaryKeyConstraint('id', name='pk_services'),
        sa.UniqueConstraint('host', 'binary', name='uq_services_host_binary'),
        **MYSQL)
    op.create_table(
        'operation_resources',
        sa.Column('operation_id', sa.String(length=36), nullable=False),
        sa.Column('position', sa.Integer(), autoincrement=False,
                  nullable=False),
        sa.Column('resource_type', sa.String(length=255), nullable=False),
        sa.Column('resource_id', sa.String(length=255), nullable=False),
        sa.Column('name', sa.String(length=255), nullable=False),
        sa.Column('status', sa.String(length=32), nullable=False),
        sa.Column('fraction', sa.Float(), nullable=False),
        sa.Column('bytes_done', sa.BigInteger(), nullable=False),
        sa.Column('bytes_total', sa.BigInteger(), nullable=False),
        sa.Column('reason', LONG_TEXT, nullable=True),
        sa.Column('new_id', sa.String(length=255), nullable=True),
        sa.Column('hooks_done', LONG_TEXT, nullable=False),
        sa.Column('memo', LONG_TEXT, nullable=False),
        sa.Column('entry', LONG_TEXT, nullable=True),
        sa.ForeignKeyConstraint(['operation_id'], ['operations.id'],
            name='fk_operation_resources_operation_id',
            ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('operation_id', 'position',
            name='pk_operation_resources'),
        **MYSQL)
    op.create_table(
        'plan_resources',
        sa.Column('plan_id', sa.String(length=36), nullable=False),
        sa.Column('position', sa.Integer(), autoincrement=False,
                  nullable=False),
        sa.Column('resource_type', sa.String(length=255), nullable=False),
        sa.Column('resource_id', sa.String(length=255), nullable=False),
        sa.Column('name', sa.String(length=255), nullable=False),
        sa.Column('extra_info', LONG_TEXT, nullable=True),
        sa.ForeignKeyConstraint(['plan_id'], ['plans.id'],
            name='fk_plan_resources_plan_id',
            ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('plan_id', 'position',
            name='pk_plan_resources'),
        **MYSQL)
