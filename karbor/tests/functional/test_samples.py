# SPDX-License-Identifier: Apache-2.0
"""The samples of the API's reference are what a real service answers."""

import contextlib
import sqlite3

import pytest

from karbor.api import root
from karbor.api.schemas import method
from karbor.tests.functional import daemons
from karbor.tests.functional import samples

PROVIDER = '6f5e3c0b-3f4d-4b8a-9a55-0d1f4b6d2c01'
FILESET = '0c6f6f0e-51a1-4a57-8b1b-5a3a2a1f0b11'
DATABASE = '52b1c1b4-6a3e-4b19-9c5e-0f6d1e2a3b44'
# One for each version, so that neither sees what the other made.
PROJECTS = {None: 'a' * 32, '1.1': 'b' * 32, '1.2': 'c' * 32}
CHECKPOINTS = f'providers/{PROVIDER}/checkpoints'


@pytest.fixture(scope='module')
def recorder(tmp_path_factory):
    """A service without plugins of strangers, set up as in the documents."""
    with daemons.deployment(tmp_path_factory.mktemp('karbor'),
                            'standalone') as deployed, \
            pytest.MonkeyPatch.context() as patch:
        patch.setattr(daemons, 'STRANGER', deployed.root / 'nothing')
        root_ = deployed.root
        (root_ / 'providers.d/test.conf').write_text(f"""\
[provider]
name = filesystem
id = {PROVIDER}
description = Files and databases, kept in a directory
bank = karbor-fs-bank-plugin
plugin = karbor-fileset-protection-plugin
plugin = karbor-sqldatabase-protection-plugin
[file_system_bank_plugin]
file_system_bank_path = {deployed.bank}
""")
        (root_ / 'filesets.toml').write_text(f"""\
[[fileset]]
id = "{FILESET}"
name = "site"
path = "{root_}/files"
projects = {list(PROJECTS.values())}
""")
        (root_ / 'sqldatabases.toml').write_text(f"""\
[[database]]
id = "{DATABASE}"
name = "orders"
url = "sqlite:///{root_}/shop.sqlite"
projects = {list(PROJECTS.values())}
""")
        (root_ / 'files/index.html').write_text('<h1>The shop</h1>')
        # with one operation at a time, a second one waits
        deployed.config.write_text(deployed.config.read_text().replace(
            'host-of-test', 'controller-1').replace(
            '[protection]', '[protection]\noperations = 1'))
        deployed.start()
        made = samples.Recorder(
            f'http://127.0.0.1:{deployed.port}', PROJECTS.values(),
            {PROVIDER, FILESET, DATABASE})
        made.shop = root_ / 'shop.sqlite'
        yield made


def ended(recorder, path, key):
    """Wait for the end of what works; returns it."""
    return daemons.until(lambda: (
        (one := recorder.ask('GET', path)[key])['status']
        not in ('protecting', 'in_progress', 'wait_copying', 'copying')
        and one))


def discovery(record):
    record('GET', 'providers')
    record('GET', f'providers/{PROVIDER}')
    record('GET', 'protectables')
    type_ = 'protectables/Karbor::FileSet'
    record('GET', type_)
    record('GET', f'{type_}/instances')
    record('GET', f'{type_}/instances/{FILESET}')


def plans(record):
    plan = record('POST', 'plans', {'plan': {
        'name': 'web', 'description': 'the shop window',
        'provider_id': PROVIDER,
        'resources': [{'id': FILESET, 'type': 'Karbor::FileSet',
                       'name': 'site'}],
        'parameters': {}}})['plan']
    path = f'plans/{plan["id"]}'
    record('GET', 'plans')
    record('GET', path)
    record('PUT', path, {'plan': {'name': 'shop'}})
    return plan


def checkpoints(recorder, plan):
    record = recorder.record
    made = record('POST', CHECKPOINTS, {'checkpoint': {
        'plan_id': plan['id'],
        'extra-info': {'why': 'before the upgrade'}}})['checkpoint']
    path = f'{CHECKPOINTS}/{made["id"]}'
    assert ended(recorder, path, 'checkpoint')['status'] == 'available'
    record('GET', CHECKPOINTS)
    record('GET', path)
    return made


def restores(recorder, checkpoint, version):
    record = recorder.record
    made = record('POST', 'restores', {'restore': {
        'provider_id': PROVIDER, 'checkpoint_id': checkpoint['id'],
        'restore_target': None, 'restore_auth': None,
        'parameters': {'Karbor::FileSet': {'conflict': 'overwrite'}}},
    })['restore']
    path = f'restores/{made["id"]}'
    assert ended(recorder, path, 'restore')['status'] == 'success'
    record('GET', 'restores')
    if version != '1.2':
        record('GET', path)
        return
    # one that fails, because it may not write there
    made = recorder.ask('POST', 'restores', {'restore': {
        'provider_id': PROVIDER, 'checkpoint_id': checkpoint['id'],
        'parameters': {'Karbor::FileSet': {'restore_path': '/nowhere'}}}},
    )['restore']
    path = f'restores/{made["id"]}'
    assert ended(recorder, path, 'restore')['status'] == 'fail'
    record('POST', f'{path}/undo')
    daemons.until(lambda: recorder.ask('GET', path)['restore']['undo'][
        'status'] == 'success', what='the end of an undo')
    record('GET', path)


