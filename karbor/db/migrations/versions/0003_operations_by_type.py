# SPDX-License-Identifier: Apache-2.0
"""An index for lists of few operations of a type among many others."""

from alembic import op

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        'ix_operations_project_id_type_created_at_id',
        'operations', ['project_id', 'type', 'created_at', 'id'])
