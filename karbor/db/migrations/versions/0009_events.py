# SPDX-License-Identifier: Apache-2.0
"""Events: which triggers want them, and which have been taken."""

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import mysql

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None

# as they were when this was written: a migration never changes
TIME = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), 'mysql', 'mariadb')
MYSQL = {f'{dialect}_{key}': value
         for dialect in ('mysql', 'mariadb')
         for key, value in (('engine', 'InnoDB'), ('charset', 'utf8mb4'),
                            ('collate', 'utf8mb4_bin'))}


def upgrade() -> None:
    op.add_column('triggers', sa.Column(
        'source', sa.String(length=64), nullable=True))
    op.add_column('triggers', sa.Column(
        'secret_version', sa.Integer(), nullable=True))
    op.create_index('ix_triggers_project_id_source', 'triggers',
                    ['project_id', 'source'])
    op.create_table(
        'trigger_events',
        sa.Column('trigger_id', sa.String(length=36), nullable=False),
        sa.Column('mark', sa.String(length=150), nullable=False),
        sa.Column('received_at', TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ['trigger_id'], ['triggers.id'],
            name='fk_trigger_events_trigger_id', ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('trigger_id', 'mark',
                                name='pk_trigger_events'),
        **MYSQL)
    op.create_index('ix_trigger_events_trigger_id_received_at',
                    'trigger_events', ['trigger_id', 'received_at'])
