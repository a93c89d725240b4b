# SPDX-License-Identifier: Apache-2.0
"""Every ``openstack data protection`` verb, for people of a real Keystone."""

import importlib.metadata
import json
import sys
import uuid

import pytest

from karbor.tests.functional import daemons
from karbor.tests.functional.identity import cloud as clouds
from karbor.tests.functional.identity import programs as commands
from karbor.tests.functional.identity.programs import verbs

PROVIDER = daemons.PROVIDER
FILESET = daemons.FILESET
TYPE = 'Karbor::FileSet'

# What the plugin cannot do with the osc-lib of today, whatever a service
# answers: how it is asked, and what it says.
_FORMATTERS = 'Invalid formatter provided.'
BROKEN = {
    # functions as formatters; osc-lib takes classes
    'checkpoint list': ([PROVIDER], _FORMATTERS),
    'protectable instance list': ([TYPE], _FORMATTERS),
    'restore list': ([], _FORMATTERS),
    'verification list': ([], _FORMATTERS),
    'scheduledoperation list': ([], _FORMATTERS),
    # the text of the properties where they should be
    'trigger create': (['t', 'time', 'format=crontab,pattern=0 2 * * *'],
                       "'str' object has no attribute 'get'"),
    'scheduledoperation create': (
        ['s', 'protect', daemons.FILESET, f'provider_id={PROVIDER}'],
        'operation_definition'),
}


@pytest.fixture
def openstack(request, karbor, programs):
    """Runs a verb as somebody."""
    used = set()

    def run(verb, *arguments, who='member'):
        used.add(verb)
        return programs.run('openstack', karbor.cloud.environment(who),
                            'data', 'protection', *verb.split(), *arguments)
    yield run
    assert used <= set(getattr(request.function, 'verbs', BROKEN))


@pytest.fixture(scope='module')
def checkpoint(karbor):
    """One that is available, and was restored."""
    made = karbor.protect(karbor.plan((TYPE, FILESET)))
    assert karbor.restore(made.id, {TYPE: {'conflict': 'overwrite'}},
                          ).status == 'success'
    karbor.client().verifications.create(PROVIDER, made.id, {})
    assert karbor.ended('verify', made.id).status == 'success'
    _schedule(karbor)
    return made


def _schedule(karbor):
    """A trigger and an operation, which the plugin cannot make."""
    client = karbor.client()
    trigger = client.triggers.create('nightly', 'time', {
        'format': 'crontab', 'pattern': '0 2 * * *'})
    plan = karbor.plan((TYPE, FILESET))
    return trigger, client.scheduled_operations.create(
        's', 'protect', trigger.id,
        {'provider_id': PROVIDER, 'plan_id': plan.id})


def test_no_verb_is_forgotten():
    everything = {
        ' '.join(point.name.removeprefix('data_protection_').split('_'))
        for point in importlib.metadata.entry_points(group=commands.GROUP)}
    assert (commands.verbs_of(sys.modules[__name__]) | set(BROKEN)
            == everything)


@pytest.mark.parametrize('verb', BROKEN)
def test_what_the_plugin_breaks(openstack, checkpoint, verb):
    """When one of these works, it is to be tested like the others."""
    arguments, error = BROKEN[verb]
    result = openstack(verb, *arguments)
    assert result.status == 1
    assert error in result.error


@verbs('provider list', 'provider show')
def test_providers(openstack):
    assert openstack('provider list', '-f', 'json').json() == [
        {'Id': PROVIDER, 'Name': 'Test', 'Description': 'for tests'}]
    shown = openstack('provider show', 'Test', '-f', 'json').json()
    assert shown['id'] == PROVIDER
    assert TYPE in json.loads(shown['extended_info_schema'])[
        'options_schema']


@verbs('protectable list', 'protectable show', 'protectable instance show')
def test_protectables(openstack):
    assert {'Protectable type': TYPE} in openstack(
        'protectable list', '-f', 'json').json()
    assert openstack('protectable show', 'Test::Box', '-f', 'json').json() == {
        'name': 'Test::Box', 'dependent_types': 'Test::Thing'}
    shown = openstack('protectable instance show', TYPE, FILESET, '-f',
                      'json').json()
    assert (shown['id'], shown['name'], shown['dependent_resources']) == (
        FILESET, 'files', '[]')
    assert openstack('protectable instance show', TYPE, FILESET,
                     who='other-manager').status == 1


@verbs('plan create', 'plan list', 'plan show', 'plan update', 'plan delete')
def test_plans(openstack):
    made = openstack(
        'plan create', 'my plan', PROVIDER, f'{FILESET}={TYPE}=files',
        '--description', 'words', '-f', 'json').json()
    assert json.loads(made['resources']) == [
        {'id': FILESET, 'type': TYPE, 'name': 'files'}]
    id_ = made['id']
    assert openstack('plan list', '--name', 'my plan', '-f', 'json',
                     ).json() == [
        {'Id': id_, 'Name': 'my plan', 'Description': 'words',
         'Provider id': PROVIDER, 'Status': made['status']}]
    assert openstack('plan show', 'my plan', '-f', 'json').json() == made
    assert openstack('plan update', id_, '--name', 'new', '-f', 'json',
                     ).json()['name'] == 'new'
    denied = openstack('plan delete', id_, who='reader')
    assert denied.status == 1
    assert "Policy doesn't allow plan:delete to be performed." in denied.error
    assert openstack('plan delete', id_).status == 0
    gone = openstack('plan show', id_)
    assert gone.status == 1
    assert id_ in gone.error


@verbs('checkpoint create', 'checkpoint show', 'checkpoint reset state',
       'checkpoint delete', 'operationlog list', 'operationlog show',
       'restore create', 'restore show')