def verifications(recorder, checkpoint):
    record = recorder.record
    made = record('POST', 'verifications', {'verification': {
        'provider_id': PROVIDER, 'checkpoint_id': checkpoint['id'],
        'parameters': {}}})['verification']
    path = f'verifications/{made["id"]}'
    assert ended(recorder, path, 'verification')['status'] == 'success'
    record('GET', 'verifications')
    record('GET', path)


def copies(recorder, plan):
    made = recorder.record('POST', f'{CHECKPOINTS}/action', {'copy': {
        'plan_id': plan['id'], 'parameters': {}}})['copy']
    ended(recorder, f'{CHECKPOINTS}/{made["checkpoint_id"]}', 'checkpoint')


def schedules(record, plan, version):
    nightly = {'format': 'crontab', 'pattern': '0 2 * * *',
               'start_time': '2030-01-01 00:00:00', 'window': 900}
    if version == '1.2':
        nightly['timezone'] = 'Europe/Berlin'
        record('POST', 'triggers/preview', {'trigger_info': {
            'type': 'time', 'properties': nightly}})
    trigger = record('POST', 'triggers', {'trigger_info': {
        'name': 'nightly', 'type': 'time',
        'properties': nightly}})['trigger_info']
    path = f'triggers/{trigger["id"]}'
    record('GET', 'triggers')
    record('GET', path)
    record('PUT', path, {'trigger_info': {
        'name': 'every night', 'properties': nightly}})
    made = record('POST', 'scheduled_operations', {'scheduled_operation': {
        'name': 'protect web', 'description': None,
        'operation_type': 'protect', 'trigger_id': trigger['id'],
        'operation_definition': {'provider_id': PROVIDER,
                                 'plan_id': plan['id']}},
    })['scheduled_operation']
    operation = f'scheduled_operations/{made["id"]}'
    record('GET', 'scheduled_operations')
    record('GET', operation)
    if version == '1.2':
        record('PUT', operation, {'scheduled_operation': {
            'enabled': False, 'overlap': 'queue', 'complete_within': 3600}})
        record('POST', f'{operation}/adopt')
    record('DELETE', operation)
    record('DELETE', path)


def events(recorder, version):
    """A webhook, which is made by 1.2 and called by whoever knows it."""
    made = recorder.ask_newest('POST', 'triggers', {'trigger_info': {
        'name': 'built', 'type': 'event', 'properties': {
            'source': 'webhook', 'payload': {'ref': 'main'}}}})['trigger_info']
    path = f'triggers/{made["id"]}'
    secret = made['secret']
    if version == '1.2':
        secret = recorder.record('POST', f'{path}/secret')['webhook']['secret']
    recorder.record_call(secret, f'{path}/webhook',
                         {'ref': 'main', 'commit': '6f5e3c0b'})
    recorder.ask('DELETE', path)


def runs(recorder, plan):
    record, ask = recorder.record, recorder.ask
    ask('POST', f'plans/{plan["id"]}/start')
    trigger = ask('POST', 'triggers', {'trigger_info': {
        'name': 'nightly', 'type': 'time', 'properties': {
            'format': 'crontab', 'pattern': '0 2 * * *',
            'start_time': '2030-01-01 00:00:00'}}})['trigger_info']
    made = ask('POST', 'scheduled_operations', {'scheduled_operation': {
        'name': 'protect web', 'operation_type': 'protect',
        'trigger_id': trigger['id'], 'complete_within': 3600,
        'operation_definition': {'provider_id': PROVIDER,
                                 'plan_id': plan['id']}},
    })['scheduled_operation']
    operation = f'scheduled_operations/{made["id"]}'
    run = record('POST', f'{operation}/run')['run']
    path = f'{operation}/runs/{run["id"]}'
    assert daemons.until(lambda: (
        (one := ask('GET', path)['run'])['status']
        not in ('queued', 'running') and one))['status'] == 'success'
    record('GET', f'{operation}/runs')
    record('GET', path)
    ask('DELETE', operation)
    ask('DELETE', f'triggers/{trigger["id"]}')


