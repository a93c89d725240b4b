# SPDX-License-Identifier: Apache-2.0
"""What is damaged in a bank, what was missing, whose turn it is."""

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import mysql

revision = '0013'
down_revision = '0012'
branch_labels = None
depends_on = None

# as they were when this was written: a migration never changes
LONG_TEXT = sa.Text().with_variant(mysql.LONGTEXT(), 'mysql', 'mariadb')
TIME = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), 'mysql', 'mariadb')


def upgrade() -> None:
    for name, type_ in (('damaged_at', TIME), ('damage_reason', LONG_TEXT),
                        ('damage_found_by', sa.String(36)),
                        ('missing', LONG_TEXT)):
        op.add_column('checkpoints', sa.Column(name, type_, nullable=True))
    op.add_column('plans', sa.Column(
        'missing_resources', sa.String(16), nullable=False,
        server_default='error'))
    op.add_column('scheduled_operations', sa.Column(
        'turn', sa.BigInteger(), nullable=False, server_default='0'))
