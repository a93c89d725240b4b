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
    missing_resources = _text(16, nullable=False, default='error',
                              server_default='error')
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
    # NULL: no damage of it is known
    damaged_at = orm.mapped_column(UTCDateTime, nullable=True)
    damage_reason = orm.mapped_column(LongText, nullable=True)
    # an operation
    damage_found_by = _id(nullable=True)
    # resources of the plan that did not exist when it was made
    missing = orm.mapped_column(JSONText, nullable=True)
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
        # This one is the queue, see karbor.db.queue: all that it asks for.
        sa.Index('ix_operations_queue', 'status', 'project_id', 'provider_id',
                 'created_at', 'id', 'lane', 'type'),
        sa.Index(None, 'checkpoint_id', 'status'),
        sa.Index(None, 'source_checkpoint_id', 'status'),
        sa.Index(None, 'source_operation_id'),
        sa.Index(None, 'scheduled_run_id'),
        # when a plan was last protected
        sa.Index(None, 'plan_id', 'type', 'status', 'ended_at'),
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
    # the restore that is undone
    source_operation_id = _id(nullable=True)
    plan_id = _id(nullable=True)
    # those of the same lane run one after another
    lane = _text(80, nullable=True)
    # in which it is as well; few have any
    more_lanes = orm.mapped_column(JSONText, nullable=True)
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


class Turn(Base):
    """Where those queue up who do a thing one after another."""

    __tablename__ = 'turns'
    __table_args__ = (MYSQL,)

    name = _text(64, primary_key=True)
    number = orm.mapped_column(sa.BigInteger, nullable=False)


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


class OperationRecord(Base):
    """What a restore is about to make or to overwrite, some at a time."""

    __tablename__ = 'operation_records'
    __table_args__ = (MYSQL,)

    operation_id = orm.mapped_column(
        sa.ForeignKey('operations.id', ondelete='CASCADE'), primary_key=True)
    # of the resource in the graph
    position = orm.mapped_column(sa.Integer, primary_key=True,
                                 autoincrement=False)
    # in the order in which they were announced
    number = orm.mapped_column(sa.Integer, primary_key=True,
                               autoincrement=False)
    records = orm.mapped_column(JSONText, nullable=False)


class Trigger(Base):
    __tablename__ = 'triggers'
    __table_args__ = (
        sa.Index(None, 'project_id', 'created_at', 'id'),
        sa.Index(None, 'next_time'),
        # who wants an event of a project
        sa.Index(None, 'project_id', 'source'),
        MYSQL)

    id = _id(primary_key=True)
    project_id = _text(nullable=False)
    name = _text(nullable=False)
    type = _text(64, nullable=False)
    properties = orm.mapped_column(JSONText, nullable=False)
    # when an engine is to look at it; NULL: never
    next_time = orm.mapped_column(UTCDateTime, nullable=True)
    # each of its times up to this one has its runs
    done_until = orm.mapped_column(UTCDateTime, nullable=True)
    # the events that it will have fired for at its next time
    pending = orm.mapped_column(JSONText, nullable=True)
    # of a trigger of events: the name of their source
    source = _text(64, nullable=True)
    # of a webhook: number of its secret, which is stored nowhere
    secret_version = orm.mapped_column(sa.Integer, nullable=True)
    created_at = orm.mapped_column(UTCDateTime, nullable=False)
    updated_at = orm.mapped_column(UTCDateTime, nullable=True)


class TriggerEvent(Base):
    """What a trigger has taken, so that it takes it once."""

    __tablename__ = 'trigger_events'
    __table_args__ = (sa.Index(None, 'trigger_id', 'received_at'), MYSQL)

    trigger_id = orm.mapped_column(
        sa.ForeignKey('triggers.id', ondelete='CASCADE'), primary_key=True)
    # of an event or of a signature; see karbor.actions.events
    mark = _text(150, primary_key=True)
    received_at = orm.mapped_column(UTCDateTime, nullable=False)


