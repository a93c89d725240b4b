# SPDX-License-Identifier: Apache-2.0
"""Karbor's own ``openstack data protection`` verbs, with a real Keystone."""

import importlib.metadata
import json
import shutil
import sys

import pytest

from karbor.tests.functional import daemons
from karbor.tests.functional.daemons import PROVIDER
from karbor.tests.functional.identity import programs as commands
from karbor.tests.functional.identity.programs import verbs

AT_1_2 = {'OpenStack-API-Version': 'data-protect 1.2'}


@pytest.fixture
def openstack(request, karbor, programs):
    """Runs a verb as somebody; JSON is shown where something is."""
    used = set()

    def run(verb, *arguments, who='member', shows=True):
        used.add(verb)
        return programs.run('openstack', karbor.cloud.environment(who),
                            'data', 'protection', *verb.split(), *arguments,
                            *(['-f', 'json'] if shows else []))
    yield run
    assert used == set(request.function.verbs)


def ask(karbor, method, path, who='member', **body):
    answer = karbor.ask(who, method, path, headers=AT_1_2, json=body)
    assert answer.status_code < 300, answer.text
    return answer.json() if answer.content else None


@pytest.fixture
def nightly(karbor):
    """An operation of a manager, of a plan that was started."""
    trigger = ask(karbor, 'POST', '/triggers', trigger_info={
        'name': 'at night', 'type': 'time', 'properties': {
            'format': 'crontab', 'pattern': '0 2 1 1 *'}})['trigger_info']
    plan = karbor.plan(karbor.box('nightly')).id
    ask(karbor, 'PUT', f'/plans/{plan}', plan={'status': 'started'})
    made = ask(
        karbor, 'POST', '/scheduled_operations', 'manager',
        scheduled_operation={
            'name': 'nightly', 'operation_type': 'retention_protect',
            'trigger_id': trigger['id'], 'operation_definition': {
                'provider_id': PROVIDER, 'plan_id': plan, 'max_backups': 1},
        })['scheduled_operation']
    yield made
    karbor.ask('member', 'DELETE', f'/scheduled_operations/{made["id"]}',
               headers=AT_1_2)


def test_no_verb_is_forgotten():
    assert commands.verbs_of(sys.modules[__name__]) == {
        ' '.join(point.name.removeprefix('data_protection_').split('_'))
        for point in importlib.metadata.entry_points(
            group=commands.OWN_GROUP)}


def ended(openstack, operation, began):
    """The run of an operation when it has ended."""
    def look():
        found = openstack('run show', operation, began['id']).json()
        return found['ended_at'] and found
    return daemons.until(look, what='the end of a run')


@verbs('scheduledoperation run', 'run show')
def test_what_is_verified(karbor, openstack, nightly):
    made = ask(karbor, 'POST', '/scheduled_operations', scheduled_operation={
        'name': 'proof', 'operation_type': 'verify',
        'trigger_id': nightly['trigger_id'], 'operation_definition': {
            name: nightly['operation_definition'][name]
            for name in ('provider_id', 'plan_id')}})['scheduled_operation']
    # there is nothing yet, then something, and then it is damaged
    for status, words in (('skipped', 'no available checkpoint'),
                          ('success', None), ('failed', 'told to fail')):
        if status == 'failed':
            karbor.order('verify.on_main.Box.nightly', 'fail')
        run = ended(openstack, 'proof', openstack(
            'scheduledoperation run', made['id']).json())
        assert run['status'] == status
        assert words is None or words in run['reason']
        if status == 'skipped':
            ended(openstack, 'nightly', openstack(
                'scheduledoperation run', 'nightly').json())
        else:
            assert run['operation_id'] == karbor.client().verifications.get(
                run['operation_id']).id
    karbor.order('verify.on_main.Box.nightly', 'fail').unlink()
    ask(karbor, 'DELETE', f'/scheduled_operations/{made["id"]}')


@verbs('scheduledoperation run', 'run list', 'run show',
       'retention simulate')
