# SPDX-License-Identifier: Apache-2.0
"""Every method of karborclient.v1, for people of a real Keystone."""

import json
import sys
import uuid

from karborclient.common.apiclient import exceptions
from karborclient.common.base import Manager
from karborclient.v1 import client as client_v1
import pytest

from karbor.tests.functional import daemons
from karbor.tests.functional.identity import cloud as clouds
from karbor.tests.functional.identity.programs import verbs
from karbor.tests.functional.identity.programs import verbs_of

PROVIDER = daemons.PROVIDER
FILESET = daemons.FILESET
TYPE = 'Karbor::FileSet'
RESOURCE = {'id': FILESET, 'type': TYPE, 'name': 'files'}

# What the client cannot do, whatever a service answers: how it is asked, and
# what it raises.
BROKEN = {
    # lists without a provider, and its get() wants two ids
    'checkpoints.find': ({}, exceptions.BadRequest),
    # what list() makes has no id
    'protectables.find': ({'protectable_type': TYPE}, AttributeError),
    # list() is not written, and what it finds cannot be walked
    'quotas.find': ({}, TypeError),
    'quotas.findall': ({}, TypeError),
    'quota_classes.find': ({}, TypeError),
    'quota_classes.findall': ({}, TypeError),
    # there is no get()
    'services.find': ({'binary': 'karbor-protection'}, AttributeError),
}


class Recorder:
    """A client that keeps in mind which methods of it were called."""

    def __init__(self, client, used, path=''):
        self._client = client
        self._used = used
        self._path = path

    def __getattr__(self, name):
        found = getattr(self._client, name)
        if isinstance(found, Manager):
            return Recorder(found, self._used, f'{name}.')
        self._used.add(self._path + name)
        return found


@pytest.fixture
def people(request, karbor):
    """The client of somebody, by name."""
    used = set()
    yield lambda who: Recorder(karbor.client(who), used)
    assert used == set(request.function.verbs)


@pytest.fixture
def member(people):
    return people('member')


def _methods(karbor):
    client = karbor.client()
    assert isinstance(client, client_v1.Client)
    managers = {name: manager for name, manager in vars(client).items()
                if isinstance(manager, Manager)}
    return {f'{name}.{method}' for name, manager in managers.items()
            for method in dir(manager) if not method.startswith('_')
            and callable(getattr(manager, method))
            and method not in ('api', 'resource_class')}


def test_no_method_is_forgotten(karbor):
    assert (verbs_of(sys.modules[__name__]) | set(BROKEN)
            == _methods(karbor))


@pytest.mark.parametrize('name', BROKEN)
def test_what_the_client_breaks(karbor, name):
    """When one of these works, it is to be tested like the others."""
    arguments, error = BROKEN[name]
    manager, method = name.split('.')
    with pytest.raises(error):
        getattr(getattr(karbor.client('admin'), manager), method)(**arguments)


@verbs('providers.list', 'providers.get', 'providers.find',
       'providers.findall')
def test_providers(member):
    found, = member.providers.list(search_opts={'name': 'Test'})
    assert found.id == PROVIDER
    assert member.providers.get(PROVIDER) == found
    assert member.providers.find(name='Test') == found
    assert member.providers.findall(description='nothing') == []


@verbs('protectables.list', 'protectables.get', 'protectables.findall',
       'protectables.list_instances', 'protectables.get_instance')
def test_protectables(member):
    assert TYPE in [one.protectable_type for one in
                    member.protectables.list()]
    assert member.protectables.get('Test::Box').dependent_types == [
        'Test::Thing']
    assert len(member.protectables.findall(protectable_type=TYPE)) == 1
    one, = member.protectables.list_instances(TYPE)
    assert (one.id, one.name, one.dependent_resources) == (
        FILESET, 'files', [])
    assert (member.protectables.get_instance(TYPE, FILESET).to_dict()
            == one.to_dict())


@verbs('plans.create', 'plans.get', 'plans.list', 'plans.find',
       'plans.findall', 'plans.update', 'plans.delete')