def retention(recorder, plan):
    """Of three checkpoints, one of which is a copy."""
    record, ask = recorder.record, recorder.ask
    trigger = ask('POST', 'triggers', {'trigger_info': {
        'name': 'nightly', 'type': 'time', 'properties': {
            'format': 'crontab', 'pattern': '0 2 * * *',
            'start_time': '2030-01-01 00:00:00'}}})['trigger_info']
    made = ask('POST', 'scheduled_operations', {'scheduled_operation': {
        'name': 'protect web', 'operation_type': 'retention_protect',
        'trigger_id': trigger['id'],
        'operation_definition': {'provider_id': PROVIDER,
                                 'plan_id': plan['id'], 'max_backups': 2}},
    })['scheduled_operation']
    operation = f'scheduled_operations/{made["id"]}'
    record('GET', f'{operation}/retention')
    record('POST', f'plans/{plan["id"]}/retention', {'retention': {
        'max_backups': 1, 'max_age': 2592000, 'instead_of': made['id']}})
    ask('DELETE', operation)
    ask('DELETE', f'triggers/{trigger["id"]}')


def limits(recorder, project):
    record = recorder.record
    path = 'quota_classes/default'
    record('PUT', path, {'quota_class': {'plans': 100}})
    record('GET', path)
    path = f'quotas/{project}'
    record('PUT', path, {'quota': {'plans': 60}})
    record('GET', path)
    record('GET', f'{path}/detail')
    record('GET', f'{path}/defaults')
    record('DELETE', path)


def services(recorder):
    one = {'binary': 'karbor-operationengine'}
    daemons.until(lambda: recorder.ask('GET', 'os-services', **one)[
        'services'], what='a heartbeat')
    found, = recorder.record('GET', 'os-services', **one)['services']
    path = f'os-services/{found["id"]}'
    recorder.record('PUT', path, {
        'status': 'disabled', 'disabled_reason': 'the machine moves'})
    recorder.ask('PUT', path, {'status': 'enabled'})


def operation_logs(record):
    logs = record('GET', 'operation_logs')['operation_logs']
    record('GET', f'operation_logs/{logs[-1]["id"]}')


def operations(recorder):
    """One that waits, because the only worker waits for a database."""
    record, ask = recorder.record, recorder.ask
    done = ask('GET', 'operations', type='protect')['operations'][0]['id']
    record('GET', f'operations/{done}')
    plan = ask('POST', 'plans', {'plan': {
        'name': 'orders', 'provider_id': PROVIDER, 'parameters': {},
        'resources': [{'id': DATABASE, 'type': 'Karbor::Database',
                       'name': 'orders'}]}})['plan']
    wanted = {'checkpoint': {'plan_id': plan['id']}}
    with contextlib.closing(sqlite3.connect(
            recorder.shop, isolation_level=None)) as shop:
        shop.execute('BEGIN EXCLUSIVE')
        first = ask('POST', CHECKPOINTS, wanted)['checkpoint']
        daemons.until(lambda: ask('GET', 'operations', status='running',
                                  checkpoint_id=first['id'])['operations'])
        second = ask('POST', CHECKPOINTS, wanted)['checkpoint']
        waiting, = record('GET', 'operations', status='queued',
                          checkpoint_id=second['id'])['operations']
        record('POST', f'operations/{waiting["id"]}/cancel')
    assert ended(recorder, f'{CHECKPOINTS}/{first["id"]}',
                 'checkpoint')['status'] == 'available'


def the_end(recorder, plan, checkpoint):
    record = recorder.record
    path = f'{CHECKPOINTS}/{checkpoint["id"]}'
    record('PUT', path, {'os-resetState': {'state': 'error'}})
    record('DELETE', path)
    record('DELETE', f'plans/{plan["id"]}')


def test_samples_are_what_the_service_answers(recorder):
    for version, project in PROJECTS.items():
        recorder.begin(version, project)
        recorder.record_above('versions-index', '/')
        recorder.record_above('versions-show', '/v1')
        discovery(recorder.record)
        plan = plans(recorder.record)
        if version:
            for action in ('start', 'suspend'):
                recorder.record('POST', f'plans/{plan["id"]}/{action}')
        checkpoint = checkpoints(recorder, plan)
        restores(recorder, checkpoint, version)
        verifications(recorder, checkpoint)
        operation_logs(recorder.record)
        if version:
            operations(recorder)
        copies(recorder, plan)
        schedules(recorder.record, plan, version)
        events(recorder, version)
        limits(recorder, project)
        services(recorder)
        if version == '1.2':
            runs(recorder, plan)
            retention(recorder, plan)
        the_end(recorder, plan, checkpoint)
    # all methods of all versions, each with its own success
    assert recorder.statuses == {
        (samples.name_of(route), version, form.status)
        for route in root.ROUTES for version in PROJECTS
        if (form := route.does.form(method.Version(
            *map(int, (version or '1.0').split('.')))))}
    samples.hold(samples.SAMPLES, '*.json', recorder.samples)
