# SPDX-License-Identifier: Apache-2.0
"""From every state of everything, somebody who may can reach a final one.

`test_states` walks the tables; here it is done, by what the REST API can ask
for and by what daemons do, with what a crash, an older release or a restored
database may have left.
"""

import dataclasses
import uuid

import pytest
import sqlalchemy as sa

from karbor import context as karbor_context
from karbor import exception
from karbor import plugin
from karbor.actions import checkpoints as checkpoint_actions
from karbor.actions import operations as operation_actions
from karbor.actions import plans
from karbor.actions import runs as run_actions
from karbor.actions import scheduled_operations
from karbor.actions import services as service_actions
from karbor.actions import triggers
from karbor.db import models
from karbor.db import operations
from karbor.db import run_outcomes
from karbor.db import runs
from karbor.db import services
from karbor.db import session
from karbor.model import states
from karbor.model.operation import Operation
from karbor.model.operation import TYPES
from karbor.model.query import ListQuery
from karbor.operationengine import runner
from karbor.tests.unit.protection import lab as labs
from karbor.tests.unit.protection.lab import PROVIDER

SYSTEM = karbor_context.system()
# which of these is at work on a checkpoint of each state, if one is
MAKER = {'protecting': 'protect', 'wait_copying': 'copy', 'copying': 'copy',
         'available': 'restore', 'error': 'protect', 'deleting': 'delete',
         'error-deleting': 'delete'}


def set_to(table, id_, **values):
    """What nobody is allowed to: just so."""
    with session.writer(SYSTEM) as writer:
        assert session.changed(writer, sa.update(table).where(
            table.id == id_).values(**values))


def at_work(lab, checkpoint_id, type_, status):
    """An operation of a worker that was killed, or of none."""
    running = status == 'running'
    made = Operation(
        id=str(uuid.uuid4()), type=type_, project_id=labs.PROJECT,
        user_id='u', provider_id=PROVIDER, checkpoint_id=checkpoint_id,
        status='queued', created_at=lab.checkpoint(checkpoint_id).created_at,
        source_checkpoint_id=lab.source if type_ == 'copy' else None,
        request={'source_provider_id': PROVIDER, 'parameters': {},
                 'roles': []})
    with session.writer(SYSTEM) as writer:
        operations.insert(writer, made)
    if running:
        assert lab.claim('of the dead').id == made.id
        lab.expire()
    elif status != 'queued':
        set_to(models.Operation, made.id, status=status)
    return made.id


@pytest.fixture
def house(lab):
    """There is something to copy."""
    lab.shrink()
    lab.source = lab.protected()
    return lab


def cancel_all(lab):
    """Cancel whatever is not ended, and let a worker look at the rest."""
    for one in operations.list_(SYSTEM, ListQuery()):
        if one.status not in states.OPERATION.final:
            operation_actions.cancel(lab.context, one.id)
    lab.expire()
    while True:
        claimed = operations.claim(SYSTEM, 'another', 1000)
        if claimed is None:
            return
        assert lab.process().carry_out(claimed) is None


def check_ended(lab):
    for one in operations.list_(SYSTEM, ListQuery(), most=100):
        assert one.status in states.OPERATION.final
        for resource in one.resources:
            assert resource.status in states.OPERATION_RESOURCE.final


@pytest.mark.parametrize('held', ['in the bank', 'nowhere'])
@pytest.mark.parametrize('work', ['queued', 'running', None])
@pytest.mark.parametrize('state', sorted(
    states.CHECKPOINT.states - {'deleted'}))
def test_of_a_checkpoint(house, quiet, state, work, held):
    checkpoint_id = house.protected()
    if held == 'nowhere':
        house.store.delete(checkpoint_id)
    # what has been sealed once may be so in any state but the first ones
    sealed = held == 'in the bank' and state in (
        'available', 'error', 'deleting', 'error-deleting')
    set_to(models.Checkpoint, checkpoint_id, status=state, sealed=sealed)
    if work is not None:
        at_work(house, checkpoint_id, MAKER[state], work)
    # first by a reset alone, as the operator of a client of v1 does it
    if work not in ('queued', 'running') or state in ('available', 'error'):
        checkpoint_actions.reset_state(house.context, PROVIDER, checkpoint_id,
                                       'error')
        assert house.checkpoint(checkpoint_id).status == 'error'
    else:
        with pytest.raises(exception.CheckpointNotResettable,
                           match='is at work on it'):
            checkpoint_actions.reset_state(
                house.context, PROVIDER, checkpoint_id, 'error')
    cancel_all(house)
    row = house.checkpoint(checkpoint_id)
    if row is not None and row.status not in states.CHECKPOINT.final:
        checkpoint_actions.reset_state(house.context, PROVIDER, checkpoint_id,
                                       'error')
        row = house.checkpoint(checkpoint_id)
    check_ended(house)
    # no row: deleted
    if row is not None:
        assert row.status in states.CHECKPOINT.final
        house.ask_delete(checkpoint_id)
        assert house.process().work() is None
    assert house.checkpoint(checkpoint_id) is None
    assert [key for key in house.objects() if checkpoint_id in key] == []


@pytest.mark.parametrize('state', ['deleting', 'error-deleting'])
def test_what_was_to_be_deleted_is_not_available_again(house, state):
    checkpoint_id = house.protected()
    set_to(models.Checkpoint, checkpoint_id, status=state)

    def reset(to):
        checkpoint_actions.reset_state(house.context, PROVIDER, checkpoint_id,
                                       to)

    for _before, to in (('', 'available'), ('error', 'available')):
        with pytest.raises(exception.CheckpointNotResettable,
                           match='was to be deleted'):
            reset(to)
        reset('error')
    row = house.checkpoint(checkpoint_id)
    assert (row.status, row.sealed, row.status_reason) == (
        'error', False, 'set by hand')


