# SPDX-License-Identifier: Apache-2.0
"""Plans in the database."""

from collections.abc import Collection, Mapping, Sequence
import dataclasses
from typing import Any

from oslo_utils import timeutils
import sqlalchemy as sa
from sqlalchemy import orm

from karbor import exception
from karbor.context import RequestContext
from karbor.db import models
from karbor.db import query
from karbor.db import quotas
from karbor.db import session as db
from karbor.model import states
from karbor.model.plan import Plan
from karbor.model.query import ListQuery
from karbor.model.quota import UNLIMITED
from karbor.model.resource import Resource

EXACT = ('id', 'project_id', 'provider_id', 'status')
CONTAINING = ('name', 'description')
_PLANS: Any = models.Plan.__table__
_RESOURCES: Any = models.PlanResource.__table__


def _model(row: models.Plan, resources: tuple[Resource, ...]) -> Plan:
    return Plan(
        id=row.id, project_id=row.project_id, name=row.name,
        description=row.description, provider_id=row.provider_id,
        status=row.status, parameters=row.parameters, resources=resources,
        missing_resources=row.missing_resources,
        created_at=row.created_at, updated_at=row.updated_at)


# Resources are read and written as rows of their table: as objects of the
# session, a plan of 1,000 takes five times the CPU.

def _resources(session: orm.Session,
               plan_ids: Collection[str]) -> dict[str, tuple[Resource, ...]]:
    """Resources of some plans, in their order."""
    found: dict[str, list[Resource]] = {key: [] for key in plan_ids}
    if found:
        for plan_id, *values in session.execute(
                sa.select(_RESOURCES.c.plan_id, _RESOURCES.c.resource_type,
                          _RESOURCES.c.resource_id, _RESOURCES.c.name,
                          _RESOURCES.c.extra_info)
                .where(_RESOURCES.c.plan_id.in_(found))
                .order_by(_RESOURCES.c.plan_id, _RESOURCES.c.position)):
            found[plan_id].append(Resource(*values))
    return {key: tuple(values) for key, values in found.items()}


def _insert(session: orm.Session, plan_id: str,
            resources: Sequence[Resource]) -> None:
    if resources:
        session.execute(sa.insert(_RESOURCES), [
            {'plan_id': plan_id, 'position': position,
             'resource_type': resource.type, 'resource_id': resource.id,
             'name': resource.name, 'extra_info': resource.extra_info}
            for position, resource in enumerate(resources)])


def _get(session: orm.Session, context: RequestContext, plan_id: str, *,
         lock: bool = False) -> models.Plan:
    select = (
        sa.select(models.Plan)
        .where(models.Plan.id == plan_id,
               query.fence(context, models.Plan, all_projects=True)))
    if lock:
        select = select.with_for_update()
    row = session.execute(select).scalar()
    if row is None:
        raise exception.PlanNotFound(id=plan_id)
    return row


def lock(session: orm.Session, plan_id: str) -> None:
    """Keep a plan from being removed until the transaction ends.

    :raises exception.PlanNotFound: there is none of that id, in any project
    """
    if session.execute(sa.select(models.Plan.id).where(
            models.Plan.id == plan_id).with_for_update(
                read=True)).scalar() is None:
        raise exception.PlanNotFound(id=plan_id)


@db.retry
def create(context: RequestContext, plan: Plan,
           configured: int = UNLIMITED) -> Plan:
    """Insert a plan, if the project's quota has room for it.

    :param configured: how many plans the project may have where the database
        has no limit for it
    :raises exception.QuotaExceeded: there are that many already
    """
    plan = dataclasses.replace(
        plan, created_at=timeutils.utcnow(with_timezone=True))
    with db.writer(context) as session:
        quotas.admit(session, plan.project_id, 'plans', configured)
        session.execute(sa.insert(_PLANS), {
            'id': plan.id, 'project_id': plan.project_id, 'name': plan.name,
            'description': plan.description, 'status': plan.status,
            'provider_id': plan.provider_id, 'created_at': plan.created_at,
            'parameters': dict(plan.parameters),
            'missing_resources': plan.missing_resources})
        _insert(session, plan.id, plan.resources)
        return plan


def get(context: RequestContext, plan_id: str) -> Plan:
    """One plan that the context may see.

    :raises exception.PlanNotFound: there is none
    """
    with db.reader(context) as session:
        row = _get(session, context, plan_id)
        return _model(row, _resources(session, [row.id])[row.id])


def list_(context: RequestContext, wanted: ListQuery) -> list[Plan]:
    """A page of plans."""
    with db.reader(context) as session:
        select = query.page(session, context, models.Plan, wanted,
                            exact=EXACT, containing=CONTAINING)
        rows = query.rows(session, select)
        resources = _resources(session, [row.id for row in rows])
        return [_model(row, resources[row.id]) for row in rows]


@db.retry
def update(context: RequestContext, plan_id: str,
           changes: Mapping[str, Any]) -> Plan:
    """Change attributes of a plan.

    :param changes: new values by attribute; ``resources`` replaces all
    :raises exception.IllegalTransition: the status cannot become that
    :raises exception.InvalidPlan: the plan is started and anything but its
        status would change
    """
    with db.writer(context) as session:
        # a plan must not be started between the check and the change
        row = _get(session, context, plan_id, lock=True)
        if row.status != 'suspended' and set(changes) != {'status'}:
            raise exception.InvalidPlan(
                reason=f'plan {plan_id} is {row.status}; only a suspended '
                       'plan can be changed')
        if 'status' in changes:
            states.PLAN.check(row.status, changes['status'])
        for name, value in changes.items():
            if name == 'resources':
                db.changed(session, sa.delete(_RESOURCES).where(
                    _RESOURCES.c.plan_id == plan_id))
                _insert(session, plan_id, value)
            else:
                setattr(row, name, value)
        row.updated_at = timeutils.utcnow(with_timezone=True)
        session.flush()
        return _model(row, _resources(session, [plan_id])[plan_id])


@db.retry
def delete(context: RequestContext, plan_id: str, *,
           used: bool = False) -> None:
    """Remove a plan; its checkpoints stay.

    :param used: even if scheduled operations need it
    :raises exception.PlanNotFound: there is none
    :raises exception.PlanInUse: an operation needs it
    """
    with db.writer(context) as session:
        if not db.changed(session, sa.delete(models.Plan).where(
                models.Plan.id == plan_id,
                query.fence(context, models.Plan, all_projects=True))):
            raise exception.PlanNotFound(id=plan_id)
        # after the DELETE, because that waits for whoever binds an operation
        operation_id = None if used else _operation(session, plan_id)
        if operation_id is not None:
            raise exception.PlanInUse(id=plan_id, operation=operation_id)


def _operation(session: orm.Session, plan_id: str) -> str | None:
    """One of the scheduled operations of a plan, as last committed."""
    return session.execute(
        sa.select(models.ScheduledOperation.id)
        .where(models.ScheduledOperation.plan_id == plan_id)
        .order_by(models.ScheduledOperation.id).limit(1)
        .with_for_update(read=True)).scalar()
