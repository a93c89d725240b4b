# SPDX-License-Identifier: Apache-2.0
"""Places in a sorted table: the order, and what comes after a place.

oslo.db has this too, but two things about it: it loses its way among rows
without a value, and no database finds the beginning of a late page by an
index in the condition that it makes.
"""

from collections.abc import Mapping, Sequence
import datetime
from typing import Any

import sqlalchemy as sa

from karbor import exception
from karbor.i18n import _

# (column, ``asc`` or ``desc``) pairs; the last column is the id
Order = Sequence[tuple[Any, str]]


def columns(model: Any, order: Sequence[tuple[str, str]]) -> Order:
    """The columns of a table that a list is sorted by."""
    return [(getattr(model, key), direction) for key, direction in order]


def order_by(order: Order) -> list[sa.ColumnElement[Any]]:
    """For the ORDER BY; rows without a value come after all others.

    In descending order they come before them.
    """
    clauses = []
    for column, direction in order:
        # databases do not agree where NULL belongs
        keys = ([column.is_(None), column] if column.nullable else [column])
        clauses += [key.desc() if direction == 'desc' else key.asc()
                    for key in keys]
    return clauses


def after(order: Order, values: Sequence[Any]) -> sa.ColumnElement[bool]:
    """Whether a row comes after a place.

    :param values: what is sorted by, as it is at the place
    """
    condition: sa.ColumnElement[bool] = sa.false()
    for (column, direction), value in reversed(
            list(zip(order, values, strict=True))):
        condition = sa.or_(_beyond(column, direction, value),
                           sa.and_(column.is_(None) if value is None
                                   else column == value, condition))
    column, direction = order[0]
    if not column.nullable:
        # Says nothing new, but that it says so of one column alone lets
        # the databases begin in the middle of an index.
        condition = sa.and_(
            column <= values[0] if direction == 'desc'
            else column >= values[0], condition)
    return condition


def _beyond(column: Any, direction: str,
            value: Any) -> sa.ColumnElement[bool]:
    if direction == 'desc':
        less: sa.ColumnElement[bool] = (
            column.is_not(None) if value is None else column < value)
        return less
    if value is None:
        return sa.false()
    more: sa.ColumnElement[bool] = column > value
    return sa.or_(more, column.is_(None)) if column.nullable else more


def values(order: Order, position: Mapping[str, Any],
           id_: str) -> list[Any]:
    """The values of a place that somebody else remembered.

    :param position: plain values by key, as JSON has them
    :param id_: the value of the last column
    :raises exception.Invalid: they are not of this order
    """
    *others, _id = order
    if set(position) != {column.key for column, _direction in others}:
        raise exception.Invalid(field='position', reason=_(
            'expected a position in a list that is sorted alike'))
    return [*(_typed(column, position[column.key])
              for column, _direction in others), id_]


def _typed(column: Any, value: Any) -> Any:
    kind = column.type.python_type
    try:
        if value is None and column.nullable:
            return None
        if kind is datetime.datetime and isinstance(value, str):
            time = datetime.datetime.fromisoformat(value)
            # others could leave the years that there are when converted
            if time.utcoffset() == datetime.timedelta(0):
                return time
        elif type(value) is kind:
            return value
    except ValueError:
        # said below, like all other things that are no such value
        pass
    raise exception.Invalid(field='position', reason=_(
        'expected a value of %s') % column.key)
