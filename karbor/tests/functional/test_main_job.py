# SPDX-License-Identifier: Apache-2.0
"""Protect, lose and restore, by the real client on real daemons."""

import json
import os
from pathlib import Path
import sqlite3

import pytest

from karbor.tests.functional import daemons


@pytest.fixture(scope='module', params=['standalone', 'postgresql',
                                        'mariadb'])
def karbor(request, tmp_path_factory):
    """Running daemons."""
    with daemons.deployment(tmp_path_factory.mktemp('karbor'),
                            request.param) as deployed:
        deployed.start()
        yield deployed


def _tree(root):
    found = {}
    for directory, folders, files in os.walk(root):
        for name in folders + files:
            path = os.path.join(directory, name)
            status = os.lstat(path)
            content = (os.readlink(path) if os.path.islink(path) else
                       Path(path).read_bytes() if os.path.isfile(path)
                       else None)
            found[os.path.relpath(path, root)] = (
                status.st_mode, status.st_mtime_ns, content)
    return found


def _make_application(karbor):
    files = karbor.root / 'files'
    (files / 'deep/er').mkdir(parents=True, exist_ok=True)
    (files / 'deep/er/data').write_bytes(os.urandom(300_000))
    (files / 'deep/text').write_text('text\n' * 1000)
    (files / 'deep/text').chmod(0o640)
    if not (files / 'link').is_symlink():
        (files / 'link').symlink_to('deep/text')
    os.utime(files / 'deep/text', ns=(1, 1_234_567_890_123_456_789))
    with sqlite3.connect(karbor.root / 'shop.sqlite') as shop:
        shop.executescript(
            'DROP TABLE IF EXISTS t; CREATE TABLE t (id INTEGER, b BLOB);')
        shop.executemany('INSERT INTO t VALUES (?, ?)', [
            (number, os.urandom(50)) for number in range(2000)])


def _rows(karbor):
    with sqlite3.connect(karbor.root / 'shop.sqlite') as shop:
        return shop.execute('SELECT * FROM t ORDER BY id').fetchall()


def test_lost_files_and_rows_come_back(karbor):
    """The main job: every file, mode, time, link and row."""
    _make_application(karbor)
    client = karbor.client()
    assert [p.id for p in client.providers.list()] == [daemons.PROVIDER]
    types = {t.protectable_type for t in client.protectables.list()}
    assert {'Karbor::FileSet', 'Karbor::Database'} <= types
    instances = client.protectables.list_instances('Karbor::FileSet')
    assert [i.id for i in instances] == [daemons.FILESET]
    plan = karbor.plan(('Karbor::FileSet', daemons.FILESET),
                       ('Karbor::Database', daemons.DATABASE))
    before, rows = _tree(karbor.root / 'files'), _rows(karbor)

    checkpoint = karbor.protect(plan)
    assert checkpoint.status == 'available'

    (karbor.root / 'files/deep/er/data').write_bytes(b'damaged')
    (karbor.root / 'files/deep/text').unlink()
    (karbor.root / 'files/link').unlink()
    with sqlite3.connect(karbor.root / 'shop.sqlite') as shop:
        shop.execute('DELETE FROM t WHERE id % 2')
    restore = karbor.restore(checkpoint.id)
    assert restore.status == 'success'
    after = _tree(karbor.root / 'files')
    # the directory's own time is that of the restore's last rename in it
    assert after == before
    assert _rows(karbor) == rows

    log = next(log for log in client.operation_logs.list(
        search_opts={'checkpoint_id': checkpoint.id})
        if log.operation_type == 'protect')
    told = json.loads(log.extra_info)
    assert told['progress'] == 1.0
    assert {r['status'] for r in told['resources']} == {'available'}
    assert sum(r['bytes_done'] for r in told['resources']) > 300_000

    assert karbor.delete(checkpoint.id).status == 'deleted'
    assert checkpoint.id not in {
        c.id for c in client.checkpoints.list(daemons.PROVIDER)}
    assert not [path for path in karbor.bank_objects()
                if checkpoint.id in path]


def test_a_dependent_is_protected_with_its_parent(karbor):
    """What a third party's plugin finds and saves, without Karbor's help."""
    plan = karbor.plan(karbor.box('dependent', b'one'))
    checkpoint = karbor.protect(plan)
    assert checkpoint.status == 'available'
    nodes, edges = json.loads(checkpoint.resource_graph)
    assert sorted(node[0] for node in nodes.values()) == ['Test::Box',
                                                          'Test::Thing']
    assert len(edges) == 1
    karbor.box('dependent', b'two')
    assert karbor.restore(checkpoint.id).status == 'success'
    assert karbor.boxes('dependent') == (b'box one', b'thing one')