@pytest.mark.parametrize('roles', [['reader'], ['member', 'reader']])
def test_a_state_is_reset_by_those_who_may(house, roles):
    who = karbor_context.RequestContext(
        user_id='u', project_id=labs.PROJECT, overwrite=False, roles=roles)
    for state in states.CHECKPOINT.states - {'deleted'}:
        set_to(models.Checkpoint, house.source, status=state)
        with pytest.raises(exception.Forbidden):
            checkpoint_actions.reset_state(who, PROVIDER, house.source,
                                           'error')
        assert house.checkpoint(house.source).status == state


def test_an_administrator_resets_those_of_all_projects(house):
    who = karbor_context.RequestContext(
        user_id='a', project_id='2' * 32, overwrite=False, roles=['admin'],
        is_admin=True)
    set_to(models.Checkpoint, house.source, status='protecting')
    checkpoint_actions.reset_state(who, PROVIDER, house.source, 'error')
    assert house.checkpoint(house.source).status == 'error'


@pytest.mark.parametrize('type_', TYPES)
@pytest.mark.parametrize('state', sorted(
    states.OPERATION.states - states.OPERATION.final))
def test_of_an_operation(house, quiet, state, type_):
    checkpoint_id = house.protected()
    before = next(state for state, made in MAKER.items() if made == type_) \
        if type_ not in ('verify', 'undo') else 'available'
    set_to(models.Checkpoint, checkpoint_id, status=before)
    operation_id = at_work(house, checkpoint_id, type_, state)
    cancel_all(house)
    check_ended(house)
    assert operations.get(SYSTEM, operation_id).status == 'cancelled'
    with pytest.raises(exception.OperationEnded):
        operation_actions.cancel(house.context, operation_id)


@pytest.mark.parametrize('state', sorted(states.OPERATION_RESOURCE.states))
def test_of_a_resource_in_an_operation(house, quiet, state):
    """Whether it is cancelled or a worker goes on."""
    for cancelled in (True, False):
        house.ask_verify(house.source)
        claimed = house.claim()
        graph_of = house.operation('protect', house.source).resources
        operations.begin(SYSTEM, claimed, [
            dataclasses.replace(one, status=state, hooks_done=())
            for one in graph_of])
        house.expire()
        if cancelled:
            cancel_all(house)
        else:
            assert house.process().work() is None
        check_ended(house)


@pytest.mark.parametrize('state', sorted(states.PLAN.states))
def test_of_a_plan(house, state):
    plan = house.plan(plugin.Resource(labs.APP, 'app'))
    set_to(models.Plan, plan.id, status=state)
    for status in sorted(states.PLAN.states):
        assert plans.update(house.context, plan.id,
                            {'status': status}).status == status
    plans.delete(house.context, plan.id)


@pytest.mark.parametrize('state', sorted(states.SERVICE.states))
def test_of_a_service(house, state):
    who = karbor_context.RequestContext(
        user_id='a', project_id='2' * 32, overwrite=False, roles=['admin'],
        is_admin=True)
    services.heartbeat(SYSTEM, 'host', 'karbor-protection')
    [service] = service_actions.list_(who)
    set_to(models.Service, service.id, status=state)
    for status in sorted(states.SERVICE.states):
        assert service_actions.update(who, service.id,
                                      status).status == status


@pytest.mark.parametrize('state', sorted(
    states.RUN.states - states.RUN.final))
def test_of_a_run(house, conf, state):
    conf.set_override('auth_strategy', 'noauth')
    plan = house.plan(plugin.Resource(labs.APP, 'app'))
    plans.update(house.context, plan.id, {'status': 'started'})
    trigger = triggers.create(
        house.context, name='t', type_='time', properties={
            'format': 'crontab', 'pattern': '0 2 * * *'})
    operation = scheduled_operations.create(
        house.context, name='o', operation_type='protect',
        trigger_id=trigger.id, operation_definition={
            'provider_id': PROVIDER, 'plan_id': plan.id})
    run = run_actions.create(house.context, operation.id)
    if state == 'running':
        # the engine that began it is gone, and so is the worker
        assert runner.Runner(conf).begin_some() == 1
    # the user wants it to end: nothing more is to begin, and what has begun
    # is cancelled; any engine sees to it
    scheduled_operations.update(house.context, operation.id,
                                {'enabled': False})
    cancel_all(house)
    runner.Runner(conf).begin_some()
    run_outcomes.settle(SYSTEM)
    found = run_actions.get(house.context, operation.id, run.id)
    assert found.status in states.RUN.final
    assert found.status == {'queued': 'skipped', 'running': 'failed'}[state]
    # nobody needs it any more
    scheduled_operations.delete(house.context, operation.id)
    with pytest.raises(exception.NotFound):
        run_actions.get(house.context, operation.id, run.id)
    assert runs.claim(SYSTEM, 'x', 60) == []


def test_nothing_is_left_out():
    """A table of a new noun needs a test above."""
    assert {table.noun for table in vars(states).values()
            if isinstance(table, states.StateTable)} == {
        'plan', 'checkpoint', 'operation', 'resource', 'run', 'service'}
    assert MAKER.keys() == states.CHECKPOINT.states - {'deleted'}
