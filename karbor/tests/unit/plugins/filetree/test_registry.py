# SPDX-License-Identifier: Apache-2.0

import pytest

from karbor import plugin
from karbor.plugins.filetree import registry
from karbor.tests.unit.plugins.filetree import trees

GOOD = f'id = "{trees.ID}"\nname = "n"\npath = "/p"\nprojects = ["a"]\n'


@pytest.fixture
def file(tmp_path):
    return tmp_path / 'filesets.toml'


def test_no_file_is_no_file_sets(file):
    found = registry.FileSets(str(file))
    assert found.of('a') == []
    with pytest.raises(plugin.InstanceNotFound):
        found.get('a', trees.ID)


def test_an_entry(file):
    file.write_text('[[fileset]]\n' + GOOD.replace('/p', '/p/q/')
                    + 'exclude = ["*.o"]\nrestore_roots = ["/r/"]\n')
    found = registry.FileSets(str(file)).get('a', trees.ID)
    assert (found.id, found.name, found.path) == (trees.ID, 'n', '/p/q')
    assert found.exclude.patterns == ('*.o',)
    assert found.restore_roots == ('/r',)
    assert found.serves('a')
    assert not found.serves('b')


def test_projects(file):
    file.write_text('[[fileset]]\n' + GOOD + '[[fileset]]\n'
                    + GOOD.replace(trees.ID, trees.OTHER_ID)
                    .replace('["a"]', '["*"]').replace('"n"', '"m"'))
    found = registry.FileSets(str(file))
    assert [one.name for one in found.of('a')] == ['n', 'm']
    assert [one.name for one in found.of('b')] == ['m']
    with pytest.raises(plugin.InstanceNotFound):
        found.get('b', trees.ID)


def test_lists_that_may_be_empty(file):
    file.write_text('[[fileset]]\n' + GOOD
                    + 'exclude = []\nrestore_roots = []\n')
    (found,) = registry.FileSets(str(file)).of('a')
    assert found.exclude.patterns == found.restore_roots == ()


@pytest.mark.parametrize(('text', 'words'), [
    ('[[fileset]]\nid = ', ['is no TOML', 'Invalid']),
    ('[fileset]\nid = "x"', ['fileset', 'tables']),
    ('fileset = [1]', ['fileset', 'tables']),
    ('[[filesets]]\n' + GOOD, ['filesets', 'unknown']),
    ('[[fileset]]\n' + GOOD + 'paht = "/x"', ['fileset 1 (n)', 'paht']),
    ('[[fileset]]\n' + GOOD.replace(trees.ID, 'x'),
     ['fileset 1 (n): id', 'UUID']),
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
    (('[[fileset]]\n' + GOOD) * 2, ['fileset 2', 'id', 'already']),
])
def test_a_mistake_is_named(file, text, words):
    file.write_text(text)
    with pytest.raises(plugin.ConfigError) as caught:
        registry.FileSets(str(file)).entries()
    for word in [str(file), *words]:
        assert word in str(caught.value)
