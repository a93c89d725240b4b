# SPDX-License-Identifier: Apache-2.0
"""When a plan was last protected is found by an index."""

from alembic import op

revision = '0012'
down_revision = '0011'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index('ix_operations_plan_id_type_status_ended_at',
                    'operations', ['plan_id', 'type', 'status', 'ended_at'])
