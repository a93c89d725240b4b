# SPDX-License-Identifier: Apache-2.0

import os

import pytest

from karbor import plugin
from karbor.plugins.filetree import registry
from karbor.tests.unit.plugins.filetree import trees

GOOD = f'id = "{trees.ID}"\nname = "n"\npath = "/p"\nprojects = ["a"]\n'


@pytest.fixture
def file(tmp_path):
    return tmp_path / 'filesets.toml'


def test_no_file_is_no_file_sets(file):
    found = registry.Registry(str(file))
    assert found.all('a') == []
    with pytest.raises(plugin.InstanceNotFound):
        found.get('a', trees.ID)


def test_an_entry(file):
    file.write_text('[[fileset]]\n' + GOOD.replace('/p', '/p/q/')
                    + 'exclude = ["*.o"]\nrestore_roots = ["/r/"]\n')
    found = registry.Registry(str(file)).get('a', trees.ID)
    assert (found.id, found.name, found.path) == (trees.ID, 'n', '/p/q')
    assert found.exclude.patterns == ('*.o',)
    assert found.restore_roots == ('/r',)
    assert found.usable_by('a')
    assert not found.usable_by('b')


def test_projects(file):
    file.write_text('[[fileset]]\n' + GOOD + '[[fileset]]\n'
                    + GOOD.replace(trees.ID, trees.OTHER_ID)
                    .replace('["a"]', '["*"]').replace('"n"', '"m"'))
    found = registry.Registry(str(file))
    assert [one.name for one in found.all('a')] == ['m', 'n']
    assert [one.name for one in found.all('b')] == ['m']
    with pytest.raises(plugin.InstanceNotFound):
        found.get('b', trees.ID)


def test_it_is_read_again_when_it_changes(file):
    found = registry.Registry(str(file))
    file.write_text('[[fileset]]\n' + GOOD)
    assert len(found.all('a')) == 1
    assert found.all('a')[0] is found.all('a')[0]
    file.write_text('')
    assert found.all('a') == []
    other = file.with_name('other')
    other.write_text('[[fileset]]\n' + GOOD)
    os.replace(other, file)
    assert len(found.all('a')) == 1
    file.unlink()
    assert found.all('a') == []


@pytest.mark.parametrize(('text', 'words'), [
    ('[[fileset]]\nid = ', ['Invalid']),
    ('[fileset]\nid = "x"', ['fileset', 'tables']),
    ('fileset = [1]', ['fileset', 'tables']),
    ('[[filesets]]\n' + GOOD, ['filesets', 'unknown']),
    ('[[fileset]]\n' + GOOD + 'paht = "/x"', ['fileset 1 (n)', 'paht']),
    ('[[fileset]]\n' + GOOD.replace(trees.ID, 'x'), ['id', 'UUID']),
    ('[[fileset]]\n' + GOOD.replace('"n"', '""'), ['fileset 1', 'name']),
    ('[[fileset]]\n' + GOOD.replace('"n"', '7'), ['fileset 1:', 'name']),
    ('[[fileset]]\n' + GOOD.replace('/p', 'p'), ['path', 'absolute']),
    ('[[fileset]]\n' + GOOD.replace('/p', '/p/../q'), ['path', "'/p/../q'"]),
    ('[[fileset]]\n' + GOOD.replace('["a"]', '[]'), ['projects']),
    ('[[fileset]]\n' + GOOD.replace('["a"]', '"a"'), ['projects', 'list']),
    ('[[fileset]]\n' + GOOD + 'restore_roots = ["/"]', ['restore_roots']),
    ('[[fileset]]\n' + GOOD + 'restore_roots = ["x"]', ['restore_roots']),
    ('[[fileset]]\n' + GOOD + 'exclude = ["!x"]', ['exclude', '!x']),
    ('[[fileset]]\n' + GOOD + 'exclude = "x"', ['exclude: expected']),
    (('[[fileset]]\n' + GOOD) * 2, ['fileset 2', 'id', 'earlier']),
])
def test_a_mistake_is_named(file, text, words):
    file.write_text(text)
    with pytest.raises(plugin.ConfigError) as caught:
        registry.Registry(str(file)).all('a')
    for word in [str(file), *words]:
        assert word in str(caught.value)


def test_a_mistake_stays_one_until_it_is_mended(file):
    found = registry.Registry(str(file))
    file.write_text('[[fileset]]\n' + GOOD)
    found.all('a')
    file.write_text('broken')
    for _time in range(2):
        with pytest.raises(plugin.ConfigError):
            found.all('a')
    file.write_text('[[fileset]]\n' + GOOD)
    assert len(found.all('a')) == 1


def test_a_directory_is_no_registry(tmp_path):
    with pytest.raises(plugin.ConfigError, match='directory'):
        registry.Registry(str(tmp_path)).all('a')