def test_other_projects_see_nothing(karbor):
    """Neither files nor plans nor checkpoints of another project."""
    plan = karbor.plan(karbor.box('fenced'))
    checkpoint = karbor.protect(plan)
    other = karbor.http
    who = {'project': daemons.OTHER}
    one = f'/providers/{daemons.PROVIDER}/checkpoints/{checkpoint.id}'
    assert other('GET', '/protectables/Karbor::FileSet/instances',
                 **who).json()['instances'] == []
    assert other('GET', '/protectables/Karbor::FileSet/instances/'
                 + daemons.FILESET, **who).status_code == 404
    # noauth makes everybody an administrator, who still lists his own
    assert plan.id not in other('GET', '/plans', **who).text
    assert checkpoint.id not in other(
        'GET', f'/providers/{daemons.PROVIDER}/checkpoints', **who).text
    assert other('GET', one, **who).status_code == 200


def test_a_fileset_of_another_project_cannot_be_protected(karbor):
    """The fence holds where the work is done, not only where it is asked."""
    response = karbor.http('POST', '/plans', project=daemons.OTHER, json={
        'plan': {'name': 'stolen', 'provider_id': daemons.PROVIDER,
                 'parameters': {}, 'resources': [
                     {'type': 'Karbor::FileSet', 'id': daemons.FILESET,
                      'name': 'x'}]}})
    plan = response.json()['plan']
    made = karbor.http(
        'POST', f'/providers/{daemons.PROVIDER}/checkpoints',
        project=daemons.OTHER,
        json={'checkpoint': {'plan_id': plan['id']}}).json()['checkpoint']
    path = f'/providers/{daemons.PROVIDER}/checkpoints/{made["id"]}'

    def status():
        return karbor.http('GET', path, project=daemons.OTHER).json()[
            'checkpoint']['status']
    daemons.until(lambda: status() != 'protecting', what='an outcome')
    assert status() == 'error'
    assert not [p for p in karbor.bank_objects() if made['id'] in p
                and not p.startswith('manifests')]


def test_a_failed_hook_is_told_and_leaves_a_way_out(karbor):
    """The reason stands on the resource; the checkpoint can be deleted."""
    resource = karbor.box('failing')
    order = karbor.order('protect.on_main.Thing.failing', 'fail')
    checkpoint = karbor.protect(karbor.plan(resource))
    assert checkpoint.status == 'error'
    log = karbor.ended('protect', checkpoint.id)
    assert 'told to fail in protect.on_main.Thing.failing' in log.error_info
    reasons = {r['type']: r['reason']
               for r in json.loads(log.extra_info)['resources']}
    assert 'told to fail' in reasons['Test::Thing']
    restore = karbor.http('POST', '/restores', json={'restore': {
        'provider_id': daemons.PROVIDER, 'checkpoint_id': checkpoint.id,
        'parameters': {}}})
    assert restore.status_code == 400
    order.unlink()
    assert karbor.delete(checkpoint.id).status == 'deleted'
    assert not [p for p in karbor.bank_objects() if checkpoint.id in p]


def test_a_deletion_that_fails_can_be_repeated(karbor):
    """error-deleting is no dead end."""
    checkpoint = karbor.protect(karbor.plan(karbor.box('kept')))
    order = karbor.order('delete.on_main.Box.kept', 'fail')
    assert karbor.delete(checkpoint.id).status == 'error-deleting'
    assert karbor.client().checkpoints.get(
        daemons.PROVIDER, checkpoint.id).status == 'error-deleting'
    order.unlink()
    assert karbor.delete(checkpoint.id).status == 'deleted'


def test_progress_is_seen_while_work_runs(karbor):
    """Fraction and bytes are in the operation log before the end."""
    resource = karbor.box('slow', b'x' * 200_000)
    order = karbor.order('protect.on_main.Box.slow', 'hang')
    checkpoint = karbor.checkpoint(karbor.plan(resource))

    def seen():
        for log in karbor.client().operation_logs.list(
                search_opts={'checkpoint_id': checkpoint.id}):
            told = json.loads(log.extra_info)
            if any(r['type'] == 'Test::Box' and r['status'] == 'protecting'
                   and r['bytes_done'] >= 200_000
                   for r in told['resources']):
                return log
        return None
    log = daemons.until(seen, what='progress')
    assert log.status == 'protecting'
    assert log.ended_at is None
    order.unlink()
    assert karbor.ended('protect', checkpoint.id).status == 'available'
