# SPDX-License-Identifier: Apache-2.0
"""Requests that schemathesis makes up from the published OpenAPI document.

Real daemons get what the document allows and what it forbids. No answer may be
an error of the server, of a status or of a form that the document does not
have, and what is forbidden must be refused.
"""

import json
from pathlib import Path
import subprocess
import sys

import pytest

from karbor.tests.functional import daemons

PROJECT = 'made-up'
# Checks that ask for what the API does not promise.
LEFT_OUT = [
    # A request may follow all schemas and be refused all the same: it names a
    # provider that is not there, a plugin wants other parameters.
    'positive_data_acceptance',
    # without Keystone a request without a token gets one
    'ignored_auth', 'missing_required_header',
    # v1 says 404 where others say 405
    'unsupported_method']
# At 1.0 unknown and wrong filters are left out in silence.
LEFT_OUT_OF = {'1.0': ['negative_data_rejection'], '1.1': [], '1.2': []}
# Boundaries are the same in all versions, so they are tried in the newest.
PHASES = {'1.0': 'fuzzing', '1.1': 'fuzzing', '1.2': 'coverage,fuzzing'}
# The version is said with every request. Made up, it would be left out, and
# then an answer is that of 1.0.
HOOKS = '''\
import schemathesis


@schemathesis.hook
def before_load_schema(context, raw_schema):
    for methods in raw_schema['paths'].values():
        for operation in methods.values():
            operation['parameters'] = [
                one for one in operation['parameters']
                if one['name'] != 'OpenStack-API-Version']
'''
# fields of bodies that name something
FIELDS = {
    'plan_id': ['checkpoint.plan_id', 'copy.plan_id',
                'scheduled_operation.operation_definition.plan_id'],
    'trigger_id': ['scheduled_operation.trigger_id'],
    'provider_id': ['plan.provider_id', 'restore.provider_id',
                    'verification.provider_id', 'copy.provider_id',
                    'scheduled_operation.operation_definition.provider_id'],
    'checkpoint_id': ['restore.checkpoint_id', 'verification.checkpoint_id',
                      'copy.checkpoint_id']}


@pytest.fixture(scope='module')
def karbor(tmp_path_factory):
    with daemons.deployment(tmp_path_factory.mktemp('karbor'),
                            'standalone') as deployed:
        deployed.box('one')
        deployed.start()
        daemons.until(lambda: 'karbor-operationengine'
                      in deployed.heartbeats(), what='a heartbeat')
        yield deployed


@pytest.fixture(scope='module')
def known(karbor):
    """Ids by name of the parameter, so that not all answers are 404."""
    client = karbor.client(PROJECT)
    plans = [karbor.plan(('Test::Box', 'one'), project=PROJECT).id
             for _number in range(10)]
    checkpoints = [client.checkpoints.create(daemons.PROVIDER, plan).id
                   for plan in plans[:5]]
    for checkpoint in checkpoints:
        daemons.until(lambda id_=checkpoint: client.checkpoints.get(
            daemons.PROVIDER, id_).status == 'available')
    wanted = [{'provider_id': daemons.PROVIDER, 'checkpoint_id': checkpoint,
               'parameters': {}} for checkpoint in checkpoints]
    triggers = [make(karbor, 'trigger', {
        'name': 'nightly', 'type': 'time', 'properties': {
            'format': 'crontab', 'pattern': '0 2 * * *'}}, 'trigger_info')
        for _number in range(5)]
    operations = [make(karbor, 'scheduled_operation', {
        'name': 'protect', 'operation_type': 'protect', 'trigger_id': trigger,
        'operation_definition': {'provider_id': daemons.PROVIDER,
                                 'plan_id': plans[0]}})
        for trigger in triggers]
    logs = [log.id for log in client.operation_logs.list()]
    return {
        'plan_id': plans, 'checkpoint_id': checkpoints,
        'provider_id': [daemons.PROVIDER],
        'restore_id': [make(karbor, 'restore', one) for one in wanted],
        'verification_id': [make(karbor, 'verification', one)
                            for one in wanted],
        'operation_log_id': logs, 'operation_id': logs,
        'trigger_id': triggers, 'scheduled_operation_id': operations,
        'run_id': [run(karbor, one) for one in operations],
        # this one has nothing to do here
        'service_id': [service['id'] for service in karbor.http(
            'GET', '/os-services?binary=karbor-operationengine',
            project=PROJECT).json()['services']],
        'quota_project_id': [PROJECT], 'class_name': ['gold'],
        'protectable_type': ['Test::Box', 'Test::Thing'],
        'resource_id': ['one']}


def make(karbor, noun, wanted, key=None):
    answer = karbor.http('POST', f'/{noun}s', project=PROJECT,
                         json={key or noun: wanted})
    assert answer.ok, answer.text
    return answer.json()[key or noun]['id']


def run(karbor, operation_id):
    answer = karbor.http(
        'POST', f'/scheduled_operations/{operation_id}/run', project=PROJECT,
        headers={'X-Auth-Token': f'user:{PROJECT}',
                 'OpenStack-API-Version': 'data-protect 1.2'})
    assert answer.ok, answer.text
    return answer.json()['run']['id']


@pytest.mark.timeout(900)
@pytest.mark.parametrize('version', list(PHASES))
def test_answers_are_as_published(karbor, known, tmp_path, version):
    base = f'http://127.0.0.1:{karbor.port}'
    (tmp_path / 'version_of_all.py').write_text(HOOKS)
    (tmp_path / 'schemathesis.toml').write_text('\n'.join([
        'hooks = "version_of_all"',
        '[parameters]', f'"path.project_id" = "{PROJECT}"',
        # sometimes one that is not there
        *(f'"{place}" = {{ dictionary = "{name}", probability = 0.8 }}'
          for name in known
          for place in [f'path.{name}',
                        *(f'body.{field}' for field in FIELDS.get(name, []))]),
        '[dictionaries]',
        *(f'{name} = {{ values = {json.dumps(values)} }}'
          for name, values in known.items())]))
    done = subprocess.run(
        [str(Path(sys.executable).with_name('schemathesis')),
         '--config-file', 'schemathesis.toml',
         'run', f'{base}/v1/openapi.json', '--url', base,
         '-H', f'X-Auth-Token: somebody:{PROJECT}',
         '-H', f'OpenStack-API-Version: data-protect {version}',
         '--phases', PHASES[version], '--max-examples', '5',
         '--generation-deterministic',
         '--generation-with-security-parameters', 'false',
         '--suppress-health-check', 'all', '--warnings', 'off',
         '--exclude-checks', ','.join([*LEFT_OUT, *LEFT_OUT_OF[version]]),
         '--continue-on-failure', '--no-shrink', '--no-color'],
        cwd=tmp_path, capture_output=True, text=True, timeout=840)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
