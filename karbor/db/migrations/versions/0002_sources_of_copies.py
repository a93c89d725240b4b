# SPDX-License-Identifier: Apache-2.0
"""Operations that copy name the checkpoint that they copy."""

from alembic import op
import sqlalchemy as sa

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('operations', sa.Column(
        'source_checkpoint_id', sa.String(length=36), nullable=True))
    op.create_index(
        'ix_operations_source_checkpoint_id_status',
        'operations', ['source_checkpoint_id', 'status'])
