# SPDX-License-Identifier: Apache-2.0
"""The tables."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from karbor.db.types import JSONText
from karbor.db.types import LongText
from karbor.db.types import UTCDateTime

# Names of constraints, so that a migration can drop what another made.
NAMING = {
    'ix': 'ix_%(table_name)s_%(column_0_N_name)s',
    'uq': 'uq_%(table_name)s_%(column_0_N_name)s',
    'fk': 'fk_%(table_name)s_%(column_0_name)s',
    'pk': 'pk_%(table_name)s',
}
# Ids and names are told apart by every bit, as the other databases do.
MYSQL = {'mysql_engine': 'InnoDB', 'mysql_charset': 'utf8mb4',
         'mysql_collate': 'utf8mb4_bin', 'mariadb_engine': 'InnoDB',
         'mariadb_charset': 'utf8mb4', 'mariadb_collate': 'utf8mb4_bin'}


class Base(orm.DeclarativeBase):
    metadata = sa.MetaData(naming_convention=NAMING)


def _id(**kwargs: Any) -> Any:
    return orm.mapped_column(sa.String(36), **kwargs)


def _text(length: int = 255, **kwargs: Any) -> Any:
    return orm.mapped_column(sa.String(length), **kwargs)


class Plan(Base):
    __tablename__ = 'plans'
    __table_args__ = (sa.Index(None, 'project_id', 'created_at', 'id'), MYSQL)

    id = _id(primary_key=True)
    project_id = _text(nullable=False)
    name = _text(nullable=False)
    description = _text(nullable=True)
    provider_id = _id(nullable=False)
    status = _text(32, nullable=False)
    parameters = orm.mapped_column(JSONText, nullable=False)
    created_at = orm.mapped_column(UTCDateTime, nullable=False)
    updated_at = orm.mapped_column(UTCDateTime, nullable=True)


class PlanResource(Base):
    __tablename__ = 'plan_resources'
    __table_args__ = (MYSQL,)

    plan_id = orm.mapped_column(
        sa.ForeignKey('plans.id', ondelete='CASCADE'), primary_key=True)
    position = orm.mapped_column(sa.Integer, primary_key=True,
                                 autoincrement=False)
    resource_type = _text(nullable=False)
    resource_id = _text(nullable=False)
    name = _text(nullable=False)
    extra_info = orm.mapped_column(JSONText, nullable=True)


class Checkpoint(Base):
    __tablename__ = 'checkpoints'
    __table_args__ = (
        sa.Index(None, 'provider_id', 'project_id', 'created_at', 'id'),
        sa.Index(None, 'plan_id', 'status'),
        # what a project has is counted for its quota
        sa.Index(None, 'project_id'),
        MYSQL)

    id = _id(primary_key=True)
    project_id = _text(nullable=False)
    provider_id = _id(nullable=False)
    # no foreign key: a checkpoint outlives its plan
    plan_id = _id(nullable=False)
    plan = orm.mapped_column(JSONText, nullable=False)
    status = _text(32, nullable=False)
    status_reason = orm.mapped_column(LongText, nullable=True)
    origin = _text(32, nullable=False)
    resource_graph = orm.mapped_column(LongText, nullable=True)
    extra_info = orm.mapped_column(JSONText, nullable=True)
    size = orm.mapped_column(sa.BigInteger, nullable=True)
    sealed = orm.mapped_column(sa.Boolean, nullable=False, default=False)
    created_at = orm.mapped_column(UTCDateTime, nullable=False)
    updated_at = orm.mapped_column(UTCDateTime, nullable=True)


class Operation(Base):
    __tablename__ = 'operations'
    __table_args__ = (
        sa.Index(None, 'project_id', 'created_at', 'id'),
        # lists of one type, of which there may be few among many
        sa.Index(None, 'project_id', 'type', 'created_at', 'id'),
        # None begins with created_at: the planners would find the rows of a
        # project, and the work that waits, by walking through all others.
        sa.Index(None, 'status', 'created_at'),
        sa.Index(None, 'checkpoint_id', 'status'),
        sa.Index(None, 'source_checkpoint_id', 'status'),
        MYSQL)

    id = _id(primary_key=True)
    type = _text(32, nullable=False)
    project_id = _text(nullable=False)
    user_id = _text(nullable=True)
    provider_id = _id(nullable=False)
    # no foreign keys: the log outlives what it tells of
    checkpoint_id = _id(nullable=False)
    # of which a copy is made: it is held as long as that takes
    source_checkpoint_id = _id(nullable=True)
    plan_id = _id(nullable=True)
    status = _text(32, nullable=False)
    reason = orm.mapped_column(LongText, nullable=True)
    owner = _text(nullable=True)
    lease_until = orm.mapped_column(UTCDateTime, nullable=True)
    attempt = orm.mapped_column(sa.Integer, nullable=False, default=0)
    # claims that ended in silence, so that poison is found
    crashes = orm.mapped_column(sa.Integer, nullable=False, default=0)
    request = orm.mapped_column(JSONText, nullable=False)
    trust_id = _text(64, nullable=True)
    scheduled_operation_id = _id(nullable=True)
    scheduled_run_id = _id(nullable=True)
    request_id = _text(64, nullable=True)
    fraction = orm.mapped_column(sa.Float, nullable=False, default=0.0)
    bytes_done = orm.mapped_column(sa.BigInteger, nullable=False, default=0)
    bytes_total = orm.mapped_column(sa.BigInteger, nullable=False, default=0)
    created_at = orm.mapped_column(UTCDateTime, nullable=False)
    started_at = orm.mapped_column(UTCDateTime, nullable=True)
    ended_at = orm.mapped_column(UTCDateTime, nullable=True)
    # a wish while it runs: its worker sees it with the next heartbeat
    cancel_requested_at = orm.mapped_column(UTCDateTime, nullable=True)
    cancel_requested_by = _text(nullable=True)


class OperationResource(Base):
    __tablename__ = 'operation_resources'
    __table_args__ = (MYSQL,)

    operation_id = orm.mapped_column(
        sa.ForeignKey('operations.id', ondelete='CASCADE'), primary_key=True)
    # of the resource in the graph, parents first
    position = orm.mapped_column(sa.Integer, primary_key=True,
                                 autoincrement=False)
    resource_type = _text(nullable=False)
    resource_id = _text(nullable=False)
    name = _text(nullable=False)
    status = _text(32, nullable=False)
    fraction = orm.mapped_column(sa.Float, nullable=False, default=0.0)
    bytes_done = orm.mapped_column(sa.BigInteger, nullable=False, default=0)
    bytes_total = orm.mapped_column(sa.BigInteger, nullable=False, default=0)
    reason = orm.mapped_column(LongText, nullable=True)
    new_id = _text(nullable=True)
    hooks_done = orm.mapped_column(JSONText, nullable=False)
    memo = orm.mapped_column(JSONText, nullable=False)
    # what the bank holds of it, as the manifest will say
    entry = orm.mapped_column(JSONText, nullable=True)


class Trigger(Base):
    __tablename__ = 'triggers'
    __table_args__ = (sa.Index(None, 'project_id', 'created_at', 'id'), MYSQL)

    id = _id(primary_key=True)
    project_id = _text(nullable=False)
    name = _text(nullable=False)
    type = _text(64, nullable=False)
    properties = orm.mapped_column(JSONText, nullable=False)
    created_at = orm.mapped_column(UTCDateTime, nullable=False)
    updated_at = orm.mapped_column(UTCDateTime, nullable=True)


class ScheduledOperation(Base):
    __tablename__ = 'scheduled_operations'
    __table_args__ = (
        sa.Index(None, 'project_id', 'created_at', 'id'),
        sa.Index(None, 'trigger_id'),
        sa.Index(None, 'plan_id'),
        MYSQL)

    id = _id(primary_key=True)
    project_id = _text(nullable=False)
    user_id = _text(nullable=True)
    name = _text(nullable=False)
    description = _text(nullable=True)
    operation_type = _text(64, nullable=False)
    # a trigger in use cannot be removed
    trigger_id = orm.mapped_column(sa.ForeignKey('triggers.id'),
                                   nullable=False)
    # no foreign key: at 1.0 of the API a plan is deleted all the same
    plan_id = _id(nullable=False)
    operation_definition = orm.mapped_column(JSONText, nullable=False)
    enabled = orm.mapped_column(sa.Boolean, nullable=False, default=True)
    created_at = orm.mapped_column(UTCDateTime, nullable=False)
    updated_at = orm.mapped_column(UTCDateTime, nullable=True)


class Service(Base):
    __tablename__ = 'services'
    __table_args__ = (sa.UniqueConstraint('host', 'binary'), MYSQL)

    id = orm.mapped_column(sa.Integer, primary_key=True)
    host = _text(nullable=False)
    binary = _text(64, nullable=False)
    status = _text(32, nullable=False)
    disabled_reason = _text(nullable=True)
    updated_at = orm.mapped_column(UTCDateTime, nullable=False)


class Quota(Base):
    __tablename__ = 'quotas'
    __table_args__ = (MYSQL,)

    project_id = _text(primary_key=True)
    resource = _text(64, primary_key=True)
    # NULL: the row is only there to queue up at
    hard_limit = orm.mapped_column(sa.Integer, nullable=True)
    # how often somebody has queued up; see karbor.db.quotas
    turn = orm.mapped_column(sa.BigInteger, nullable=False, default=0)


class QuotaClass(Base):
    __tablename__ = 'quota_classes'
    __table_args__ = (MYSQL,)

    class_name = _text(primary_key=True)
    resource = _text(64, primary_key=True)
    hard_limit = orm.mapped_column(sa.Integer, nullable=False)
