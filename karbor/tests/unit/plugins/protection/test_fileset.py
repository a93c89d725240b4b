# SPDX-License-Identifier: Apache-2.0

import errno
import os
import shutil

import jsonschema
import pytest

from karbor import plugin
from karbor.plugin import testing
from karbor.plugins.protection import fileset
from karbor.tests.unit.plugins.filetree import trees

RESOURCE = plugin.Resource('Karbor::FileSet', trees.ID, 'tree')


class Place:
    def __init__(self, path):
        self.path = path
        self.top = path / 'top'
        self.registry = path / 'filesets.toml'
        self.data = testing.MemoryData()
        trees.make(str(self.top))
        trees.register(self.registry, self.top, roots=[path / 'root'])
        (path / 'root').mkdir()

    def run(self, operation, **more):
        step = testing.MemoryStep(RESOURCE, data=self.data, **more)
        made = fileset.FileSetProtection(trees.config(self.registry))
        made.operations[operation](made).on_main(step)
        return step

    def protect(self, **parameters):
        return self.run('protect', parameters=parameters)

    def restore(self, **parameters):
        jsonschema.validate(parameters, fileset.SCHEMAS.restore)
        return self.run('restore', parameters=parameters)


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


def test_saved_info(place):
    step = place.protect()
    assert step.notes == []
    assert place.data.info['files'] == 6
    assert place.data.info['vanished'] == 0
    assert place.data.info['remarks'] == ''
    assert 0 < step.bytes_total < 2 * len(place.data.content['content'])
    assert str(place.path) not in repr(place.data.info)


def test_what_vanished_is_noted(place):
    class Vanishing(testing.MemoryStep):
        calls = 0

        def check(self):
            self.calls += bool(self.bytes_total)
            if self.calls == 2:         # the top is listed now
                os.unlink(place.top / 'zz')
    step = Vanishing(RESOURCE, data=place.data)
    made = fileset.FileSetProtection(trees.config(place.registry))
    fileset.Protect(made).on_main(step)
    assert place.data.info['vanished'] == 1
    assert step.notes == ['1 vanished while the tree was read: zz']


def test_excludes_of_the_plan_add_to_the_operators(place):
    trees.register(place.registry, place.top, exclude=['/sub/'])
    place.protect(exclude='a, zz\nnot*')
    assert place.data.info['files'] == 2        # empty, sparse
    with pytest.raises(plugin.PluginError, match='^exclude: .!x'):
        place.protect(exclude='!x')


def test_a_missing_directory_fails(place):
    shutil.rmtree(place.top)
    with pytest.raises(plugin.PluginError, match='file set tree') as caught:
        place.protect()
    assert str(place.path) not in str(caught.value)
    assert place.data.content == {}


def test_a_directory_that_vanishes_fails(place):
    class Vanishing(testing.MemoryStep):
        def check(self):
            shutil.rmtree(place.top, ignore_errors=True)
    made = fileset.FileSetProtection(trees.config(place.registry))
    with pytest.raises(plugin.PluginError, match='vanished'):
        fileset.Protect(made).on_main(Vanishing(RESOURCE, data=place.data))
    assert place.data.content == {}


@pytest.mark.parametrize('operation', ['protect', 'restore'])
def test_another_project_has_no_such_file_set(place, operation):
    place.protect()
    trees.register(place.registry, place.top, projects=['other'])
    with pytest.raises(plugin.PluginError, match='not registered'):
        place.run(operation)


def test_a_lost_directory_is_made_again(place):
    before = trees.state(place.top)
    place.protect()
    shutil.rmtree(place.top)
    assert place.restore().notes == []
    assert trees.state(place.top) == before


def test_a_directory_that_cannot_be_made(place):
    place.protect()
    shutil.rmtree(place.top)
    place.top.write_bytes(b'a file')
    with pytest.raises(plugin.PluginError, match='cannot be made'):
        place.restore()


@pytest.mark.parametrize('where', ['root', 'root/new/deep', 'top/inside'])
def test_beside(place, where):
    before = trees.state(place.top)
    mode = os.stat(place.path / 'root').st_mode
    place.protect()
    place.restore(restore_path=str(place.path / where), conflict='fail')
    after = trees.state(place.path / where)
    for state in (before, after):
        state.pop(b'.')
    assert after == before
    assert os.stat(place.path / 'root').st_mode == mode


def test_the_file_set_s_own_path_is_in_place(place):
    before = trees.state(place.top)
    place.protect()
    trees.write(str(place.top), 'extra', b'')
    step = place.restore(restore_path=str(place.top), delete_extra=True)
    assert trees.state(place.top) == before
    assert step.notes == ['1 removed: extra']


@pytest.mark.parametrize('path', [
    'relative', '/', '/etc', '{}/rootless', '{}', '{}/root/../x',
    '{}/top/way/x', '{}/root\0'])
def test_a_path_outside_is_refused(place, path):
    place.protect()
    os.symlink('/etc', place.top / 'way')
    with pytest.raises(plugin.PluginError, match='^restore_path: expected'):
        place.restore(restore_path=path.format(place.path))
    assert sorted(os.listdir(place.path)) == ['filesets.toml', 'root', 'top']


def test_a_path_that_is_a_file(place):
    place.protect()
    with pytest.raises(plugin.PluginError, match='^restore_path cannot'):
        place.restore(restore_path=str(place.top / 'a'))


