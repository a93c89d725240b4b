# SPDX-License-Identifier: Apache-2.0
"""What is lost, full, gone or wrong, and what the user is told."""

import os
import shutil
import subprocess

import pytest

from karbor.tests import ports
from karbor.tests.functional import daemons


@pytest.fixture(scope='module')
def karbor(tmp_path_factory):
    """All in one process, on the embedded defaults."""
    with daemons.deployment(tmp_path_factory.mktemp('recovery'),
                            'standalone') as deployed:
        deployed.start()
        yield deployed


@pytest.fixture
def other_bank(karbor):
    """Give the provider another bank for a test."""
    def use(path):
        karbor.stop()
        karbor.write_provider(path)
        karbor.start()
    yield use
    use(None)


def test_the_database_is_lost_and_the_bank_brings_it_back(karbor):
    """karbor-manage bank import: every checkpoint, as it was."""
    kept = karbor.protect(karbor.plan(karbor.box('kept', b'one')))
    order = karbor.order('protect.on_main.Box.broken', 'fail')
    broken = karbor.protect(karbor.plan(karbor.box('broken')))
    order.unlink()
    assert (kept.status, broken.status) == ('available', 'error')
    karbor.stop()
    for path in karbor.root.glob('karbor.sqlite*'):
        path.unlink()
    karbor.manage('db', 'sync')
    told = karbor.manage('bank', 'import', daemons.PROVIDER).stdout
    assert '2 checkpoints added' in told
    assert '0 checkpoints added, 2 known' in karbor.manage(
        'bank', 'import', 'Test').stdout
    karbor.start()

    client = karbor.client()
    found = {c.id: c for c in client.checkpoints.list(daemons.PROVIDER)}
    assert {id_: c.status for id_, c in found.items()} == {
        kept.id: 'available', broken.id: 'error'}
    again = found[kept.id]
    for field in ('project_id', 'protection_plan', 'resource_graph',
                  'created_at', 'extra_info'):
        assert getattr(again, field) == getattr(kept, field), field
    karbor.box('kept', b'lost')
    assert karbor.restore(kept.id).status == 'success'
    assert karbor.boxes('kept') == (b'box one', b'thing one')
    for checkpoint in found:
        assert karbor.delete(checkpoint).status == 'deleted'
    assert karbor.bank_objects() == []


def test_a_vanished_fileset_fails_with_its_reason(karbor):
    """No half checkpoint calls itself available."""
    plan = karbor.plan(('Karbor::FileSet', daemons.FILESET))
    files = karbor.root / 'files'
    files.rename(karbor.root / 'elsewhere')
    try:
        checkpoint = karbor.protect(plan)
    finally:
        (karbor.root / 'elsewhere').rename(files)
    assert checkpoint.status == 'error'
    reason = karbor.ended('protect', checkpoint.id).error_info
    assert 'Karbor::FileSet' in reason
    # tenants are not told where things lie on the host
    assert str(karbor.root) not in reason
    assert karbor.delete(checkpoint.id).status == 'deleted'