def test_plans(karbor, people):
    plans = people('member').plans
    made = plans.create('a name', PROVIDER, [RESOURCE], {TYPE: {}},
                        description='words')
    assert made.to_dict() == {
        'id': made.id, 'name': 'a name', 'description': 'words',
        'provider_id': PROVIDER, 'status': made.status,
        'resources': [RESOURCE], 'parameters': {TYPE: {}}}
    assert plans.get(made.id) == made
    assert plans.find(name='a name') == made
    assert plans.findall(id=made.id) == [made]
    second = plans.create('b', PROVIDER, [RESOURCE], {})
    assert [one.id for one in plans.list(
        limit=2, sort=[('created_at', 'desc')])] == [second.id, made.id]
    assert plans.list(marker=second.id, limit=1, sort='created_at:desc',
                      ) == [made]
    assert plans.update(made.id, {'name': 'c'}).name == 'c'
    # of another project: not there, or for those who run the cloud
    with pytest.raises(exceptions.NotFound):
        people('other-manager').plans.get(made.id)
    mine = karbor.cloud.projects[clouds.MINE]
    assert {made.id, second.id} <= {one.id for one in people(
        'other-admin').plans.list(search_opts={'all_tenants': 1,
                                               'project_id': mine})}
    plans.delete(made.id)
    with pytest.raises(exceptions.NotFound) as caught:
        plans.get(made.id)
    assert f'Plan {made.id} could not be found.' in str(caught.value)


@verbs('checkpoints.create', 'checkpoints.get', 'checkpoints.list',
       'checkpoints.findall', 'checkpoints.update', 'checkpoints.reset_state',
       'checkpoints.delete')
def test_checkpoints(karbor, people):
    checkpoints = people('manager').checkpoints
    plan = karbor.plan((TYPE, FILESET))
    made = checkpoints.create(PROVIDER, plan.id, {'why': 'test'})
    assert made.status == 'protecting'
    assert karbor.ended('protect', made.id).status == 'available'
    shown = checkpoints.get(PROVIDER, made.id)
    assert (shown.status, json.loads(shown.extra_info)['why']) == (
        'available', 'test')
    day = shown.created_at
    for filters in ({'plan_id': plan.id}, {'plan_id': plan.id,
                                           'start_date': day}):
        assert checkpoints.list(PROVIDER, search_opts=filters) == [shown]
    # findall() of a manager lists of no provider
    with pytest.raises(exceptions.BadRequest):
        checkpoints.findall()
    checkpoints.reset_state(PROVIDER, made.id, 'error')
    assert checkpoints.get(PROVIDER, made.id).status == 'error'
    checkpoints.update(PROVIDER, made.id, {
        'os-resetState': {'state': 'available'}})
    assert checkpoints.get(PROVIDER, made.id).status == 'available'
    with pytest.raises(exceptions.Forbidden):
        people('member').checkpoints.delete(PROVIDER, made.id)
    checkpoints.delete(PROVIDER, made.id)
    assert karbor.ended('delete', made.id).status == 'deleted'


@verbs('restores.create', 'restores.get', 'restores.list', 'restores.find',
       'restores.findall', 'operation_logs.list', 'operation_logs.get',
       'operation_logs.find', 'operation_logs.findall')
def test_restores_and_operation_logs(karbor, member):
    checkpoint = karbor.protect(karbor.plan((TYPE, FILESET)))
    parameters = {TYPE: {'conflict': 'overwrite'}}
    made = member.restores.create(PROVIDER, checkpoint.id, None, parameters,
                                  None)
    assert karbor.ended('restore', checkpoint.id).status == 'success'
    shown = member.restores.get(made.id)
    assert (shown.status, shown.parameters) == ('success', parameters)
    assert shown in member.restores.list(search_opts={'status': 'success'})
    assert member.restores.findall(checkpoint_id=checkpoint.id) == [shown]
    assert member.restores.find(id=made.id) == shown

    logs = member.operation_logs
    found = logs.list(search_opts={'checkpoint_id': checkpoint.id})
    assert {log.operation_type for log in found} == {'protect', 'restore'}
    log = logs.find(restore_id=made.id)
    assert logs.get(log.id) == log
    assert logs.findall(restore_id=made.id) == [log]


@verbs('verifications.create', 'verifications.get', 'verifications.list',
       'verifications.find', 'verifications.findall')
