# SPDX-License-Identifier: Apache-2.0
"""A host with a configuration, a provider and a bank."""

import sys
import uuid

import pytest

from karbor.cmd import manage
from karbor.db import session
from karbor.protection import providers


@pytest.fixture
def host(tmp_path):
    """Files of an operator.

    :ivar id: of the provider named ``local``
    """
    class Host:
        id = str(uuid.uuid4())
        path = tmp_path
        providers = tmp_path / 'providers.d'
        conf = tmp_path / 'karbor.conf'
        bank = tmp_path / 'bank'

        def provider(self, name='local', **changes):
            fields = {'name': name, 'id': self.id,
                      'bank': 'karbor-fs-bank-plugin',
                      'plugin': 'karbor-noop-protection-plugin', **changes}
            (self.providers / f'{name}.conf').write_text(
                '[provider]\n'
                + ''.join(f'{key} = {value}\n'
                          for key, value in fields.items())
                + '[file_system_bank_plugin]\n'
                  f'file_system_bank_path = {self.bank}\n')

    host = Host()
    host.providers.mkdir()
    host.bank.mkdir()
    host.conf.write_text(
        f'[DEFAULT]\nstate_path = {tmp_path}/state\n'
        '[database]\n'
        f'connection = sqlite:///{tmp_path}/k.db\n'
        f'[protection]\nprovider_config_dir = {host.providers}\n')
    return host


@pytest.fixture
def run(conf, host, monkeypatch):
    """Runs a command as a shell would; returns its exit status."""
    def call(main, *args):
        conf.reset()
        conf.clear_override('connection', 'database')
        monkeypatch.setattr(sys, 'argv', [
            'karbor-test', '--config-file', str(host.conf), *args])
        try:
            return main()
        finally:
            conf.reset()
            # the command line of one program is not that of the next
            if 'command' in conf._opts:
                conf.unregister_opt(conf._opts['command']['opt'])

    yield call
    session.dispose()


@pytest.fixture
def synced(run, capsys):
    """The database has its tables."""
    assert run(manage.main, 'db', 'sync') == 0
    capsys.readouterr()


@pytest.fixture
def store(conf, host, run, synced):
    """The bank of the provider, of which the database knows nothing."""
    host.provider()
    conf(['--config-file', str(host.conf)], default_config_files=[])
    return providers.load(conf).get(host.id).store
