# SPDX-License-Identifier: Apache-2.0
"""The contract as python-karborclient 2.1.0 uses it, over real HTTP."""

import json

from karborclient import client
from karborclient.common.apiclient import exceptions
import pytest

from karbor import context
from karbor.api import app as api_app
from karbor.api import server
from karbor.db import services
from karbor.tests import fixtures

RESOURCES = [{'id': 'thing-1', 'type': fixtures.THING, 'name': 'n1'}]


@pytest.fixture
def karbor(conf, database, rules, protection):
    """The client, against a server with the noauth pipeline."""
    conf.set_override('auth_strategy', 'noauth')
    http = server.Server(lambda: api_app.build(conf), '127.0.0.1', 0,
                         threads=2)
    http.start()
    yield client.Client(
        '1', f'http://127.0.0.1:{http.port}/v1/{fixtures.PROJECT}',
        token=f'someone:{fixtures.PROJECT}', project_id=fixtures.PROJECT)
    http.stop()
    http.wait()
    http.close()


def make_checkpoint(karbor, **kwargs):
    plan = karbor.plans.create('p', fixtures.PROVIDER, RESOURCES, {})
    return karbor.checkpoints.create(fixtures.PROVIDER, plan.id, **kwargs)


def test_providers(karbor):
    found = karbor.providers.list()
    assert [one.name for one in found] == ['first', 'second']
    one = karbor.providers.get(found[0].id)
    assert set(one.extended_info_schema) == {
        'options_schema', 'restore_schema', 'saved_info_schema',
        'verify_schema', 'copy_schema'}
    assert karbor.providers.list(search_opts={'name': 'second'}) == found[1:]
    assert karbor.providers.list(marker=found[0].id) == found[1:]


def test_protectables(karbor, protection):
    found = karbor.protectables.list()
    assert [one.protectable_type for one in found] == [
        fixtures.BOX, fixtures.THING]
    one = karbor.protectables.get(fixtures.THING)
    assert (one.name, one.dependent_types) == (fixtures.THING, [fixtures.BOX])
    instances = karbor.protectables.list_instances(
        fixtures.THING, limit=2,
        search_opts={'type': fixtures.THING,
                     'parameters': str({'region_name': 'R2'})})
    assert [one.id for one in instances] == ['thing-0', 'thing-1']
    assert protection.asked[-1] == ('instances', fixtures.PROJECT,
                                    fixtures.THING, {'region_name': 'R2'})
    one = karbor.protectables.get_instance(
        fixtures.THING, 'thing-3',
        search_opts={'parameters': str({'region_name': 'R2'})})
    assert one.dependent_resources[0]['id'] == 'box-3'
    with pytest.raises(exceptions.NotFound):
        karbor.protectables.get_instance(fixtures.THING, 'nothing')


def test_plans(karbor):
    plan = karbor.plans.create(
        'päivä', fixtures.PROVIDER, RESOURCES,
        {fixtures.THING: {'speed': 2}}, description='words')
    assert plan.to_dict() == {
        'id': plan.id, 'name': 'päivä', 'description': 'words',
        'provider_id': fixtures.PROVIDER, 'status': 'suspended',
        'resources': RESOURCES, 'parameters': {fixtures.THING: {'speed': 2}}}
    assert karbor.plans.get(plan.id).to_dict() == plan.to_dict()
    assert karbor.plans.find(name='päivä').id == plan.id
    second = karbor.plans.create('b', fixtures.PROVIDER, RESOURCES, {})
    assert [one.name for one in karbor.plans.list(sort='name:asc')] == [
        'b', 'päivä']
    assert karbor.plans.list(search_opts={'name': 'äiv'}) == [plan]
    assert karbor.plans.list(limit=1, marker=second.id) == [plan]
    assert karbor.plans.update(plan.id, {'name': 'c'}).name == 'c'
    karbor.plans.delete(plan.id)
    with pytest.raises(exceptions.NotFound) as caught:
        karbor.plans.get(plan.id)
    assert f'Plan {plan.id} could not be found.' in str(caught.value)


def test_plan_errors(karbor):
    with pytest.raises(exceptions.BadRequest) as caught:
        karbor.plans.create('p', fixtures.NOWHERE, RESOURCES, {})
    assert 'provider_id' in str(caught.value)
    with pytest.raises(exceptions.BadRequest) as caught:
        karbor.plans.create(' ', fixtures.PROVIDER, RESOURCES, {})
    assert 'plan.name' in str(caught.value)


def test_checkpoints(karbor, protection):
    made = make_checkpoint(karbor, checkpoint_extra_info={'why': 'test'})
    assert made.status == 'protecting'
    assert 'resource_graph' not in made.to_dict()
    assert json.loads(made.extra_info) == {'why': 'test',
                                           'created_by': 'manual'}
    assert len(protection.runs) == 1
    fixtures.work()
    shown = karbor.checkpoints.get(fixtures.PROVIDER, made.id)
    assert shown.status == 'available'
    assert shown.protection_plan['name'] == 'p'
    assert shown.resource_graph == fixtures.GRAPH
    # it is a text, as the shell's JSON formatter and OSC's want it
    assert shown.created_at.count('-') == 2
    listed, = karbor.checkpoints.list(fixtures.PROVIDER)
    assert listed.to_dict() == shown.to_dict()
    karbor.checkpoints.reset_state(fixtures.PROVIDER, made.id, 'error')
    assert karbor.checkpoints.get(fixtures.PROVIDER,
                                  made.id).status == 'error'
    karbor.checkpoints.delete(fixtures.PROVIDER, made.id)
    assert karbor.checkpoints.get(fixtures.PROVIDER,
                                  made.id).status == 'deleting'
    with pytest.raises(exceptions.Conflict):
        karbor.checkpoints.delete(fixtures.PROVIDER, made.id)
    fixtures.work()
    assert karbor.checkpoints.list(fixtures.PROVIDER) == []
    with pytest.raises(exceptions.NotFound):
        karbor.checkpoints.get(fixtures.PROVIDER, made.id)


