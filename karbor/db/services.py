# SPDX-License-Identifier: Apache-2.0
"""Daemons and their heartbeats in the database."""

from collections.abc import Mapping
from typing import Any

from oslo_db import exception as db_exception
import sqlalchemy as sa
from sqlalchemy import orm

from karbor import exception
from karbor.context import RequestContext
from karbor.db import models
from karbor.db import session as db
from karbor.db import types
from karbor.model import states
from karbor.model.service import Service


def heartbeat(context: RequestContext, host: str, binary: str,
              limits: Mapping[str, Any] | None = None) -> str:
    """Note that a daemon lives; its first heartbeat makes its row.

    :param limits: those of the queue that it has now
    :return: its status, which an operator may have changed
    """
    try:
        return _beat(context, host, binary, limits)
    except db_exception.DBDuplicateEntry:
        # another worker of this host has made the row at the same moment
        return _beat(context, host, binary, limits)


@db.retry
def _beat(context: RequestContext, host: str, binary: str,
          limits: Mapping[str, Any] | None) -> str:
    with db.writer(context) as session:
        if not db.changed(session, sa.update(models.Service).where(
                models.Service.host == host,
                models.Service.binary == binary).values(
                    limits=limits, updated_at=types.now())):
            session.execute(sa.insert(models.Service).values(
                host=host, binary=binary, status='enabled', limits=limits,
                updated_at=types.now()))
        return _status(session, host, binary)


def status(context: RequestContext, host: str, binary: str) -> str:
    """The status of a daemon, which may not have beaten yet."""
    with db.reader(context) as session:
        return _status(session, host, binary)


def _status(session: orm.Session, host: str, binary: str) -> str:
    found: str | None = session.execute(sa.select(models.Service.status).where(
        models.Service.host == host,
        models.Service.binary == binary)).scalar()
    return found or 'enabled'


def _rows(session: orm.Session, down_time: float,
          *conditions: sa.ColumnElement[bool]) -> list[Service]:
    up = models.Service.updated_at >= types.now(-down_time)
    select = (sa.select(models.Service, up.label('up')).where(*conditions)
              .order_by(models.Service.id))
    return [Service(id=row.id, host=row.host, binary=row.binary,
                    status=row.status, updated_at=row.updated_at,
                    up=bool(alive), disabled_reason=row.disabled_reason,
                    limits=row.limits)
            for row, alive in session.execute(select)]


def list_(context: RequestContext, down_time: float,
          host: str | None = None,
          binary: str | None = None) -> list[Service]:
    """All daemons that ever beat.

    :param down_time: seconds after which a silent one counts as down
    """
    conditions = []
    if host is not None:
        conditions.append(models.Service.host == host)
    if binary is not None:
        conditions.append(models.Service.binary == binary)
    with db.reader(context) as session:
        return _rows(session, down_time, *conditions)


@db.retry
def set_status(context: RequestContext, service_id: int, status: str,
               reason: str | None, down_time: float) -> Service:
    """Enable or disable a daemon; it is told with its next heartbeat.

    :raises exception.ServiceNotFound: there is none of that id
    """
    with db.writer(context) as session:
        allowed = states.SERVICE.sources(status)
        if not db.changed(session, sa.update(models.Service).where(
                models.Service.id == service_id,
                models.Service.status.in_(allowed)).values(
                    status=status, disabled_reason=reason)):
            present = session.execute(sa.select(models.Service.status).where(
                models.Service.id == service_id)).scalar()
            if present is None:
                raise exception.ServiceNotFound(id=service_id)
            states.SERVICE.check(present, status)
        [service] = _rows(session, down_time, models.Service.id == service_id)
        return service
