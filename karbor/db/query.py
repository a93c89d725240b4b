# SPDX-License-Identifier: Apache-2.0
"""Pages of a list: fence, filters, order and marker in one query."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from karbor import exception
from karbor.context import RequestContext
from karbor.db import position
from karbor.db.types import JSONText
from karbor.db.types import LongText
from karbor.model.query import ListQuery


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
    :raises exception.MarkerNotFound: the marker is not in the list, and
        the query does not know where it was
    :raises exception.Invalid: the query's position is not of this list
    """
    visible = fence(context, model, query.all_projects)
    if where is not None:
        visible = sa.and_(visible, where)
    order = position.columns(model, query.order())
    select = (
        sa.select(model)
        .where(visible, *_conditions(model, query.filters, exact, containing))
        .order_by(*position.order_by(order)).limit(query.limit))
    if query.marker is not None:
        select = select.where(position.after(order, _place(
            session, model, query, order, visible)))
    return select.offset(query.offset) if query.offset else select


def rows(session: orm.Session, select: Any) -> list[Any]:
    """The rows of a page, with an attribute for each column.

    They are not objects of the session, which a list would only read and
    which take three times the CPU.
    """
    [entity] = select.column_descriptions
    return list(session.execute(select.with_only_columns(
        *entity['entity'].__table__.columns)))


def _place(session: orm.Session, model: Any, query: ListQuery,
           order: position.Order,
           visible: sa.ColumnElement[bool]) -> Sequence[Any]:
    """What is sorted by, as it is or was in the marker's row."""
    marker = str(query.marker)
    if query.position is not None:
        return position.values(order, query.position, marker)
    row = session.execute(
        sa.select(*(column for column, _direction in order))
        .where(model.id == marker, visible)).one_or_none()
    if row is None:
        raise exception.MarkerNotFound(marker=marker)
    return row


def _conditions(model: Any, filters: Mapping[str, Any],
                exact: Collection[str], containing: Collection[str],
                ) -> list[sa.ColumnElement[bool]]:
    conditions = []
    for name, value in filters.items():
        column = getattr(model, name)
        if isinstance(column.type, JSONText):
            # the text of the JSON, as it is stored
            column = sa.type_coerce(column, LongText)
        if name in containing and value is not None:
            conditions.append(column.contains(str(value), autoescape=True))
        elif name in exact or name in containing:
            conditions.append(column == (
                value if value is None or not isinstance(
                    column.type, sa.String) else str(value)))
        else:
            raise exception.Invalid(field=name, reason='not a filter')
    return conditions