def test_what_runs_and_what_is_kept(openstack, nightly):
    began = openstack('scheduledoperation run', 'nightly').json()

    run = ended(openstack, 'nightly', began)
    assert (run['status'], run['reason']) == ('success', None)
    [listed] = openstack('run list', 'nightly', '--status', 'success').json()
    assert (listed['ID'], listed['Checkpoint ID']) == (
        run['id'], run['checkpoint_id'])
    [kept] = openstack('retention simulate', nightly['id']).json()
    assert (kept['ID'], kept['Action']) == (run['checkpoint_id'], 'keep')
    denied = openstack('scheduledoperation run', 'nightly', who='reader')
    assert denied.status == 1
    assert "Policy doesn't allow scheduled_operation:run" in denied.error
    # nor does another project know of it
    assert 'No scheduled operation' in openstack(
        'run list', 'nightly', who='other-manager').error


@verbs('scheduledoperation set', 'scheduledoperation adopt')
def test_changes(karbor, openstack, nightly):
    assert openstack('scheduledoperation set', 'nightly', '--disable',
                     '--name', 'resting', shows=False).status == 0
    adopted = openstack('scheduledoperation adopt', 'resting',
                        who='member').json()
    assert (adopted['id'], adopted['enabled']) == (nightly['id'], False)
    assert adopted['user_id'] not in (None, nightly['user_id'])


@verbs('trigger preview', 'trigger secret')
def test_triggers(karbor, openstack):
    shown = openstack('trigger preview', 'crontab', '0 2 * * *', '--timezone',
                      'Europe/Berlin', '--start', '2036-01-01T00:00:00Z',
                      '--count', '1').json()
    assert shown[0]['Time'].startswith('2036-01-01T01:00:00')
    made = ask(karbor, 'POST', '/triggers', trigger_info={
        'name': 'on call', 'type': 'event', 'properties': {
            'source': 'webhook'}})['trigger_info']
    renewed = openstack('trigger secret', 'on call').json()
    assert renewed['trigger_id'] == made['id']
    assert renewed['secret'] != made['secret']


@verbs('restore undo')
def test_undo(karbor, openstack):
    order = karbor.order('restore.on_main.Box.hopeless', 'fail')
    checkpoint = karbor.protect(karbor.plan(karbor.box('hopeless')))
    client = karbor.client('member')
    restore = client.restores.create(PROVIDER, checkpoint.id, None, {}, None)
    daemons.until(lambda: client.restores.get(restore.id).status == 'fail',
                  what='a failure')
    undo = openstack('restore undo', restore.id, '--wait').json()
    assert (undo['type'], undo['status']) == ('undo', 'success')
    shown = ask(karbor, 'GET', f'/restores/{restore.id}')['restore']
    assert shown['undo']['operation_id'] == undo['id']
    order.unlink()
    unknown = openstack('restore undo', 'nobody')
    assert unknown.status != 0
    assert 'nobody' in unknown.error


@pytest.fixture
def chunk(karbor):
    """The bank's file of what a checkpoint has of a box."""
    def find(checkpoint_id):
        [path] = [karbor.bank / path for path in karbor.bank_objects()
                  if f'data/{checkpoint_id}/' in path and 'index' not in path
                  and b'box crate' in (karbor.bank / path).read_bytes()]
        return path
    return find


@verbs('checkpoint verify', 'checkpoint copy', 'checkpoint restore',
       'checkpoint inspect', 'checkpoint damage list', 'operation list',
       'operation show')
def test_what_is_damaged(karbor, openstack, chunk):
    plan = karbor.plan(karbor.box('precious', b'crate'))
    checkpoint = karbor.protect(plan).id
    for resources in ('1/1', None):
        shown = openstack('checkpoint verify', 'Test', checkpoint, '--wait',
                          *(['--subset', resources] if resources else []))
        assert shown.json()['status'] == 'success'
    copy = openstack('checkpoint copy', 'Test', checkpoint, '--wait').json()
    assert copy['status'] == 'success'

    # what is found, is seen
    chunk(checkpoint).write_bytes(b'other')
    found = openstack('checkpoint verify', PROVIDER, checkpoint, '--wait')
    verification = json.loads(found.output)
    assert (found.status, verification['status']) == (1, 'error')
    assert f'{verification["id"]} ended with error: ' in found.error
    damage = openstack('checkpoint inspect', 'Test', checkpoint).json()[
        'damage']
    assert damage['operation_id'] == verification['id']
    [listed] = openstack('checkpoint damage list', 'Test', '--plan',
                         plan.id).json()
    assert (listed['ID'], listed['Reason']) == (checkpoint, damage['reason'])
    shown = openstack('operation show', verification['id'], '--resources')
    assert {one['type']: one['status'] for one in shown.json()[
        'resources']} == {'Test::Box': 'error', 'Test::Thing': 'success'}
    assert [one['ID'] for one in openstack(
        'operation list', '--checkpoint', checkpoint, '--type', 'verify',
        '--status', 'error').json()] == [verification['id']]

    # it is used by force only, and what is damaged does not come back
    karbor.box('precious', b'later')
    for verb in ('copy', 'restore'):
        refused = openstack(f'checkpoint {verb}', 'Test', checkpoint)
        assert (refused.status, refused.output) == (1, '')
        assert f'Verification {verification["id"]} found' in refused.error
    forced = openstack('checkpoint restore', 'Test', checkpoint, '--force',
                       '--wait')
    assert forced.status == 1
    box, thing = karbor.boxes('precious')
    assert (b'other' in box, thing) == (False, b'thing crate')
    # of the copy, all does
    assert openstack('checkpoint restore', 'Test', copy['checkpoint_id'],
                     '--wait').status == 0
    assert karbor.boxes('precious') == (b'box crate', b'thing crate')


