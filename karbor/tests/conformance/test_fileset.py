# SPDX-License-Identifier: Apache-2.0
"""File sets keep the contracts of the SDK."""

import os
import shutil
import tempfile

import pytest

from karbor import plugin
from karbor.plugin import testing
from karbor.plugins.protectable.fileset import FileSetProtectable
from karbor.plugins.protection.fileset import FileSetProtection
from karbor.tests.unit.plugins.filetree import trees


class TestFileSetProtection(testing.ProtectionConformance):
    restore_parameters = {'delete_extra': True}

    def setUp(self):
        super().setUp()
        self.directory = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.directory)
        self.registry = os.path.join(self.directory, 'registry.toml')
        self.top = os.path.join(self.directory, 'top')
        trees.register(self.registry, self.top)

    def make_plugin(self):
        return FileSetProtection(trees.config(self.registry))

    def make_resource(self):
        shutil.rmtree(self.top, ignore_errors=True)
        trees.make(self.top)
        return plugin.Resource('Karbor::FileSet', trees.ID, 'tree')

    def damage(self, resource):
        shutil.rmtree(os.path.join(self.top, 'sub', 'deep'))
        os.unlink(os.path.join(self.top, 'link'))
        os.mkdir(os.path.join(self.top, 'link'))
        trees.write(self.top, 'a', b'damaged', mode=0o600)
        trees.write(self.top, 'link/extra', b'not in the checkpoint')

    def state(self, resource):
        return trees.state(self.top)

    def around(self, resource):
        return sorted(
            os.path.join(base, name)
            for base, directories, files in os.walk(self.directory)
            for name in (*directories, *files))


@pytest.mark.thorough
class TestFileSetProtectionBeside(TestFileSetProtection):
    """Restored beside, where nothing may exist."""

    def setUp(self):
        super().setUp()
        self.beside = os.path.join(self.directory, 'root', 'new')
        os.mkdir(os.path.dirname(self.beside))
        trees.register(self.registry, self.top,
                       roots=[os.path.dirname(self.beside)])

    @property
    def restore_parameters(self):
        return {'restore_path': self.beside, 'conflict': 'fail'}

    def make_resource(self):
        self.lost = False
        shutil.rmtree(self.beside, ignore_errors=True)
        return super().make_resource()

    def damage(self, resource):
        self.lost = True
        shutil.rmtree(self.beside, ignore_errors=True)

    def state(self, resource):
        if os.path.isdir(self.beside):
            return trees.state(self.beside)
        return None if self.lost else trees.state(self.top)


class TestFileSetProtectable(testing.ProtectableConformance):
    def setUp(self):
        super().setUp()
        self.directory = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.directory)
        self.registry = os.path.join(self.directory, 'registry.toml')
        with open(self.registry, 'w') as file:
            for number, project in enumerate(('owner', 'stranger', 'owner')):
                file.write(f'[[fileset]]\nid = "{self.ids[number]}"\n'
                           f'name = "name {9 - number}"\npath = "/x"\n'
                           f'projects = ["{project}"]\n')

    ids = [f'6ba7b81{number}-9dad-11d1-80b4-00c04fd430c8'
           for number in range(3)]

    def make_plugin(self):
        return FileSetProtectable(trees.config(self.registry))

    def expected(self):
        return [self.ids[0], self.ids[2]]
