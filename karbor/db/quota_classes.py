# SPDX-License-Identifier: Apache-2.0
"""Limits of classes of projects in the database."""

from collections.abc import Mapping
from typing import Any

from oslo_db import exception as db_exception
import sqlalchemy as sa
from sqlalchemy import orm

from karbor.context import RequestContext
from karbor.db import models
from karbor.db import session as db


def get(context: RequestContext, class_name: str,
        configured: Mapping[str, int]) -> dict[str, int]:
    """Limits of a class by resource.

    :param configured: where the class has none
    """
    with db.reader(context) as session:
        found: dict[str, int] = {
            row.resource: row.hard_limit for row in session.execute(
                sa.select(models.QuotaClass.resource,
                          models.QuotaClass.hard_limit)
                .where(models.QuotaClass.class_name == class_name))}
        return {resource: found.get(resource, limit)
                for resource, limit in configured.items()}


def update(context: RequestContext, class_name: str,
           limits: Mapping[str, int]) -> None:
    """Give a class limits; others that it has stay.

    They hold for whatever is begun when this has returned.
    """
    try:
        _update(context, class_name, limits)
    except db_exception.DBDuplicateEntry:
        # somebody else has made the row at the same moment
        _update(context, class_name, limits)


@db.retry
def _update(context: RequestContext, class_name: str,
            limits: Mapping[str, int]) -> None:
    with db.writer(context) as session:
        # in one order, so that no two wait for each other
        for resource, limit in sorted(limits.items()):
            set_(session, models.QuotaClass, limit, class_name=class_name,
                 resource=resource)


def set_(session: orm.Session, model: Any, limit: int, **key: str) -> None:
    """Write a limit into the row of a key, which may have to be made."""
    if not db.changed(session, sa.update(model).filter_by(**key).values(
            hard_limit=limit)):
        session.execute(sa.insert(model).values(hard_limit=limit, **key))