@verbs('checkpoint restore')
def test_parameters_of_a_restore(karbor, openstack):
    (karbor.root / 'files/page').write_text('text')
    checkpoint = karbor.protect(karbor.plan(
        ('Karbor::FileSet', daemons.FILESET))).id
    elsewhere = karbor.root / 'files/elsewhere'
    option = f'resource_type=Karbor::FileSet,restore_path={elsewhere}'
    assert openstack('checkpoint restore', 'Test', checkpoint, '--wait',
                     '--parameters', option).status == 0
    assert (elsewhere / 'page').read_text() == 'text'
    shutil.rmtree(elsewhere)
    for arguments, words in (
            (['--parameters', f'{option},depth=3'],
             'parameters.Karbor::FileSet: '),
            (['--parameters-json', '{"Karbor::FileSet": 1}'],
             'restore.parameters.Karbor::FileSet. Value: 1. Expected an'),
            (['--target', 'http://127.0.0.1'], 'restore_target: no plugin')):
        refused = openstack('checkpoint restore', 'Test', checkpoint,
                            *arguments)
        assert refused.status == 1
        assert words in refused.error
        assert 'Traceback' not in refused.error


@verbs('checkpoint verify', 'operation list', 'operation show',
       'operation cancel')
def test_operations(karbor, openstack):
    checkpoint = karbor.protect(karbor.plan(karbor.box('slow'))).id
    order = karbor.order('verify.on_main.Box.slow', 'hang')
    id_ = openstack('checkpoint verify', 'Test', checkpoint).json()['id']

    def running():
        return openstack('operation list', '--checkpoint', checkpoint,
                         '--status', 'running').json()
    [listed] = daemons.until(running, what='a verification')
    assert (listed['ID'], listed['Waiting']) == (id_, None)
    assert openstack('operation cancel', id_, who='reader').status == 1
    assert openstack('operation cancel', id_).json()['id'] == id_
    order.unlink()
    ended = openstack('operation show', id_, '--wait')
    shown = json.loads(ended.output)
    assert (ended.status, shown['status']) == (1, 'cancelled')
    assert f'Waiting for operation {id_}.' in ended.error
    assert 'resources' not in shown
    unknown = openstack('operation show', id_, who='other-manager')
    assert (unknown.status, unknown.output) == (1, '')
    assert 'HTTP 404' in unknown.error


@verbs('plan set', 'plan inspect', 'checkpoint inspect')
def test_what_is_missing(karbor, openstack):
    plan = karbor.plan(karbor.box('here'), karbor.box('gone'))
    (karbor.stranger / 'Box/gone').unlink()
    assert openstack('plan set', plan.name, '--missing-resources', 'skip',
                     '--description', 'what is left', shows=False,
                     ).status == 0
    shown = openstack('plan inspect', plan.name).json()
    assert (shown['missing_resources'], shown['description']) == (
        'skip', 'what is left')
    checkpoint = openstack('checkpoint inspect', 'Test',
                           karbor.protect(plan).id).json()
    assert (checkpoint['status'], checkpoint['damage']) == ('available', None)
    assert checkpoint['missing_resources'] == [
        {'type': 'Test::Box', 'id': 'gone', 'name': 'gone'}]
    denied = openstack('plan set', plan.id, '--start', shows=False,
                       who='reader')
    assert denied.status == 1
    assert "Policy doesn't allow plan:update" in denied.error
