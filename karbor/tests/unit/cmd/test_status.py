# SPDX-License-Identifier: Apache-2.0
"""karbor-status."""

import subprocess
import sys

from oslo_upgradecheck.upgradecheck import Code
import pytest

from karbor.cmd import status
from karbor.db import migration
from karbor.db import session


@pytest.fixture
def checks(conf, host):
    """The checks on a host whose operator has done everything right."""
    conf.clear_override('connection', 'database')
    conf(['--config-file', str(host.conf)], default_config_files=[])
    host.provider()
    session.init(conf)
    migration.sync()
    yield status.Checks()
    session.dispose()


def results(checks):
    return {str(name): check(checks)
            for name, check in checks._upgrade_checks}


def test_all_is_well(checks):
    assert {name: result.code for name, result
            in results(checks).items()} == dict.fromkeys(
        ('Database schema', 'Providers', 'Policy file'), Code.SUCCESS)


def test_a_schema_that_is_not_there(checks, conf, tmp_path):
    conf.set_override('connection', f'sqlite:///{tmp_path}/new.db',
                      'database')
    result = checks._schema()
    assert result.code == Code.FAILURE
    assert (f'is at nothing and this release needs {migration.head()}'
            in result.details)


def test_a_schema_of_another_release(checks, monkeypatch):
    found = migration.head()
    monkeypatch.setattr(migration, 'head', lambda: '9999')
    result = checks._schema()
    assert result.code == Code.FAILURE
    assert f'is at {found} and this release needs 9999' in result.details


def test_a_database_that_does_not_answer(checks, conf):
    conf.set_override(
        'connection', 'postgresql+psycopg://nobody@127.0.0.1:1/x', 'database')
    conf.set_override('max_retries', 0, 'database')
    try:
        result = checks._schema()
    finally:
        conf.clear_override('max_retries', 'database')
    assert result.code == Code.FAILURE
    assert 'does not answer' in result.details


def test_a_provider_that_is_wrong(checks, host):
    host.provider('broken', id='no uuid')
    result = checks._providers()
    assert result.code == Code.FAILURE
    assert 'broken.conf' in result.details


def test_no_provider_is_a_warning(checks, host):
    (host.providers / 'local.conf').unlink()
    assert checks._providers().code == Code.WARNING


def test_a_policy_in_json_is_refused(checks, conf, tmp_path):
    file = tmp_path / 'policy.json'
    file.write_text('{}')
    conf.set_override('policy_file', str(file), 'oslo_policy')
    try:
        result = checks._policy_file()
    finally:
        conf.clear_override('policy_file', 'oslo_policy')
    assert result.code == Code.FAILURE
    assert f'{file} must be converted' in result.details


def test_the_program_tells_by_its_status(host):
    """In a process apart: the library looks at the arguments at once."""
    host.provider()
    done = subprocess.run(
        [sys.executable, '-W', 'ignore', '-m', 'karbor.cmd.status',
         '--config-file', str(host.conf), 'upgrade', 'check'],
        capture_output=True, text=True)
    assert done.returncode == Code.FAILURE, done.stderr
    assert 'Check: Database schema' in done.stdout
    # a table breaks lines
    assert 'karbor-manage' in done.stdout


def test_a_configuration_that_is_missing_is_no_result_of_a_check(tmp_path):
    absent = tmp_path / 'absent.conf'
    done = subprocess.run(
        [sys.executable, '-m', 'karbor.cmd.status', '--config-file',
         str(absent), 'upgrade', 'check'], capture_output=True, text=True)
    assert done.returncode == 255
    assert str(absent) in done.stderr
    assert 'Traceback' not in done.stderr
