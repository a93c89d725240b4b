# SPDX-License-Identifier: Apache-2.0
"""Operations that undo a restore: at most one that is not in vain."""

from collections.abc import Collection

import sqlalchemy as sa

from karbor import exception
from karbor.context import RequestContext
from karbor.db import models
from karbor.db import operations
from karbor.db import query
from karbor.db import session as db
from karbor.i18n import _
from karbor.model.operation import Operation


@db.retry
def queue(context: RequestContext, undo: Operation) -> None:
    """Queue an operation that undoes its `source_operation_id`.

    :raises exception.RestoreNotFound: the context sees no such restore
    :raises exception.RestoreNotUndoable: it has not ended in vain, or is or
        was undone
    """
    table = models.Operation
    restore_id = str(undo.source_operation_id)
    mine = sa.and_(table.id == restore_id, table.type == 'restore',
                   query.fence(context, table, all_projects=True))
    with db.writer(context) as session:
        # Locks the restore on every database, SQLite included, so that of
        # two who ask at the same moment one sees what the other has queued.
        db.changed(session, sa.update(table).where(mine).values(
            status=table.status))
        # FOR UPDATE: else MariaDB may tell what was before the lock
        status = session.execute(
            sa.select(table.status).where(mine).with_for_update()).scalar()
        if status is None:
            raise exception.RestoreNotFound(id=restore_id)
        if status in ('queued', 'running'):
            raise exception.RestoreNotUndoable(id=restore_id, reason=_(
                'it has not ended; cancel operation %s first.') % restore_id)
        if status not in ('error', 'cancelled'):
            raise exception.RestoreNotUndoable(id=restore_id, reason=_(
                'it was successful; only one that failed or was cancelled '
                'can be undone.'))
        other = session.execute(
            sa.select(table.id, table.status)
            .where(table.source_operation_id == restore_id,
                   table.status.in_(('queued', 'running', 'success')))
            .with_for_update().limit(1)).first()
        if other is not None:
            raise exception.RestoreNotUndoable(id=restore_id, reason=_(
                'operation %s has undone it.') % other.id
                if other.status == 'success' else _(
                'operation %s is undoing it.') % other.id)
        operations.insert(session, undo)


def latest(context: RequestContext, restore_ids: Collection[str],
           ) -> dict[str, tuple[str, str]]:
    """The id and the status of the last undo of each restore that has one.

    :param restore_ids: of restores that the context may see
    """
    table = models.Operation
    if not restore_ids:
        return {}
    with db.reader(context) as session:
        return {restore_id: (id_, status)
                for restore_id, id_, status in session.execute(
                    sa.select(table.source_operation_id, table.id,
                              table.status)
                    .where(table.source_operation_id.in_(restore_ids))
                    .order_by(table.created_at, table.id))}
