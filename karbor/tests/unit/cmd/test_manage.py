# SPDX-License-Identifier: Apache-2.0
"""karbor-manage."""

import datetime
import json
import uuid

import pytest
import sqlalchemy as sa

from karbor import conf as karbor_conf
from karbor import context
from karbor.bank.manifest import Manifest
from karbor.cmd import manage
from karbor.db import checkpoints
from karbor.db import migration
from karbor.db import models
from karbor.db import services
from karbor.db import session
from karbor.model.query import ListQuery
from karbor.protection import providers

NOON = datetime.datetime(2026, 11, 22, 12, tzinfo=datetime.UTC)


def save(store, status='available', **changes):
    manifest = Manifest(**{
        'checkpoint_id': str(uuid.uuid4()), 'project_id': 'p',
        'provider_id': 'another one', 'plan': {'id': 'plan', 'name': 'shop'},
        'status': status, 'created_at': NOON, 'origin': 'schedule',
        'reason': 'why', 'extra_info': {'k': 'v'}, 'size': 7, 'attempt': 1,
        'resource_graph': '[{}, []]', **changes})
    store.write_manifest(manifest)
    return manifest.checkpoint_id


def listed(host):
    return {one.id: one for one in checkpoints.list_(
        context.system(), host.id, ListQuery())}


def test_a_schema_is_made_and_told(run, capsys):
    assert run(manage.main, 'db', 'version') == 0
    assert capsys.readouterr().out == 'The database has no schema.\n'
    for _time in range(2):
        assert run(manage.main, 'db', 'sync') == 0
        assert capsys.readouterr().out == migration.head() + '\n'
    assert run(manage.main, 'db', 'sync', migration.head()) == 0
    assert run(manage.main, 'db', 'version') == 0
    assert capsys.readouterr().out.splitlines()[-1] == migration.head()


def test_daemons_are_listed(run, synced, capsys):
    assert run(manage.main, 'service', 'list') == 0
    assert capsys.readouterr().out == (
        'Id  Binary  Host  Status  State  Last heartbeat  Reason\n')
    for host in ('a', 'a-long-name'):
        services.heartbeat(context.system(), host, 'karbor-protection')
    services.set_status(context.system(), 2, 'disabled', 'a broken disk', 60)
    with session.writer(context.system()) as writer:
        writer.execute(sa.update(models.Service).where(
            models.Service.id == 2).values(updated_at=NOON))
    assert run(manage.main, 'service', 'list') == 0
    head, first, second = capsys.readouterr().out.splitlines()
    assert first.split()[:5] == ['1', 'karbor-protection', 'a', 'enabled',
                                 'up']
    assert second == (
        '2   karbor-protection  a-long-name  disabled  down   '
        '2026-11-22 12:00:00+00:00  a broken disk')
    for name, text in (('Host', 'a'), ('Status', 'enabled'),
                       ('State', 'up'), ('Last heartbeat', '20')):
        assert first[head.index(name):].startswith(text)
    assert run(manage.main, 'service', 'list', '-f', 'json') == 0
    assert json.loads(capsys.readouterr().out)[1] == {
        'id': 2, 'binary': 'karbor-protection', 'host': 'a-long-name',
        'status': 'disabled', 'state': 'down',
        'updated_at': '2026-11-22T12:00:00+00:00',
        'disabled_reason': 'a broken disk'}


@pytest.mark.parametrize('args', [(), ('db',), ('bank', 'import'),
                                  ('service',),
                                  ('db', 'drop')])
def test_what_is_missing_is_asked_for(run, capsys, args):
    with pytest.raises(SystemExit) as caught:
        run(manage.main, *args)
    assert caught.value.code == 2
    assert 'usage:' in capsys.readouterr().err