def test_verifications(karbor, people):
    verifications = people('member').verifications
    checkpoint = karbor.protect(karbor.plan((TYPE, FILESET)))
    made = verifications.create(PROVIDER, checkpoint.id, {})
    assert (made.checkpoint_id, made.status) == (checkpoint.id, 'in_progress')
    assert karbor.ended('verify', checkpoint.id).status == 'success'
    shown = verifications.get(made.id)
    assert shown.status == 'success'
    assert set(shown.resources_status.values()) == {'available'}
    assert shown in verifications.list(search_opts={'status': 'success'})
    assert verifications.findall(checkpoint_id=checkpoint.id) == [shown]
    assert verifications.find(id=made.id) == shown
    assert shown not in people('other-manager').verifications.list()


@verbs('services.list', 'services.findall', 'services.disable',
       'services.disable_log_reason', 'services.enable')
def test_services(people):
    services = people('admin').services
    engine, = services.list(binary='karbor-operationengine')
    assert (engine.host, engine.status, engine.state) == (
        'host-of-test', 'enabled', 'up')
    assert services.findall(binary='karbor-operationengine')[0].id == engine.id
    assert services.disable_log_reason(
        engine.id, 'holidays').disabled_reason == 'holidays'
    assert services.enable(engine.id).status == 'enabled'
    assert services.disable(engine.id).status == 'disabled'
    assert services.enable(engine.id).disabled_reason is None
    with pytest.raises(exceptions.Forbidden):
        people('manager').services.list()


@verbs('quotas.get', 'quotas.defaults', 'quotas.update', 'quotas.list',
       'quota_classes.get', 'quota_classes.update', 'quota_classes.list')
def test_quotas(karbor, people):
    # nobody else's
    project = uuid.uuid4().hex
    class_ = f'class-{project}'
    quotas = people('admin').quotas
    limits = {'plans': 7, 'checkpoints': 3}
    assert quotas.update(project, limits).to_dict() == limits
    assert quotas.get(project, detail=False).to_dict() == {
        **limits, 'id': project}
    assert quotas.get(project, detail=True).plans == {
        'limit': 7, 'in_use': 0, 'reserved': 0}
    mine = karbor.cloud.projects[clouds.MINE]
    assert people('reader').quotas.defaults(mine).plans == -1
    with pytest.raises(exceptions.Forbidden):
        people('manager').quotas.update(mine, {'plans': -1})
    classes = people('admin').quota_classes
    assert classes.update(class_, {'plans': 8}).plans == 8
    assert classes.get(class_).plans == 8
    # not written, and harmless
    assert (quotas.list(), classes.list()) == (None, None)


@verbs('triggers.create', 'triggers.get', 'triggers.list', 'triggers.find',
       'triggers.findall', 'triggers.update', 'triggers.delete',
       'scheduled_operations.create', 'scheduled_operations.get',
       'scheduled_operations.list', 'scheduled_operations.find',
       'scheduled_operations.findall', 'scheduled_operations.delete')
def test_schedules(karbor, people):
    triggers = people('member').triggers
    name = uuid.uuid4().hex
    trigger = triggers.create(name, 'time', {
        'format': 'calendar', 'pattern': 'BEGIN:VEVENT\nRRULE:FREQ=DAILY\n'
        'END:VEVENT'})
    assert triggers.get(trigger.id) == trigger
    assert triggers.list(search_opts={'name': name}) == [trigger]
    assert triggers.findall(name=name) == [trigger]
    assert triggers.find(name=name) == trigger
    assert triggers.update(trigger.id, {
        'name': name, 'properties': {
            'format': 'crontab', 'pattern': '0 2 * * *',
            'start_time': '2030-01-01 00:00:00'},
    }).properties['format'] == 'crontab'

    operations = people('member').scheduled_operations
    plan = karbor.plan((TYPE, FILESET))
    made = operations.create(name, 'protect', trigger.id, {
        'provider_id': PROVIDER, 'plan_id': plan.id})
    assert (made.trigger_id, made.enabled) == (trigger.id, True)
    assert operations.get(made.id) == made
    assert operations.list(search_opts={'trigger_id': trigger.id}) == [made]
    assert operations.findall(name=name) == [made]
    assert operations.find(name=name) == made
    with pytest.raises(exceptions.NotFound):
        people('other-manager').scheduled_operations.get(made.id)
    operations.delete(made.id)
    triggers.delete(trigger.id)
    with pytest.raises(exceptions.NotFound):
        triggers.get(trigger.id)
