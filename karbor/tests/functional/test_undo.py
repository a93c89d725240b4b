# SPDX-License-Identifier: Apache-2.0
"""Restores of real daemons that were in vain, undone over HTTP."""

import os

import pytest

from karbor.tests.functional import daemons

FILES = 3000


@pytest.fixture(scope='module', params=['standalone', 'postgresql'])
def karbor(request, tmp_path_factory):
    with daemons.deployment(tmp_path_factory.mktemp('undo'),
                            request.param) as deployed:
        deployed.start()
        yield deployed


@pytest.fixture(scope='module')
def apart(tmp_path_factory):
    """An API that outlives the worker."""
    with daemons.deployment(tmp_path_factory.mktemp('apart'),
                            'mariadb') as deployed:
        deployed.start()
        yield deployed


def ask(karbor, method, path, status=200):
    answer = karbor.http(method, path, headers={
        'X-Auth-Token': f'user:{daemons.PROJECT}',
        'OpenStack-API-Version': 'data-protect 1.2'})
    assert answer.status_code == status, answer.text
    return answer.json()


def undo(karbor, restore_id):
    """Undo a restore and wait for the end; the operation."""
    begun = ask(karbor, 'POST', f'/restores/{restore_id}/undo', 202)
    return wait_for_undo(karbor, begun['operation']['id'])


def wait_for_undo(karbor, undo_id):
    def look():
        found = ask(karbor, 'GET', f'/operations/{undo_id}')['operation']
        return found if found['ended_at'] else None

    return daemons.until(look, what='the end of an undo')


def around(karbor):
    """All that a restore could touch, by path."""
    found = {}
    for top in (karbor.root / 'files', karbor.stranger / 'Box',
                karbor.stranger / 'Thing'):
        found[str(top)] = None
        for path in top.rglob('*'):
            found[str(path)] = path.read_bytes() if path.is_file() else None
    return found


def fill(karbor, name, count=20):
    """Files in the file set, below a directory of a test."""
    top = karbor.root / 'files' / name / 'deep'
    top.mkdir(parents=True)
    for number in range(count):
        (top / f'{number}').write_bytes(b'%d' % number * 99)


def lose(karbor, name):
    for kind in ('Box', 'Thing'):
        os.unlink(karbor.stranger / kind / name)


def begin(karbor, checkpoint, name):
    """Restore the file set beside, below itself."""
    return karbor.client().restores.create(
        daemons.PROVIDER, checkpoint.id, None, {'Karbor::FileSet': {
            'restore_path': f'{karbor.root}/files/{name}/new/back'}}, None).id


def ended(karbor, restore_id):
    return daemons.until(lambda: karbor.client().restores.get(
        restore_id).status != 'in_progress', what='the end of a restore')


def test_a_restore_that_failed_leaves_nothing_when_it_is_undone(karbor):
    fill(karbor, 'failed')
    checkpoint = karbor.protect(karbor.plan(
        karbor.box('failed'), ('Karbor::FileSet', daemons.FILESET)))
    lose(karbor, 'failed')
    before = around(karbor)
    order = karbor.order('restore.on_complete.Box.failed', 'fail')
    restore_id = begin(karbor, checkpoint, 'failed')
    ended(karbor, restore_id)
    path = f'/restores/{restore_id}'
    found = ask(karbor, 'GET', path)['restore']
    assert (found['status'], found['undo']) == ('fail', None)
    assert len(around(karbor)) > len(before) + 20
    # the worker dies in the middle of it, and the next one goes on
    karbor.order('undo.on_main.Thing.failed', 'kill')
    begun = ask(karbor, 'POST', f'{path}/undo', 202)['operation']
    daemons.until(karbor.worker.gone, what='the kill')
    karbor.start(karbor.binaries[0])
    done = wait_for_undo(karbor, begun['id'])
    assert (done['status'], done['attempt']) == ('success', 2), done
    assert around(karbor) == before
    assert ask(karbor, 'GET', path)['restore']['undo'] == {
        'operation_id': done['id'], 'status': 'success'}
    ask(karbor, 'POST', f'{path}/undo', 409)
    assert karbor.rows('SELECT * FROM operation_records') == []
    # parents went before their children
    trace = [line for line in karbor.trace()
             if line.startswith('end undo.on_main')]
    assert trace == ['end undo.on_main.Box.failed',
                     'end undo.on_main.Thing.failed']
    # and it can be restored after all
    order.unlink()
    assert karbor.restore(checkpoint.id).status == 'success'
    assert karbor.boxes('failed') == (b'box content', b'thing content')


def test_what_was_overwritten_is_named(karbor):
    name = 'over'
    checkpoint = karbor.protect(karbor.plan(karbor.box(name, b'saved')))
    os.unlink(karbor.stranger / 'Thing' / name)
    (karbor.stranger / 'Box' / name).write_bytes(b'newer')
    order = karbor.order(f'restore.on_complete.Box.{name}', 'fail')
    restore = karbor.restore(checkpoint.id)
    order.unlink()
    done = undo(karbor, restore.id)
    assert done['status'] == 'success'
    reasons = {one['type']: one['reason'] for one in done['resources']}
    assert f'in place, as far as it came: file {name}.' in (
        reasons['Test::Box'])
    assert reasons['Test::Thing'] is None
    assert (karbor.stranger / 'Box' / name).read_bytes() == b'box saved'
    assert not (karbor.stranger / 'Thing' / name).exists()


def test_killed_in_the_middle_cancelled_and_undone(apart):
    """Half a tree, and maybe half a file, are gone without a trace."""
    karbor, name = apart, 'killed'
    fill(karbor, name, FILES)
    checkpoint = karbor.protect(karbor.plan(
        karbor.box(name), ('Karbor::FileSet', daemons.FILESET)))
    lose(karbor, name)
    before = around(karbor)
    # keeps the restore from its end, however quick the files are
    order = karbor.order(f'restore.on_main.Box.{name}', 'hang')
    restore_id = begin(karbor, checkpoint, name)
    made = karbor.root / 'files' / name / 'new/back' / name / 'deep'
    daemons.until(lambda: made.is_dir() and len(os.listdir(made)) > 5,
                  what='the first files')
    karbor.worker.kill()
    karbor.processes.pop('karbor-protection')
    ask(karbor, 'POST', f'/restores/{restore_id}/undo', 409)
    ask(karbor, 'POST', f'/operations/{restore_id}/cancel', 202)
    order.unlink()
    karbor.start('karbor-protection')
    ended(karbor, restore_id)
    assert around(karbor) != before
    # of a checkpoint that is gone, it works as well
    assert karbor.delete(checkpoint.id).status == 'deleted'
    done = undo(karbor, restore_id)
    assert done['status'] == 'success', done
    assert around(karbor) == before