@pytest.mark.parametrize('by', ['id', 'name'])
def test_an_import_brings_everything_back(run, host, store, capsys, by):
    id_ = save(store)
    wanted = host.id if by == 'id' else 'local'
    assert run(manage.main, 'bank', 'import', wanted) == 0
    assert capsys.readouterr().out == (
        '1 checkpoints added, 0 known already, 0 cannot be read\n')
    found = listed(host)[id_]
    assert (found.status, found.sealed, found.project_id, found.plan_id,
            found.origin, found.size, found.extra_info, found.created_at,
            found.resource_graph, found.provider_id) == (
        'available', True, 'p', 'plan', 'schedule', 7, {'k': 'v'}, NOON,
        '[{}, []]', host.id)
    assert run(manage.main, 'bank', 'import', wanted) == 0
    assert capsys.readouterr().out == (
        '0 checkpoints added, 1 known already, 0 cannot be read\n')


@pytest.mark.parametrize('status', ['protecting', 'deleting', 'error'])
def test_what_was_not_finished_is_an_error(run, host, store, status):
    id_ = save(store, status)
    assert run(manage.main, 'bank', 'import', 'local') == 0
    found = listed(host)[id_]
    assert (found.status, found.sealed) == ('error', False)
    assert found.status_reason == (
        'why' if status == 'error'
        else f'It was {status} when the database was lost.')


def test_a_manifest_that_is_damaged_hides_no_other(run, host, store, capsys):
    ids = sorted(save(store) for _number in range(3))
    [file] = [path for path in host.bank.rglob('*')
              if path.is_file() and ids[1] in str(path)]
    file.write_bytes(file.read_bytes()[:-9])
    assert run(manage.main, 'bank', 'import', 'local') == 1
    said = capsys.readouterr()
    assert said.out == (
        '2 checkpoints added, 0 known already, 1 cannot be read\n')
    assert said.err.startswith(f'{ids[1]} cannot be read: ')
    assert set(listed(host)) == {ids[0], ids[2]}


def test_an_empty_bank(run, store, capsys):
    assert run(manage.main, 'bank', 'import', 'local') == 0
    assert capsys.readouterr().out.startswith('0 checkpoints added')


def test_an_unknown_provider_is_named(run, store, capsys):
    assert run(manage.main, 'bank', 'import', 'remote') == 1
    assert capsys.readouterr().err == (
        'Provider remote could not be found.\n')


def test_a_name_of_two_providers_is_not_guessed(run, host, store, capsys):
    host.provider('second', id=uuid.uuid4())
    file = host.providers / 'second.conf'
    file.write_text(file.read_text().replace('name = second',
                                             'name = local'))
    assert run(manage.main, 'bank', 'import', 'local') == 1
    assert 'local could not be found' in capsys.readouterr().err


def test_mistakes_of_other_providers_are_shown(run, host, store, capsys):
    host.provider('broken', id='no uuid')
    save(store)
    assert run(manage.main, 'bank', 'import', 'local') == 0
    said = capsys.readouterr()
    assert 'broken.conf: [provider] id must be a UUID' in said.err
    assert '1 checkpoints added' in said.out


def test_an_unknown_version_is_named(run, capsys):
    assert run(manage.main, 'db', 'sync', 'nope') == 1
    said = capsys.readouterr().err
    assert said.startswith('VERSION: ')
    assert "'nope'" in said
    assert len(said.splitlines()) == 1


def test_a_database_without_a_schema_is_told(run, host, capsys):
    host.provider()
    host.conf.write_text(host.conf.read_text().replace('k.db', 'other.db'))
    assert run(manage.main, 'db', 'sync') == 0
    conf = karbor_conf.CONF
    conf(['--config-file', str(host.conf)], default_config_files=[])
    save(providers.load(conf).get(host.id).store)
    host.conf.write_text(host.conf.read_text().replace('other.db', 'no.db'))
    capsys.readouterr()
    assert run(manage.main, 'bank', 'import', 'local') == 1
    assert capsys.readouterr().err == (
        'The database has no schema: run karbor-manage db sync.\n')


@pytest.mark.parametrize('args', [('version',), ('sync',)])
def test_a_database_that_does_not_answer_is_told(run, host, capsys, args):
    (host.path / 'folder').mkdir()
    host.conf.write_text(host.conf.read_text().replace('k.db', 'folder'))
    assert run(manage.main, 'db', *args) == 1
    said = capsys.readouterr().err
    assert said.startswith('The database cannot be used: ')
    assert len(said.splitlines()) == 1