def test_restores(karbor, protection):
    made = make_checkpoint(karbor)
    with pytest.raises(exceptions.BadRequest) as caught:
        karbor.restores.create(fixtures.PROVIDER, made.id, None, {}, None)
    assert 'protecting' in str(caught.value)
    fixtures.work()
    restore = karbor.restores.create(
        fixtures.PROVIDER, made.id, None,
        {fixtures.THING: {'restore_name': 'n'}}, None)
    assert restore.to_dict() == {
        'id': restore.id, 'project_id': fixtures.PROJECT,
        'provider_id': fixtures.PROVIDER, 'checkpoint_id': made.id,
        'restore_target': None, 'status': 'in_progress',
        'parameters': {fixtures.THING: {'restore_name': 'n'}},
        'resources_status': {}, 'resources_reason': {}}
    assert karbor.restores.get(restore.id) == restore
    assert karbor.restores.list() == [restore]
    assert karbor.restores.list(search_opts={'status': 'success'}) == []


def test_operation_logs(karbor):
    made = make_checkpoint(karbor)
    fixtures.work()
    restore = karbor.restores.create(fixtures.PROVIDER, made.id, None, {},
                                     None)
    logs = karbor.operation_logs.list()
    assert sorted(log.operation_type for log in logs) == ['protect',
                                                          'restore']
    log, = karbor.operation_logs.list(search_opts={'restore_id': restore.id})
    assert log.restore_id == restore.id
    assert karbor.operation_logs.get(log.id).to_dict() == log.to_dict()
    assert json.loads(log.extra_info)['progress'] == 0.0


def test_services(karbor):
    for binary in ('karbor-protection', 'karbor-operationengine'):
        services.heartbeat(context.system(), 'h', binary)
    first, second = karbor.services.list()
    assert karbor.services.list(host='h', binary=second.binary) == [second]
    assert karbor.services.list(host='x') == []
    assert (first.binary, first.host, first.status, first.state,
            first.disabled_reason) == ('karbor-protection', 'h', 'enabled',
                                       'up', None)
    assert karbor.services.disable(first.id).status == 'disabled'
    answer = karbor.services.disable_log_reason(second.id, 'new disks')
    assert (answer.id, answer.disabled_reason) == (second.id, 'new disks')
    assert [one.status for one in karbor.services.list()] == ['disabled'] * 2
    answer = karbor.services.enable(second.id)
    assert (answer.status, answer.disabled_reason) == ('enabled', None)
    with pytest.raises(exceptions.NotFound) as caught:
        karbor.services.enable(12345)
    assert 'Service 12345 could not be found.' in str(caught.value)


def test_quotas(karbor):
    limits = {'plans': 50, 'checkpoints': -1}
    shown = karbor.quotas.get(fixtures.PROJECT, detail=False)
    assert shown.to_dict() == {**limits, 'id': fixtures.PROJECT}
    assert karbor.quotas.defaults(fixtures.PROJECT).to_dict() == {
        **limits, 'id': fixtures.PROJECT}
    answer = karbor.quotas.update(fixtures.PROJECT, {'plans': 1})
    assert answer.to_dict() == {**limits, 'plans': 1}
    # the shell sends texts
    answer = karbor.quotas.update(fixtures.PROJECT, {'plans': '1'})
    assert answer.to_dict() == {**limits, 'plans': 1}
    karbor.plans.create('a', fixtures.PROVIDER, RESOURCES, {})
    with pytest.raises(exceptions.HttpError) as caught:
        karbor.plans.create('b', fixtures.PROVIDER, RESOURCES, {})
    assert caught.value.http_status == 413
    assert 'Maximum number of plans allowed (1) exceeded' in str(caught.value)
    detail = karbor.quotas.get(fixtures.PROJECT, detail=True)
    assert detail.plans == {'limit': 1, 'in_use': 1, 'reserved': 0}
    # no plans given: the client makes 50 of it
    karbor.quotas.update(fixtures.PROJECT, {'plans': None})
    karbor.plans.create('b', fixtures.PROVIDER, RESOURCES, {})


def test_quota_classes(karbor):
    limits = {'plans': 50, 'checkpoints': -1}
    assert karbor.quota_classes.get('default').to_dict() == {
        **limits, 'id': 'default'}
    answer = karbor.quota_classes.update('default', {'plans': 7})
    assert answer.to_dict() == {**limits, 'plans': 7}
    assert karbor.quotas.defaults(fixtures.PROJECT).plans == 7


def test_triggers_and_scheduled_operations(karbor):
    plan = karbor.plans.create('p', fixtures.PROVIDER, RESOURCES, {})
    trigger = karbor.triggers.create('nightly', 'time', {
        'format': 'crontab', 'pattern': '0 2 * * *'})
    assert karbor.triggers.list() == [trigger]
    operation = karbor.scheduled_operations.create(
        'keep', 'protect', trigger.id,
        {'provider_id': fixtures.PROVIDER, 'plan_id': plan.id})
    assert karbor.scheduled_operations.list() == [operation]
    with pytest.raises(exceptions.HttpError) as caught:
        karbor.triggers.delete(trigger.id)
    assert caught.value.http_status == 424
    karbor.scheduled_operations.delete(operation.id)
    karbor.triggers.delete(trigger.id)
    assert karbor.triggers.list() == []