class ScheduledOperation(Base):
    __tablename__ = 'scheduled_operations'
    __table_args__ = (
        sa.Index(None, 'project_id', 'created_at', 'id'),
        sa.Index(None, 'trigger_id'),
        sa.Index(None, 'plan_id'),
        sa.Index(None, 'retention_at'),
        # whether somebody has one left
        sa.Index(None, 'project_id', 'user_id'),
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
    overlap = _text(16, nullable=False, default='skip',
                    server_default='skip')
    # seconds
    complete_within = orm.mapped_column(sa.Integer, nullable=True)
    # how many runs have verified a subset, which is then the next one's
    turn = orm.mapped_column(sa.BigInteger, nullable=False, default=0,
                             server_default='0')
    # when its checkpoints are to be swept next; NULL: never
    retention_at = orm.mapped_column(UTCDateTime, nullable=True)
    # why the last sweep could not do all that it was to do
    retention_reason = orm.mapped_column(LongText, nullable=True)
    created_at = orm.mapped_column(UTCDateTime, nullable=False)
    updated_at = orm.mapped_column(UTCDateTime, nullable=True)


class Run(Base):
    __tablename__ = 'runs'
    __table_args__ = (
        # one expected time, one row; pages of an operation's runs, too
        sa.UniqueConstraint('scheduled_operation_id', 'expected_at'),
        sa.Index(None, 'status', 'expected_at'),
        sa.Index(None, 'waits_for'),
        MYSQL)

    id = _id(primary_key=True)
    scheduled_operation_id = orm.mapped_column(
        sa.ForeignKey('scheduled_operations.id', ondelete='CASCADE'),
        nullable=False)
    project_id = _text(nullable=False)
    trigger_id = _id(nullable=False)
    plan_id = _id(nullable=False)
    origin = _text(16, nullable=False)
    expected_at = orm.mapped_column(UTCDateTime, nullable=False)
    triggered_at = orm.mapped_column(UTCDateTime, nullable=False)
    start_by = orm.mapped_column(UTCDateTime, nullable=True)
    complete_by = orm.mapped_column(UTCDateTime, nullable=True)
    late = orm.mapped_column(sa.Boolean, nullable=False, default=False)
    status = _text(32, nullable=False)
    reason = orm.mapped_column(LongText, nullable=True)
    # the events that it was triggered by
    cause = orm.mapped_column(JSONText, nullable=True)
    owner = _text(nullable=True)
    lease_until = orm.mapped_column(UTCDateTime, nullable=True)
    attempt = orm.mapped_column(sa.Integer, nullable=False, default=0)
    # the run that has to end before this one may start
    waits_for = _id(nullable=True)
    # no foreign keys: a run outlives what it has made
    checkpoint_id = _id(nullable=True)
    operation_id = _id(nullable=True)
    started_at = orm.mapped_column(UTCDateTime, nullable=True)
    ended_at = orm.mapped_column(UTCDateTime, nullable=True)


class Trust(Base):
    """By what Karbor acts as a user in a project.

    A row is inserted before its trust is made, and removed after that was
    deleted: from first to last, Keystone has no trust of which we do not know.
    """

    __tablename__ = 'trusts'
    __table_args__ = (
        # NULL is not equal to itself: one is in use, any number is not
        sa.UniqueConstraint('user_id', 'project_id', 'in_use'),
        sa.Index(None, 'sweep_at'),
        MYSQL)

    # it is written on the trust, so that one whose id was lost is found
    id = _id(primary_key=True)
    user_id = _text(nullable=False)
    project_id = _text(nullable=False)
    # of Keystone; NULL: somebody may be about to make it
    trust_id = _text(64, nullable=True)
    # true, or NULL: it is to be deleted
    in_use = orm.mapped_column(sa.Boolean, nullable=True)
    # how often it was held or let go; whoever does it changes the row, which
    # two nodes of Galera see where they do not see each other's locks
    turn = orm.mapped_column(sa.BigInteger, nullable=False, default=0)
    # when somebody has to look after it, and how often that was in vain
    sweep_at = orm.mapped_column(UTCDateTime, nullable=False)
    attempts = orm.mapped_column(sa.Integer, nullable=False, default=0)
    created_at = orm.mapped_column(UTCDateTime, nullable=False)


class Service(Base):
    __tablename__ = 'services'
    __table_args__ = (sa.UniqueConstraint('host', 'binary'), MYSQL)

    id = orm.mapped_column(sa.Integer, primary_key=True)
    host = _text(nullable=False)
    binary = _text(64, nullable=False)
    status = _text(32, nullable=False)
    disabled_reason = _text(nullable=True)
    # of the queue, as a protection service has them configured
    limits = orm.mapped_column(JSONText, nullable=True)
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