def test_a_restore_root_that_is_missing(place):
    place.protect()
    (place.path / 'root').rmdir()
    with pytest.raises(plugin.PluginError, match='restore root'):
        place.restore(restore_path=str(place.path / 'root' / 'x'))


def test_delete_extra_only_in_place(place):
    place.protect()
    with pytest.raises(plugin.PluginError, match='^delete_extra'):
        place.restore(restore_path=str(place.path / 'root'),
                      delete_extra=True)


def test_fail_writes_nothing(place):
    place.protect()
    os.unlink(place.top / 'a')
    before = trees.state(place.top)
    with pytest.raises(plugin.PluginError, match='Nothing was restored'):
        place.restore(conflict='fail')
    assert trees.state(place.top) == before


def test_fail_that_cannot_look(place, monkeypatch):
    place.protect()

    def refuse(*args):
        raise OSError(errno.EACCES, 'Permission denied')
    monkeypatch.setattr(fileset.unpack, 'conflicts', refuse)
    with pytest.raises(plugin.PluginError, match='Permission denied'):
        place.restore(conflict='fail')


def test_skip_notes_what_it_left(place):
    place.protect()
    trees.write(str(place.top), 'a', b'changed')
    step = place.restore(conflict='skip')
    assert 'found in place and left alone: a, ' in step.notes[0]
    assert (place.top / 'a').read_bytes() == b'changed'


def test_what_failed_fails_the_resource(place):
    place.protect()
    os.unlink(place.top / 'empty')
    os.makedirs(place.top / 'empty' / 'full')
    os.unlink(place.top / 'a')
    with pytest.raises(plugin.PluginError, match='^1 could not be restored'):
        place.restore()
    assert (place.top / 'a').exists()


def test_a_damaged_archive_is_the_bank_s_fault(place):
    place.protect()
    place.data.content['content'] = place.data.content['content'][:-1]
    with pytest.raises(plugin.BankCorrupt, match='too early'):
        place.restore()


def test_a_registry_that_is_gone_while_reading(place, monkeypatch):
    """The path no longer leads anywhere; what is open still does."""
    def gone(path, *args, **more):
        raise FileNotFoundError(errno.ENOENT, 'gone', path)
    fd = os.open(place.top, os.O_RDONLY)
    monkeypatch.setattr(os, 'stat', gone)
    found = fileset.registry.FileSets(str(place.registry)).get('p', trees.ID)
    assert not fileset.target.same(found, fd)
    os.close(fd)


def undo(place, restore):
    """Undo a restore; the step."""
    return place.run('undo', parameters=restore.parameters,
                     announced=restore.announced,
                     undoes=restore.operation_id)


@pytest.mark.parametrize('root', ['root', 'top'])
def test_an_undo_leaves_a_place_as_it_was(place, root):
    """With the directories above, which were made as well."""
    place.protect()
    os.mkdir(place.path / root / 'way')
    before = trees.state(place.path)
    beside = place.path / root / 'way' / 'not' / 'there'
    restore = place.restore(restore_path=str(beside))
    assert trees.state(beside) == trees.state(place.top) or root == 'top'
    undo(place, restore)
    assert set(trees.state(place.path)) == set(before)
    undo(place, restore)


def test_an_undo_in_place(place):
    """What was lost is lost again, and what was there stays."""
    place.protect()
    shutil.rmtree(place.top / 'sub')
    trees.write(str(place.top), 'a', b'changed')
    before = set(trees.state(place.top))
    restore = place.restore()
    undo(place, restore)
    assert set(trees.state(place.top)) == before
    overwritten = {record.name for record in restore.records()
                   if not record.made}
    assert {'.', 'a', 'empty'} <= overwritten
    assert not any(name.startswith('sub') for name in overwritten)


def test_what_delete_extra_removes_is_told_of(place):
    place.protect()
    trees.write(str(place.top), 'later', b'')
    restore = place.restore(delete_extra=True)
    assert ('removed', 'later') in {
        (record.kind, record.name) for record in restore.records()}


def test_a_file_set_that_was_gone_goes_again(place):
    place.protect()
    shutil.rmtree(place.top)
    restore = place.restore()
    assert place.top.is_dir()
    undo(place, restore)
    assert not place.top.exists()
    # and if somebody was quicker
    undo(place, restore)


def test_what_others_put_there_stays_and_is_named(place):
    place.protect()
    beside = place.path / 'root' / 'new'
    restore = place.restore(restore_path=str(beside))
    trees.write(str(beside), 'mine', b'')
    with pytest.raises(plugin.PluginError,
                       match=r'^1 made by the restore and not removed: \. '
                             r'\(not empty\)'):
        undo(place, restore)
    assert os.listdir(beside) == ['mine']
    assert str(place.path) not in str(restore.notes)
    os.unlink(beside / 'mine')
    undo(place, restore)
    assert not beside.exists()


def test_of_a_restore_that_was_refused_there_is_nothing_to_undo(place):
    place.protect()
    refused = testing.MemoryStep(RESOURCE, parameters={
        'restore_path': '/nowhere'})
    undo(place, refused)


def test_a_place_that_is_not_allowed_any_more(place):
    place.protect()
    restore = place.restore(restore_path=str(place.path / 'root' / 'new'))
    trees.register(place.registry, place.top, roots=[])
    with pytest.raises(plugin.PluginError, match='restore_path'):
        undo(place, restore)
