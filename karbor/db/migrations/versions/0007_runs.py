# SPDX-License-Identifier: Apache-2.0
"""Runs of scheduled operations, and what makes triggers fire."""

import datetime

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import mysql

revision = '0007'
down_revision = '0006'
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
    op.add_column('triggers', sa.Column('next_time', TIME, nullable=True))
    op.add_column('triggers', sa.Column('done_until', TIME, nullable=True))
    op.add_column('triggers', sa.Column('pending', LONG_TEXT, nullable=True))
    op.create_index('ix_triggers_next_time', 'triggers', ['next_time'])
    # Those that are there begin to fire now: an engine looks at each once and
    # finds its next time.
    now = datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
    triggers = sa.table('triggers', sa.column('next_time', TIME),
                        sa.column('done_until', TIME))
    op.execute(triggers.update().values(next_time=now, done_until=now))
    op.add_column('scheduled_operations', sa.Column(
        'overlap', sa.String(length=16), nullable=False,
        server_default='skip'))
    op.add_column('scheduled_operations', sa.Column(
        'complete_within', sa.Integer(), nullable=True))
    op.add_column('scheduled_operations', sa.Column(
        'retention_at', TIME, nullable=True))
    op.create_index('ix_scheduled_operations_retention_at',
                    'scheduled_operations', ['retention_at'])
    op.create_table(
        'runs',
        sa.Column('id', sa.String(length=36), nullable=False),
        sa.Column('scheduled_operation_id', sa.String(length=36),
                  nullable=False),
        sa.Column('project_id', sa.String(length=255), nullable=False),
        sa.Column('trigger_id', sa.String(length=36), nullable=False),
        sa.Column('plan_id', sa.String(length=36), nullable=False),
        sa.Column('origin', sa.String(length=16), nullable=False),
        sa.Column('expected_at', TIME, nullable=False),
        sa.Column('triggered_at', TIME, nullable=False),
        sa.Column('start_by', TIME, nullable=True),
        sa.Column('complete_by', TIME, nullable=True),
        sa.Column('late', sa.Boolean(), nullable=False),
        sa.Column('status', sa.String(length=32), nullable=False),
        sa.Column('reason', LONG_TEXT, nullable=True),
        sa.Column('cause', LONG_TEXT, nullable=True),
        sa.Column('owner', sa.String(length=255), nullable=True),
        sa.Column('lease_until', TIME, nullable=True),
        sa.Column('attempt', sa.Integer(), nullable=False),
        sa.Column('waits_for', sa.String(length=36), nullable=True),
        sa.Column('checkpoint_id', sa.String(length=36), nullable=True),
        sa.Column('operation_id', sa.String(length=36), nullable=True),
        sa.Column('started_at', TIME, nullable=True),
        sa.Column('ended_at', TIME, nullable=True),
        sa.ForeignKeyConstraint(
            ['scheduled_operation_id'], ['scheduled_operations.id'],
            name='fk_runs_scheduled_operation_id', ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('id', name='pk_runs'),
        sa.UniqueConstraint('scheduled_operation_id', 'expected_at',
                            name='uq_runs_scheduled_operation_id_expected_at'),
        **MYSQL)
    op.create_index('ix_runs_status_expected_at', 'runs',
                    ['status', 'expected_at'])
    op.create_index('ix_runs_waits_for', 'runs', ['waits_for'])
    op.create_index('ix_operations_scheduled_run_id', 'operations',
                    ['scheduled_run_id'])
