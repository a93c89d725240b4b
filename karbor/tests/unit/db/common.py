# SPDX-License-Identifier: Apache-2.0
"""Rows, contexts and threads for the tests of the repositories."""

import dataclasses
import datetime
import threading
import uuid

import sqlalchemy as sa

from karbor import context
from karbor.db import checkpoints
from karbor.db import models
from karbor.db import operations
from karbor.db import session as db
from karbor.db import types
from karbor.model.checkpoint import Checkpoint
from karbor.model.operation import Operation
from karbor.model.operation import OperationResource
from karbor.model.plan import Plan
from karbor.model.resource import Resource
from karbor.model.run import Firing
from karbor.model.scheduled_operation import ScheduledOperation
from karbor.model.trigger import Trigger
from karbor.tests import fixtures

PROJECT, OTHER = fixtures.PROJECT, fixtures.OTHER
PROVIDER = fixtures.PROVIDER
NOWHERE = fixtures.NOWHERE
NOON = datetime.datetime(2026, 11, 22, 12, 0, 0, 123456, datetime.UTC)


def member(project=PROJECT, user='u'):
    return context.RequestContext(user_id=user, project_id=project,
                                  overwrite=False)


def admin(project=PROJECT):
    return context.RequestContext(user_id='a', project_id=project,
                                  is_admin=True, overwrite=False)


def system():
    return context.system()


def plan(**changes):
    return Plan(**{
        'id': str(uuid.uuid4()), 'project_id': PROJECT, 'name': 'shop',
        'provider_id': PROVIDER, 'parameters': {'T': {'deep': [1, None]}},
        'resources': (Resource('T', '1', 'one', {'az': 'nova'}),
                      Resource('T', '0', 'two')), **changes})


def never(trigger, done_until, now):
    """What is owed by a trigger that does not fire."""
    return Firing((), now, None)


def checkpoint(**changes):
    return Checkpoint(**{
        'id': str(uuid.uuid4()), 'project_id': PROJECT,
        'provider_id': PROVIDER, 'plan_id': str(uuid.uuid4()),
        'plan': {'name': 'shop', 'resources': []}, 'status': 'protecting',
        'origin': 'manual', 'created_at': NOON, **changes})


def operation(**changes):
    return Operation(**{
        'id': str(uuid.uuid4()), 'type': 'protect', 'project_id': PROJECT,
        'user_id': 'u', 'provider_id': PROVIDER,
        'checkpoint_id': str(uuid.uuid4()), 'status': 'queued',
        'request': {'parameters': {}}, 'created_at': NOON, **changes})


def resource(position, **changes):
    return OperationResource(**{
        'position': position, 'type': 'T', 'id': f'r{position}',
        'name': f'n{position}', **changes})


def trigger(**changes):
    return Trigger(**{
        'id': str(uuid.uuid4()), 'project_id': PROJECT, 'name': 'nightly',
        'type': 'time', 'properties': {'format': 'f', 'window': 900},
        **changes})


def scheduled_operation(**changes):
    return ScheduledOperation(**{
        'id': str(uuid.uuid4()), 'project_id': PROJECT, 'user_id': 'u',
        'name': 'keep', 'operation_type': 'protect',
        'operation_definition': {'deep': [1, None]}, **changes})


def save(*rows):
    """Insert checkpoints and operations; returns the only or all of them."""
    with db.writer(system()) as session:
        for row in rows:
            (checkpoints if isinstance(row, Checkpoint)
             else operations).insert(session, row)
    return rows[0] if len(rows) == 1 else rows


def claimed(**changes):
    """An operation that a worker named w holds."""
    waiting = save(operation(**changes))
    found = operations.claim(system(), 'w', 60)
    assert found.id == waiting.id
    return found


def silence(operation):
    """Let the lease of an operation be over."""
    with db.writer(system()) as session:
        db.changed(session, sa.update(models.Operation).where(
            models.Operation.id == operation.id).values(
                lease_until=types.now(-1)))


def later(seconds):
    return NOON + datetime.timedelta(seconds=seconds)


def plain(row):
    return dataclasses.asdict(row)


def side_by_side(*calls):
    """Call all at the same time; what they returned or raised, in order."""
    ready = threading.Barrier(len(calls))
    answers = [None] * len(calls)

    def one(number, call):
        ready.wait()
        try:
            answers[number] = call()
        except Exception as error:
            # the test looks at what was raised
            answers[number] = error

    threads = [threading.Thread(target=one, args=item)
               for item in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers
