# SPDX-License-Identifier: Apache-2.0
"""Every verb of the ``karbor`` command, for people of a real Keystone."""

import json
import sys
import uuid

from karborclient.v1 import shell as client_shell
import pytest

from karbor.tests.functional import daemons
from karbor.tests.functional.identity import cloud as clouds
from karbor.tests.functional.identity.programs import verbs
from karbor.tests.functional.identity.programs import verbs_of

PROVIDER = daemons.PROVIDER
FILESET = daemons.FILESET
TYPE = 'Karbor::FileSet'


@pytest.fixture
def shell(request, karbor, programs):
    """Runs a verb as somebody."""
    used = set()

    def run(verb, *arguments, who='member'):
        used.add(verb)
        return programs.run('karbor', karbor.cloud.environment(who), verb,
                            *arguments)
    yield run
    assert used == set(request.function.verbs)


def test_no_verb_is_forgotten():
    everything = {name.removeprefix('do_').replace('_', '-')
                  for name in dir(client_shell) if name.startswith('do_')}
    assert verbs_of(sys.modules[__name__]) == everything


@verbs('provider-list', 'provider-show')
def test_providers(shell):
    row = {'Id': PROVIDER, 'Name': 'Test', 'Description': 'for tests'}
    assert shell('provider-list').rows() == [row]
    assert shell('provider-list', '--name', 'Test', '--limit', '1',
                 ).rows() == [row]
    assert shell('provider-list', '--name', 'nothing').rows() == []
    shown = shell('provider-show', PROVIDER).properties()
    assert (shown['id'], shown['name']) == (PROVIDER, 'Test')
    assert TYPE in json.loads(shown['extended_info_schema'])[
        'options_schema']


@verbs('protectable-list', 'protectable-show', 'protectable-list-instances',
       'protectable-show-instance')
def test_protectables(shell):
    types = [row['Protectable type']
             for row in shell('protectable-list').rows()]
    assert TYPE in types
    assert types == sorted(types)
    shown = shell('protectable-show', 'Test::Box').properties()
    assert shown == {'name': 'Test::Box',
                     'dependent_types': "['Test::Thing']"}
    row, = shell('protectable-list-instances', TYPE).rows()
    assert (row['Id'], row['Type'], row['Name']) == (FILESET, TYPE, 'files')
    assert json.loads(row['Dependent resources']) == []
    # those of the project, and of no other
    assert shell('protectable-list-instances', TYPE, who='other-manager',
                 ).rows() == []
    shown = shell('protectable-show-instance', TYPE, FILESET).properties()
    assert (shown['id'], shown['name']) == (FILESET, 'files')
    missing = shell('protectable-show-instance', TYPE, FILESET,
                    who='other-manager')
    assert missing.status == 1
    assert 'HTTP 404' in missing.error


@verbs('plan-create', 'plan-list', 'plan-show', 'plan-update', 'plan-delete')
def test_plans(shell):
    made = shell('plan-create', 'päivä', PROVIDER,
                 f'{FILESET}={TYPE}=files', '--description', 'words',
                 '--parameters-json', json.dumps({TYPE: {}})).properties()
    assert made['name'] == 'päivä'
    assert json.loads(made['resources']) == [
        {'id': FILESET, 'type': TYPE, 'name': 'files'}]
    assert json.loads(made['parameters']) == {TYPE: {}}
    id_ = made['id']
    listed = shell('plan-list', '--name', 'päivä', '--sort', 'name:asc',
                   ).rows()
    assert listed == [{'Id': id_, 'Name': 'päivä', 'Description': 'words',
                       'Provider id': PROVIDER, 'Status': made['status']}]
    assert shell('plan-show', id_).properties() == made
    assert shell('plan-update', id_, '--name', 'new').properties(
    )['name'] == 'new'
    assert shell('plan-update', id_, '--name', 'no', who='reader').status == 1
    # of all projects, for those who run the cloud
    assert id_ in {row['Id'] for row in shell(
        'plan-list', '--all-tenants', who='other-admin').rows()}
    assert id_ not in {row['Id'] for row in shell(
        'plan-list', '--all-tenants', who='other-manager').rows()}
    assert shell('plan-delete', id_).output == ''
    gone = shell('plan-show', id_)
    assert gone.status == 1
    assert f'Plan {id_} could not be found. (HTTP 404)' in gone.error


@verbs('checkpoint-create', 'checkpoint-list', 'checkpoint-show',
       'checkpoint-reset-state', 'checkpoint-delete', 'operationlog-list',
       'operationlog-show', 'restore-create', 'restore-list', 'restore-show')
def test_checkpoints_and_restores(karbor, shell):
    plan = karbor.plan((TYPE, FILESET))
    made = shell('checkpoint-create', PROVIDER, plan.id, '--extra_info',
                 'why=test').properties()
    id_ = made['id']
    assert made['status'] == 'protecting'
    assert json.loads(made['extra_info']) == {'why': 'test',
                                              'created_by': 'manual'}
    assert karbor.ended('protect', id_).status == 'available'
    row, = shell('checkpoint-list', PROVIDER, '--plan_id', plan.id).rows()
    assert (row['Id'], row['Status']) == (id_, 'available')
    assert row['Protection plan'] == f'Name: {plan.name}\nId: {plan.id}'
    assert row['Project id'] == karbor.cloud.projects[clouds.MINE]
    shown = shell('checkpoint-show', PROVIDER, id_).properties()
    assert shown['status'] == 'available'
    nodes, _edges = json.loads(shown['resource_graph'])
    assert [node[1] for node in nodes.values()] == [FILESET]

    restore = shell('restore-create', PROVIDER, id_, '--parameters-json',
                    json.dumps({TYPE: {'conflict': 'overwrite'}}),
                    ).properties()
    daemons.until(lambda: shell('restore-show', restore['id']).properties()
                  ['status'] == 'success', what='a restore')
    row, = [row for row in shell('restore-list', '--status', 'success').rows()
            if row['Id'] == restore['id']]
    assert row['Checkpoint id'] == id_
    assert json.loads(row['Parameters']) == {TYPE: {'conflict': 'overwrite'}}

    logs = [row for row in shell('operationlog-list').rows()
            if row['Checkpoint id'] == id_]
    assert {(row['Operation Type'], row['Status']) for row in logs} == {
        ('protect', 'available'), ('restore', 'success')}
    log = shell('operationlog-show', logs[0]['Id']).properties()
    assert log['checkpoint_id'] == id_

    assert shell('checkpoint-reset-state', PROVIDER, id_, who='manager',
                 ).status == 0
    assert shell('checkpoint-show', PROVIDER, id_).properties()[
        'status'] == 'error'
    refused = shell('checkpoint-reset-state', PROVIDER, id_)
    assert (refused.status, refused.output) == (
        1, f"Failed to reset state of '{id_}'; not allowed\n")
    assert shell('checkpoint-delete', PROVIDER, id_, who='manager').status == 0
    assert karbor.ended('delete', id_).status == 'deleted'
    assert shell('checkpoint-list', PROVIDER, '--plan_id', plan.id,
                 ).rows() == []


@verbs('verification-create', 'verification-list', 'verification-show')
def test_verifications(karbor, shell):
    checkpoint = karbor.protect(karbor.plan((TYPE, FILESET)))
    made = shell('verification-create', PROVIDER, checkpoint.id).properties()
    assert (made['checkpoint_id'], made['status']) == (
        checkpoint.id, 'in_progress')
    assert karbor.ended('verify', checkpoint.id).status == 'success'
    shown = shell('verification-show', made['id']).properties()
    assert shown['status'] == 'success'
    row, = [row for row in shell('verification-list', '--limit', '100').rows()
            if row['Id'] == made['id']]
    assert (row['Checkpoint id'], row['Parameters'], row['Status']) == (
        checkpoint.id, '{}', 'success')


