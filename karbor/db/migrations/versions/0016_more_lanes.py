# SPDX-License-Identifier: Apache-2.0
"""Operations that are in several lanes at once."""

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import mysql

revision = '0016'
down_revision = '0015'
branch_labels = None
depends_on = None

# as it was when this was written: a migration never changes
LONG_TEXT = sa.Text().with_variant(mysql.LONGTEXT(), 'mysql', 'mariadb')


def upgrade() -> None:
    op.add_column('operations',
                  sa.Column('more_lanes', LONG_TEXT, nullable=True))
