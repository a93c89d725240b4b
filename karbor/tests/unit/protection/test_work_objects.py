# SPDX-License-Identifier: Apache-2.0
"""Damage of any object that plugins of users have put into a bank."""

import os
from pathlib import Path
import sqlite3

from oslo_config import cfg
import pytest

from karbor import exception
from karbor import plugin
from karbor.actions import copies
from karbor.bank import layout
from karbor.bank.store import Store
from karbor.plugins.filetree import registry as filesets
from karbor.plugins.protectable.fileset import FileSetProtectable
from karbor.plugins.protectable.noop import NoopProtectable
from karbor.plugins.protectable.sqldatabase import SQLDatabaseProtectable
from karbor.plugins.protection.fileset import FileSetProtection
from karbor.plugins.protection.noop import NoopProtection
from karbor.plugins.protection.sqldatabase import SQLDatabaseProtection
from karbor.plugins.sqldump import registry as databases
from karbor.protection import providers
from karbor.protection import work
from karbor.protection.protectables import Protectables
from karbor.tests.faults import FaultyBank
from karbor.tests.unit.plugins.filetree import trees
from karbor.tests.unit.protection import lab as labs
from karbor.tests.unit.protection.lab import CHUNK
from karbor.tests.unit.protection.lab import PROVIDER
from karbor.tests.unit.protection.test_work_damage import restore
from karbor.tests.unit.protection.test_work_damage import verify

SHOP = '3d9d0d36-6a0b-4f3c-a1a9-1b6d2c7a5e02'


class Real(labs.Process):
    """A process with the plugins that users have."""

    def __init__(self, lab, faults=None, threads=1):
        super().__init__(lab, faults, threads)
        # several index pages
        store = Store(FaultyBank(lab.bank, self.faults), chunk_size=CHUNK,
                      page_size=2)
        made = [kind(lab.plugins) for kind in (
            FileSetProtection, SQLDatabaseProtection, NoopProtection)]
        self.provider = providers.Provider(
            PROVIDER, 'test', 'for tests', store,
            {type_: one for one in made for type_ in one.resource_types})
        self.shop = work.Workshop(
            lab.conf, providers.Providers({PROVIDER: self.provider}),
            Protectables(kind(lab.plugins) for kind in (
                FileSetProtectable, SQLDatabaseProtectable,
                NoopProtectable)), lab.executors[threads])


@pytest.fixture
def application(lab, tmp_path, monkeypatch):
    """Files, a database and something that is not there; where they are."""
    lab.plugins = cfg.ConfigOpts()
    for kind in (FileSetProtectable, SQLDatabaseProtectable,
                 NoopProtectable, NoopProtection):
        lab.plugins.register_opts(kind.options, kind.option_group)
    lab.plugins([], default_config_files=[], default_config_dirs=[])
    for group, name in ((filesets.OPTION_GROUP, 'filesets.toml'),
                        (databases.OPTION_GROUP, 'databases.toml')):
        lab.plugins.set_override('registry', str(tmp_path / name), group)
    trees.register(tmp_path / 'filesets.toml', tmp_path / 'files')
    (tmp_path / 'databases.toml').write_text(f"""\
[[database]]
id = "{SHOP}"
name = "shop"
url = "sqlite:///{tmp_path}/shop.sqlite"
projects = ["*"]
""")
    monkeypatch.setattr(lab, 'process',
                        lambda *args, **kwargs: Real(lab, *args, **kwargs))
    change(tmp_path)
    lab.__dict__['_usual_plan'] = lab.plan(
        plugin.Resource('Karbor::FileSet', trees.ID, 'files'),
        plugin.Resource('Karbor::Database', SHOP, 'shop'),
        plugin.Resource('Karbor::Noop', 'nothing', 'nothing'))
    return tmp_path


def change(root):
    """Other content, in as many chunks."""
    (root / 'files').mkdir(exist_ok=True)
    for name in ('one', 'two'):
        (root / 'files' / name).write_bytes(os.urandom(6000))
    with sqlite3.connect(root / 'shop.sqlite') as shop:
        shop.executescript(
            'DROP TABLE IF EXISTS t; CREATE TABLE t (id INTEGER, b BLOB);')
        shop.executemany('INSERT INTO t VALUES (?, ?)', [
            (number, os.urandom(50)) for number in range(200)])


def protect(lab):
    checkpoint_id = lab.ask_protect()
    assert lab.process().work() is None
    row = lab.checkpoint(checkpoint_id)
    assert row.status == 'available', row.status_reason
    return checkpoint_id


