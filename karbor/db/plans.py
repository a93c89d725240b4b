# SPDX-License-Identifier: Apache-2.0
"""Plans in the database."""

from collections.abc import Mapping
from typing import Any

from oslo_utils import timeutils
import sqlalchemy as sa
from sqlalchemy import orm

from karbor import exception
from karbor.context import RequestContext
from karbor.db import models
from karbor.db import query
from karbor.db import session as db
from karbor.model import states
from karbor.model.plan import Plan
from karbor.model.query import ListQuery
from karbor.model.resource import Resource

EXACT = ('id', 'project_id', 'provider_id', 'status')
CONTAINING = ('name', 'description')


def _model(row: models.Plan) -> Plan:
    return Plan(
        id=row.id, project_id=row.project_id, name=row.name,
        description=row.description, provider_id=row.provider_id,
        status=row.status, parameters=row.parameters,
        resources=tuple(Resource(r.resource_type, r.resource_id, r.name,
                                 r.extra_info) for r in row.resources),
        created_at=row.created_at, updated_at=row.updated_at)


def _resources(resources: tuple[Resource, ...]) -> list[models.PlanResource]:
    return [models.PlanResource(
        position=position, resource_type=resource.type,
        resource_id=resource.id, name=resource.name,
        extra_info=resource.extra_info)
        for position, resource in enumerate(resources)]


def _get(session: orm.Session, context: RequestContext, plan_id: str, *,
         lock: bool = False) -> models.Plan:
    select = (
        sa.select(models.Plan)
        .where(models.Plan.id == plan_id,
               query.fence(context, models.Plan, all_projects=True))
        .options(orm.selectinload(models.Plan.resources)))
    if lock:
        select = select.with_for_update()
    row = session.execute(select).scalar()
    if row is None:
        raise exception.PlanNotFound(id=plan_id)
    return row


@db.retry
def create(context: RequestContext, plan: Plan,
           limit: int | None = None) -> Plan:
    """Insert a plan and count it against the project's quota.

    :param limit: how many plans the project may have; None is no limit
    :raises exception.QuotaExceeded: there are that many already
    """
    with db.writer(context) as session:
        row = models.Plan(
            id=plan.id, project_id=plan.project_id, name=plan.name,
            description=plan.description, provider_id=plan.provider_id,
            status=plan.status, parameters=dict(plan.parameters),
            created_at=timeutils.utcnow(with_timezone=True),
            resources=_resources(plan.resources))
        session.add(row)
        session.flush()
        query.check_quota(session, models.Plan, plan.project_id, 'plans',
                          limit)
        return _model(row)


def get(context: RequestContext, plan_id: str) -> Plan:
    """One plan that the context may see.

    :raises exception.PlanNotFound: there is none
    """
    with db.reader(context) as session:
        return _model(_get(session, context, plan_id))


def list_(context: RequestContext, wanted: ListQuery) -> list[Plan]:
    """A page of plans."""
    with db.reader(context) as session:
        select = query.page(session, context, models.Plan, wanted,
                            exact=EXACT, containing=CONTAINING)
        return [_model(row) for row in session.execute(select.options(
            orm.selectinload(models.Plan.resources))).scalars()]


@db.retry
def update(context: RequestContext, plan_id: str,
           changes: Mapping[str, Any]) -> Plan:
    """Change name, description, status or resources of a plan.

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
                row.resources.clear()
                session.flush()
                row.resources.extend(_resources(value))
            else:
                setattr(row, name, value)
        row.updated_at = timeutils.utcnow(with_timezone=True)
        session.flush()
        return _model(row)


@db.retry
def delete(context: RequestContext, plan_id: str) -> None:
    """Remove a plan; its checkpoints stay.

    :raises exception.PlanNotFound: there is none
    """
    with db.writer(context) as session:
        if not db.changed(session, sa.delete(models.Plan).where(
                models.Plan.id == plan_id,
                query.fence(context, models.Plan, all_projects=True))):
            raise exception.PlanNotFound(id=plan_id)