def test_checkpoints_and_restores(karbor, openstack):
    plan = karbor.plan((TYPE, FILESET))
    made = openstack('checkpoint create', PROVIDER, plan.id, '--extra_info',
                     'why=test', '-f', 'json').json()
    id_ = made['id']
    assert made['status'] == 'protecting'
    assert json.loads(made['extra_info'])['why'] == 'test'
    assert karbor.ended('protect', id_).status == 'available'
    shown = openstack('checkpoint show', PROVIDER, id_, '-f', 'json').json()
    assert shown['status'] == 'available'
    assert shown['protection_plan'] == f'Name: {plan.name}\nId: {plan.id}'
    nodes, _edges = json.loads(shown['resource_graph'])
    assert [node[1] for node in nodes.values()] == [FILESET]

    restore = openstack(
        'restore create', PROVIDER, id_, '--parameters',
        f'resource_type={TYPE},conflict=overwrite', '-f', 'json').json()
    daemons.until(lambda: karbor.client().restores.get(restore['id']).status
                  == 'success', what='a restore')
    shown = openstack('restore show', restore['id'], '-f', 'json').json()
    assert shown['status'] == 'success'
    assert json.loads(shown['parameters']) == {
        TYPE: {'conflict': 'overwrite'}}

    logs = [row for row in openstack('operationlog list', '-f', 'json').json()
            if row['Checkpoint id'] == id_]
    assert {(row['Operation Type'], row['Status']) for row in logs} == {
        ('protect', 'available'), ('restore', 'success')}
    log = openstack('operationlog show', logs[0]['Id'], '-f', 'json').json()
    assert log['checkpoint_id'] == id_

    assert openstack('checkpoint reset state', PROVIDER, id_, who='manager',
                     ).status == 0
    assert karbor.client().checkpoints.get(PROVIDER, id_).status == 'error'
    assert openstack('checkpoint delete', PROVIDER, id_, who='manager',
                     ).status == 0
    assert karbor.ended('delete', id_).status == 'deleted'


@verbs('verification create', 'verification show')
def test_verifications(karbor, openstack, checkpoint):
    made = openstack('verification create', PROVIDER, checkpoint.id, '-f',
                     'json').json()
    assert (made['checkpoint_id'], made['status']) == (
        checkpoint.id, 'in_progress')
    daemons.until(
        lambda: karbor.client().verifications.get(made['id']).status
        != 'in_progress', what='a verification')
    shown = openstack('verification show', made['id'], '-f', 'json').json()
    assert (shown['status'], shown['parameters']) == ('success', '{}')


@verbs('service list', 'service disable', 'service enable')
def test_services(openstack):
    row, = openstack('service list', '--binary', 'karbor-operationengine',
                     '-f', 'json', who='admin').json()
    assert (row['Binary'], row['Host'], row['Status'], row['State']) == (
        'karbor-operationengine', 'host-of-test', 'enabled', 'up')
    disabled = openstack('service disable', str(row['Id']), '--reason',
                         'holidays', '-f', 'json', who='admin').json()
    assert (disabled['status'], disabled['disabled_reason']) == (
        'disabled', 'holidays')
    enabled = openstack('service enable', str(row['Id']), '-f', 'json',
                        who='admin').json()
    assert (enabled['status'], enabled['disabled_reason']) == ('enabled', None)
    denied = openstack('service list')
    assert denied.status == 1
    assert "Policy doesn't allow service:get_all" in denied.error


@verbs('quotas show', 'quotas default', 'quotas update', 'quotaclass show',
       'quotaclass update')
def test_quotas(karbor, openstack):
    # nobody else's
    project = uuid.uuid4().hex
    class_ = f'class-{project}'
    mine = karbor.cloud.projects[clouds.MINE]
    assert openstack('quotas default', '-f', 'json').json()['id'] == mine
    assert openstack('quotas update', project, '--plans', '7', '-f', 'json',
                     who='admin').json()['plans'] == 7
    assert openstack('quotas show', '--tenant', project, '--detail', '-f',
                     'json', who='admin').json()['plans'] == (
                         'in_use = 0\nlimit = 7\nreserved = 0')
    assert openstack('quotaclass update', class_, '--plans', '8', '-f',
                     'json', who='admin').json()['plans'] == 8
    assert openstack('quotaclass show', class_, '-f', 'json', who='admin',
                     ).json()['id'] == class_


@verbs('trigger list', 'trigger show', 'trigger update', 'trigger delete',
       'scheduledoperation show', 'scheduledoperation delete')
def test_schedules(karbor, openstack):
    trigger, operation = _schedule(karbor)
    shown = openstack('trigger show', trigger.id, '-f', 'json').json()
    assert (shown['name'], shown['properties']['pattern']) == (
        'nightly', '0 2 * * *')
    assert {'Id': trigger.id, 'Name': 'nightly', 'Type': 'time',
            'Properties': shown['properties']} in openstack(
                'trigger list', '-f', 'json').json()
    updated = openstack(
        'trigger update', trigger.id, '--name', 'weekly', '--properties',
        'format=crontab,pattern=0 2 * * 0,start_time=2030-01-01 00:00:00',
        '-f', 'json').json()
    assert (updated['name'], updated['properties']['pattern']) == (
        'weekly', '0 2 * * 0')
    shown = openstack('scheduledoperation show', operation.id, '-f', 'json',
                      ).json()
    assert (shown['name'], shown['trigger_id']) == ('s', trigger.id)
    assert openstack('scheduledoperation delete', operation.id).status == 0
    assert openstack('trigger delete', trigger.id).status == 0
    assert trigger.id not in {one.id for one in
                              karbor.client().triggers.list()}