def test_a_full_disk_fails_with_its_reason(karbor, other_bank, tmp_path):
    """The bank refuses a write; what is there can be deleted."""
    mounted = subprocess.run(
        ['mount', '-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', tmp_path],
        capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip('a small file system cannot be mounted here: '
                    + mounted.stderr.strip())
    try:
        other_bank(tmp_path / 'bank')
        (karbor.stranger / 'Box/huge').write_bytes(os.urandom(400_000))
        checkpoint = karbor.protect(karbor.plan(('Test::Box', 'huge')))
        assert checkpoint.status == 'error'
        reason = karbor.ended('protect', checkpoint.id).error_info
        assert 'the disk is full' in reason
        assert karbor.delete(checkpoint.id).status == 'deleted'
    finally:
        karbor.stop()
        subprocess.run(['umount', tmp_path], check=True)
        karbor.start()


def test_a_damaged_chunk_is_never_restored(karbor):
    """The digest is checked before anything is written."""
    checkpoint = karbor.protect(karbor.plan(karbor.box('rotten', b'x' * 500)))
    chunk = next(path for path in karbor.bank.rglob('*')
                 if path.is_file() and path.parts[-2].isdigit()
                 and checkpoint.id in str(path) and path.name != 'index')
    data = bytearray(chunk.read_bytes())
    data[-1] ^= 1
    chunk.write_bytes(data)
    karbor.box('rotten', b'present')
    restore = karbor.restore(checkpoint.id)
    assert restore.status == 'fail'
    assert any('damaged' in reason
               for reason in restore.resources_reason.values())
    assert karbor.delete(checkpoint.id).status == 'deleted'


def test_a_provider_that_is_gone(karbor):
    """Its checkpoints wait for it; nothing hangs, and nothing is lost."""
    checkpoint = karbor.protect(karbor.plan(karbor.box('waiting', b'one')))
    text = (karbor.root / 'providers.d/test.conf').read_text()
    karbor.stop()
    (karbor.root / 'providers.d/test.conf').write_text(
        text.replace('karbor-noop-protection-plugin', 'no-such-plugin'))
    karbor.start()
    assert karbor.client().providers.list() == []
    assert karbor.delete(checkpoint.id).status == 'error-deleting'
    karbor.stop()
    (karbor.root / 'providers.d/test.conf').write_text(text)
    karbor.start()
    assert karbor.delete(checkpoint.id).status == 'deleted'


@pytest.mark.parametrize(('method', 'path', 'body', 'status', 'says'), [
    ('POST', '/plans', '{', 400, 'body'),
    ('POST', '/plans', '{"plan": {"name": "x"}}', 400, 'provider_id'),
    ('POST', '/plans', '{"plan": {"name": "x", "parameters": {}, '
     '"provider_id": "no", "resources": []}}', 400, 'provider_id'),
    ('GET', '/plans/new', None, 400, 'plan id'),
    ('GET', f'/plans/{daemons.FILESET}', None, 404, 'could not be found'),
    ('GET', '/plans?limit=x', None, 400, 'limit'),
    ('GET', '/no-such-thing', None, 404, ''),
    ('GET', '/protectables/No::Such', None, 404, 'No::Such'),
    ('POST', '/restores', '{"restore": {"provider_id": "'
     + daemons.PROVIDER + '", "checkpoint_id": "' + daemons.FILESET
     + '", "parameters": {}}}', 404, 'Checkpoint'),
])
def test_bad_input_gets_a_v1_error(karbor, method, path, body, status, says):
    """One error body for all, which names the field."""
    response = karbor.http(method, path, data=body, headers={
        'X-Auth-Token': f'user:{daemons.PROJECT}',
        'Content-Type': 'application/json'})
    assert response.status_code == status, response.text
    (fault, told), = response.json().items()
    assert fault in ('badRequest', 'itemNotFound')
    assert told['code'] == status
    assert says in told['message']
    assert 'Traceback' not in response.text
    assert response.headers['x-openstack-request-id']


def test_a_body_over_the_limit(karbor):
    """413 with the v1 body, before anything is read from it."""
    response = karbor.http('POST', '/plans', data=b' ' * 20_000_000, headers={
        'X-Auth-Token': f'user:{daemons.PROJECT}',
        'Content-Type': 'application/json'})
    assert response.status_code == 413
    assert list(response.json()) == ['overLimit']


@pytest.mark.parametrize('server', ['gunicorn', 'uwsgi'])
def test_the_wsgi_module(karbor, server, tmp_path):
    """karbor.wsgi.api:application serves under what operators use."""
    port = ports.free()
    program = shutil.which(server, path=os.pathsep.join(
        [os.path.dirname(daemons.sys.executable), os.environ['PATH']]))
    if program is None:
        daemons.missing(f'{server} is not installed')
    command = {
        'gunicorn': [program, '-b', f'127.0.0.1:{port}', '--threads', '4',
                     'karbor.wsgi.api:application'],
        'uwsgi': [program, '--http-socket', f'127.0.0.1:{port}', '--master',
                  '--enable-threads', '--threads', '4', '--lazy-apps',
                  '--die-on-term', '--module',
                  'karbor.wsgi.api:application'],
    }[server]
    config = tmp_path / 'karbor.conf'
    config.write_text(karbor.config.read_text())
    with (tmp_path / 'log').open('wb') as log:
        process = subprocess.Popen(
            command, stdout=log, stderr=log, start_new_session=True,
            env={**os.environ, 'OS_KARBOR_CONFIG_FILE': str(config)})
    try:
        def answers():
            assert process.poll() is None, (tmp_path / 'log').read_text()
            try:
                return daemons.requests.get(
                    f'http://127.0.0.1:{port}/v1/{daemons.PROJECT}/plans',
                    headers={'X-Auth-Token': f'u:{daemons.PROJECT}'},
                    timeout=30)
            except daemons.requests.ConnectionError:
                return None
        response = daemons.until(answers, what=f'an answer of {server}')
        assert response.status_code == 200
        assert 'plans' in response.json()
    finally:
        process.terminate()
        process.wait(30)
