# SPDX-License-Identifier: Apache-2.0
"""Pages of a list: fence, filters, order and marker in one query."""

from collections.abc import Collection, Mapping
from typing import Any
import zlib

from oslo_db.sqlalchemy import utils
import sqlalchemy as sa
from sqlalchemy import orm

from karbor import exception
from karbor.context import RequestContext
from karbor.model.query import ListQuery

# in the order of the marker's row when all that was asked for is equal
TIE_BREAKERS = ('created_at', 'id')


def fence(context: RequestContext, model: Any,
          all_projects: bool = False) -> sa.ColumnElement[bool]:
    """What the context may see of a table: the rows of its project.

    :param all_projects: an administrator's wish, checked by policy above;
        from others it is an error here, too
    """
    if context.is_system or (all_projects and context.is_admin):
        return sa.true()
    mine: sa.ColumnElement[bool] = model.project_id == context.project_id
    return mine


def page(session: orm.Session, context: RequestContext, model: Any,
         query: ListQuery, *, exact: Collection[str] = (),
         containing: Collection[str] = (),
         where: sa.ColumnElement[bool] | None = None) -> Any:
    """A SELECT of one page.

    :param exact: columns whose filters compare whole values
    :param containing: columns whose filters look for a part of the text
    :param where: further condition of the list itself
    :raises exception.MarkerNotFound: the marker is not in the list
    """
    visible = fence(context, model, query.all_projects)
    if where is not None:
        visible = sa.and_(visible, where)
    marker = None
    if query.marker is not None:
        marker = session.execute(sa.select(model).where(
            model.id == query.marker, visible)).scalar()
        if marker is None:
            raise exception.MarkerNotFound(marker=query.marker)
    sort = list(query.sort) or [('created_at', 'desc')]
    named = {key for key, _direction in sort}
    sort += [(key, sort[0][1]) for key in TIE_BREAKERS if key not in named]
    select = sa.select(model).where(
        visible, *_conditions(model, query.filters, exact, containing))
    select = utils.paginate_query(
        select, model, query.limit, [key for key, _direction in sort],
        marker=marker, sort_dirs=[direction for _key, direction in sort])
    return select.offset(query.offset) if query.offset else select


def _conditions(model: Any, filters: Mapping[str, Any],
                exact: Collection[str], containing: Collection[str],
                ) -> list[sa.ColumnElement[bool]]:
    conditions = []
    for name, value in filters.items():
        column = getattr(model, name)
        if name in containing and value is not None:
            conditions.append(column.contains(str(value), autoescape=True))
        elif name in exact or name in containing:
            conditions.append(column == (
                value if value is None or not isinstance(
                    column.type, sa.String) else str(value)))
        else:
            raise exception.Invalid(field=name, reason='not a filter')
    return conditions


def check_quota(session: orm.Session, model: Any, project_id: str,
                resource: str, limit: int | None) -> None:
    """Count what a project has, its new row included.

    :param limit: how many it may have; None is no limit
    :raises exception.QuotaExceeded: it has more; the transaction ends
    """
    if limit is None:
        return
    select = (sa.select(sa.func.count()).select_from(model)
              .where(model.project_id == project_id))
    # A row that is not committed yet is not counted by others, so of those
    # who make rows at the same time one has to count after the other.
    if session.get_bind().dialect.name == 'postgresql':
        number = zlib.crc32(f'{resource}/{project_id}'.encode())
        session.execute(sa.select(sa.func.pg_advisory_xact_lock(number)))
    else:
        # SQLite has one writer anyhow; in MariaDB two wait for each other's
        # row, and the one that is told of a deadlock begins again
        select = select.with_for_update()
    count = session.execute(select).scalar_one()
    if count > limit:
        raise exception.QuotaExceeded(resource=resource, limit=limit)
