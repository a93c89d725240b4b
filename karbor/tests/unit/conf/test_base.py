# SPDX-License-Identifier: Apache-2.0
"""Options of every daemon, and how all of them come together."""

import json
import pathlib
import subprocess
import sys

import pytest

from karbor import conf as karbor_conf
from karbor.conf import base
from karbor.tests.unit.conf import options


def test_the_group():
    conf = options.check(base)
    assert conf.auth_strategy == 'keystone'
    options.refuses(conf, 'auth_strategy', 'none', None)
    options.refuses(conf, 'service_heartbeat_interval', 0, None)


def test_a_path_below_the_state(conf):
    conf.set_override('state_path', '/x')
    assert base.state_path(conf, 'a', 'b') == '/x/a/b'
    assert base.state_path(conf) == '/x'


def test_every_module_is_in_the_list():
    names = {path.stem for path in pathlib.Path(
        karbor_conf.__file__).parent.glob('*.py')} - {'__init__'}
    assert {module.__name__.rsplit('.', 1)[1]
            for module in karbor_conf.GROUPS} == names


def test_no_option_is_there_twice():
    seen = [(group, option.dest) for group, options in
            karbor_conf.list_opts() for option in options]
    assert len(seen) == len(set(seen))


def test_a_parse_may_be_repeated(conf):
    conf.reset()
    karbor_conf.parse([], default_config_files=[])
    assert conf.protection.lease == 30


def test_a_file_is_read(conf, tmp_path):
    file = tmp_path / 'karbor.conf'
    file.write_text('[protection]\nlease = 77\n')
    conf.reset()
    karbor_conf.parse(['--config-file', str(file)])
    assert conf.protection.lease == 77


def test_a_value_that_is_wrong_ends_the_program(conf, tmp_path):
    file = tmp_path / 'karbor.conf'
    file.write_text('[protection]\nlease = soon\n')
    conf.reset()
    with pytest.raises(SystemExit, match='lease') as caught:
        karbor_conf.parse(['--config-file', str(file)])
    assert "'soon'" in str(caught.value)
    assert str(file) in str(caught.value)


@pytest.mark.parametrize('option', ['--config-file', '--config-dir'])
def test_a_file_that_is_missing_is_named(conf, option, tmp_path):
    conf.reset()
    with pytest.raises(SystemExit, match='absent'):
        karbor_conf.parse([option, str(tmp_path / 'absent')])
    conf.reset()


def test_defaults_of_libraries():
    """In a process apart: they are set on what all tests share."""
    done = subprocess.run([sys.executable, '-W', 'ignore', '-c', (
        'import json; from karbor import conf; conf.parse([], '
        'default_config_files=[]); from oslo_policy import opts; '
        'opts._register(conf.CONF); print(json.dumps(['
        'conf.CONF.oslo_policy.policy_file, conf.CONF.database.connection, '
        'conf.CONF.default_log_levels]))')],
        capture_output=True, text=True, check=True)
    policy, database, levels = json.loads(done.stdout.splitlines()[-1])
    assert policy == 'policy.yaml'
    assert database == 'sqlite:////var/lib/karbor/karbor.db'
    assert 'alembic=WARN' in levels