@verbs('service-list', 'service-disable', 'service-enable')
def test_services(shell):
    rows = shell('service-list', '--binary', 'karbor-operationengine',
                 who='admin').rows()
    row, = rows
    assert (row['Binary'], row['Host'], row['Status'], row['State']) == (
        'karbor-operationengine', 'host-of-test', 'enabled', 'up')
    disabled, = shell('service-disable', row['Id'], '--reason', 'holidays',
                      who='admin').rows()
    assert (disabled['Status'], disabled['Disabled Reason']) == (
        'disabled', 'holidays')
    enabled, = shell('service-enable', row['Id'], who='admin').rows()
    assert (enabled['Status'], enabled['Disabled Reason']) == ('enabled', '-')
    assert shell('service-list', '--host', 'nowhere', who='admin').rows() == []
    denied = shell('service-list')
    assert (denied.status, denied.output) == (1, '')
    assert "Policy doesn't allow service:get_all" in denied.error


@verbs('quota-show', 'quota-defaults', 'quota-update', 'quota-class-show',
       'quota-class-update')
def test_quotas(karbor, shell):
    # nobody else's
    project = uuid.uuid4().hex
    class_ = f'class-{project}'
    defaults = shell('quota-defaults').properties()
    mine = karbor.cloud.projects[clouds.MINE]
    assert defaults == {'plans': '-1', 'checkpoints': defaults['checkpoints'],
                        'id': mine}
    assert shell('quota-show').properties()['id'] == mine
    assert shell('quota-update', project, '--plans', '7', who='admin',
                 ).properties()['plans'] == '7'
    assert shell('quota-show', '--tenant', project, who='admin').properties(
        )['plans'] == '7'
    detail = shell('quota-show', '--tenant', project, '--detail', who='admin',
                   ).properties()
    assert detail['plans'] == 'in_use = 0\nlimit = 7\nreserved = 0'
    assert shell('quota-update', project, '--plans', '9').status == 1
    # without a number, the client says 50
    assert shell('quota-class-update', class_, who='admin').properties(
        )['plans'] == '50'
    assert shell('quota-class-show', class_, who='admin').properties() == {
        'plans': '50', 'checkpoints': defaults['checkpoints'], 'id': class_}


@verbs('trigger-create', 'trigger-list', 'trigger-show', 'trigger-update',
       'trigger-delete', 'scheduledoperation-create',
       'scheduledoperation-list', 'scheduledoperation-show',
       'scheduledoperation-delete')
def test_schedules(karbor, shell):
    name = f'nightly-{uuid.uuid4().hex}'
    plan = karbor.plan((TYPE, FILESET))
    trigger = shell('trigger-create', name, 'time',
                    'format=crontab,pattern=0 2 * * *').properties()
    properties = json.loads(trigger['properties'])
    assert (trigger['name'], properties['format'], properties['pattern']) == (
        name, 'crontab', '0 2 * * *')
    row, = shell('trigger-list', '--name', name).rows()
    assert (row['Id'], row['Type'], json.loads(row['Properties'])) == (
        trigger['id'], 'time', properties)
    assert shell('trigger-show', trigger['id']).properties() == trigger
    updated = shell(
        'trigger-update', trigger['id'], '--name', 'weekly', '--properties',
        'format=crontab,pattern=0 2 * * 0,start_time=2030-01-01 00:00:00',
        ).properties()
    assert updated['name'] == 'weekly'
    assert json.loads(updated['properties'])['pattern'] == '0 2 * * 0'

    made = shell('scheduledoperation-create', 'keep three',
                 'retention_protect', trigger['id'],
                 f'provider_id={PROVIDER},plan_id={plan.id},max_backups=3',
                 # what it does not keep is deleted on his behalf
                 who='manager').properties()
    assert (made['operation_type'], made['trigger_id'], made['enabled']) == (
        'retention_protect', trigger['id'], 'True')
    assert json.loads(made['operation_definition'])['plan_id'] == plan.id
    # the client leaves out the columns that it looks for in vain
    assert {'Id': made['id'], 'Name': 'keep three'} in shell(
        'scheduledoperation-list').rows()
    assert shell('scheduledoperation-show', made['id']).properties() == made
    used = shell('trigger-delete', trigger['id'])
    assert used.status == 1
    assert 'HTTP 424' in used.error
    assert shell('scheduledoperation-delete', made['id']).status == 0
    assert shell('scheduledoperation-show', made['id']).status == 1
    assert shell('trigger-delete', trigger['id']).status == 0
    assert shell('trigger-show', trigger['id']).status == 1
