# SPDX-License-Identifier: Apache-2.0
"""karbor-manage orphans, beside daemons that work."""

import json
import os
import shutil
import uuid

import pytest

from karbor.tests.functional import daemons


@pytest.fixture(scope='module')
def karbor(tmp_path_factory):
    with daemons.deployment(tmp_path_factory.mktemp('orphans'),
                            'standalone') as deployed:
        deployed.start()
        yield deployed


def orphans(karbor, *args, status=0):
    """What the command says in JSON."""
    done = karbor.manage('orphans', *args, '-f', 'json', check=False)
    assert done.returncode == status, done.stderr
    return json.loads(done.stdout)


def keys(karbor, checkpoint_id):
    return [path for path in karbor.bank_objects() if checkpoint_id in path]


def age(karbor):
    """All that is in the bank was written long ago."""
    for path in karbor.bank_objects():
        os.utime(karbor.bank / path, (1e9, 1e9))


def plant(karbor, source, target):
    """Data and documents of one checkpoint beneath the id of another."""
    for folder in ('data', 'resources'):
        shutil.copytree(karbor.bank / folder / source,
                        karbor.bank / folder / target)


def test_a_late_writer_is_cleaned_up_after(karbor):
    """While a checkpoint is made, another one is kept, and a third is old."""
    kept = karbor.protect(karbor.plan(karbor.box('kept')))
    gone = karbor.protect(karbor.plan(karbor.box('gone')))
    plant(karbor, gone.id, late := str(uuid.uuid4()))
    assert karbor.delete(gone.id).status == 'deleted'
    # of an attempt that nobody needs
    for folder in ('data', 'resources'):
        for one in (karbor.bank / folder / kept.id).iterdir():
            shutil.copytree(one / '00000001', one / '00000000')
    order = karbor.order('protect.on_complete.Box.made', 'hang')
    made = karbor.checkpoint(karbor.plan(karbor.box('made')))
    daemons.until(lambda: 'begin protect.on_complete.Box.made'
                  in karbor.trace(), what='a checkpoint that is nearly made')

    # what was written today is nobody's business
    assert orphans(karbor, 'list') == []
    # age is not all: what is being made is not touched even if it is old
    age(karbor)
    found = orphans(karbor, 'list', '--provider', 'Test')
    assert {(one['checkpoint_id'], one['kind'], one['attempt'])
            for one in found} == {(late, 'checkpoint', None),
                                  (kept.id, 'attempt', 0)}
    assert sum(one['objects'] for one in found) == len(
        keys(karbor, late)) + len([path for path in keys(karbor, kept.id)
                                   if '/00000000/' in path.split(
                                       kept.id)[1][:45]])
    done = karbor.manage('orphans', 'list')
    assert late in done.stdout
    assert done.stdout.startswith('Where')
    assert orphans(karbor, 'remove', status=1)
    assert keys(karbor, late)

    removed = orphans(karbor, 'remove', '--yes')
    assert len(removed) == len(found)
    assert all(one['removed'] for one in removed)
    assert keys(karbor, late) == []
    assert orphans(karbor, 'list', '--older-than', '0') == []
    order.unlink()
    assert karbor.ended('protect', made.id).status == 'available'
    for checkpoint in (kept, made):
        name = {kept.id: 'kept', made.id: 'made'}[checkpoint.id]
        karbor.box(name, b'changed')
        assert karbor.restore(checkpoint.id).status == 'success'
        assert karbor.boxes(name) == (b'box content', b'thing content')
        assert karbor.delete(checkpoint.id).status == 'deleted'
    assert karbor.bank_objects() == []


def test_a_lost_database_makes_no_orphans(karbor):
    """What has a manifest is brought back, not removed."""
    made = karbor.protect(karbor.plan(karbor.box('lost')))
    karbor.stop()
    for name in ('karbor.sqlite', 'karbor.sqlite-wal', 'karbor.sqlite-shm'):
        (karbor.root / name).unlink(missing_ok=True)
    karbor.manage('db', 'sync')
    before = karbor.bank_objects()
    assert keys(karbor, made.id)
    assert orphans(karbor, 'remove', '--yes', '--older-than', '0') == []
    assert karbor.bank_objects() == before
    karbor.manage('bank', 'import', 'Test')
    karbor.start()
    assert karbor.restore(made.id).status == 'success'