def objects(lab, checkpoint_id):
    """By what it is, each key that the bank holds of a checkpoint.

    What it is: resource or None for the manifest, folder, and place in that.
    """
    found = {}
    keys = [key for key in lab.objects() if checkpoint_id in key]
    for entry in lab.store.read_manifest(checkpoint_id).resources:
        for folder in layout.resource_folders(checkpoint_id, entry.resource):
            for number, key in enumerate(lab.bank.list(f'{folder}/')):
                found[entry.resource, folder.split('/')[0], number] = key
    found[None, 'manifests', 0] = layout.manifest(checkpoint_id)
    assert sorted(found.values()) == sorted(keys)
    return found


def flip(data, other):
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1:]


def truncate(data, other):
    return data[:-1]


def empty(data, other):
    return b''


def swap(data, other):
    return other


def remove(data, other):
    return None


def damage(lab, way, key, other):
    """Damage an object; returns what it was.

    :param other: key of the same object of another checkpoint
    """
    data = lab.bank.get(key)
    spoilt = way(data, lab.bank.get(other))
    if spoilt == data:
        # a page of a database may be alike in both; its neighbours are not
        assert way is swap
        folder, _slash, _name = other.rpartition('/')
        spoilt = next(found for found in map(
            lab.bank.get, lab.bank.list(f'{folder[:-8]}')) if found != data)
    if spoilt is None:
        lab.bank.delete(key)
    else:
        lab.bank.put(key, spoilt)
    return data


@pytest.mark.parametrize('way', [flip, truncate, empty, swap, remove])
def test_damage_of_any_object_is_found_and_named(lab, application, quiet, way):
    checkpoint_id = protect(lab)
    change(application)
    mine, others = (objects(lab, checkpoint_id), objects(lab, protect(lab)))
    assert mine.keys() == others.keys()
    # documents, chunks and index pages of two, and the manifest
    assert len(mine) > 15
    assert sum(key.endswith('index') for key in mine.values()) > 3
    for (resource, *place), key in mine.items():
        data = damage(lab, way, key, others[resource, *place])
        operation = verify(lab, checkpoint_id)
        assert operation.status == 'error', key
        assert key in operation.reason
        statuses = {one.type: one.status for one in operation.resources}
        mark = lab.checkpoint(checkpoint_id).damage
        assert mark.found_by == operation.id
        assert key in mark.reason
        if resource is None:
            assert statuses == {}
        else:
            assert str(resource) in operation.reason
            assert str(resource) in mark.reason
            assert {type_: status for type_, status in statuses.items()
                    if status != 'success'} == {resource.type: 'error'}
            assert len(statuses) == 3
        with pytest.raises(exception.CheckpointDamaged, match=operation.id):
            restore(lab, checkpoint_id)
        lab.bank.put(key, data)
    assert verify(lab, checkpoint_id).status == 'success'
    assert lab.checkpoint(checkpoint_id).damage is None


@pytest.mark.parametrize('way', [flip, truncate, empty, swap, remove])
def test_nothing_damaged_is_restored(lab, application, quiet, way):
    """Each object is damaged, and nobody has verified anything."""
    checkpoint_id = protect(lab)
    good = content(application)
    change(application)
    mine, others = (objects(lab, checkpoint_id), objects(lab, protect(lab)))
    for (resource, *place), key in mine.items():
        data = damage(lab, way, key, others[resource, *place])
        change(application)
        lost = content(application)
        operation = restore(lab, checkpoint_id, force=True)
        assert operation.status == 'error', key
        assert key in operation.reason
        for name, found in content(application).items():
            # proved, or never touched
            assert found in (good[name], lost[name]), (name, key)
        lab.bank.put(key, data)
    assert restore(lab, checkpoint_id, force=True).status == 'success'
    assert content(application) == good


@pytest.mark.parametrize('way', [flip, remove])
def test_nothing_damaged_is_copied(lab, application, quiet, way):
    checkpoint_id = protect(lab)
    change(application)
    mine, others = (objects(lab, checkpoint_id), objects(lab, protect(lab)))

    def copy():
        made = copies.create(
            lab.context, PROVIDER, checkpoint_id=checkpoint_id,
            parameters={}, force=True)
        assert lab.process().work() is None
        return lab.operation('copy', made.checkpoint_id)

    for place, key in mine.items():
        data = damage(lab, way, key, others[place])
        operation = copy()
        assert operation.status == 'error', key
        assert key in operation.reason
        assert lab.checkpoint(operation.checkpoint_id).status == 'error'
        assert key in lab.checkpoint(checkpoint_id).damage.reason
        lab.bank.put(key, data)
    copied = copy()
    assert copied.status == 'success'
    lab.ask_delete(checkpoint_id)
    assert lab.process().work() is None
    assert verify(lab, copied.checkpoint_id).status == 'success'


def content(root):
    """What the application holds, by name."""
    with sqlite3.connect(root / 'shop.sqlite') as shop:
        found = {'shop': shop.execute('SELECT * FROM t').fetchall()}
    for path in Path(root / 'files').iterdir():
        found[path.name] = path.read_bytes()
    assert set(found) == {'shop', 'one', 'two'}
    return found
