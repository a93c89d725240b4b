# SPDX-License-Identifier: Apache-2.0
"""The file sets that the operator has registered.

Only this file says which directories of the host exist for Karbor: a tenant
names a file set by its id and never a path.
"""

from dataclasses import dataclass

from oslo_config import cfg

from karbor.plugins import registry
from karbor.plugins.filetree.patterns import Exclude

RESOURCE_TYPE = 'Karbor::FileSet'
OPTION_GROUP = 'fileset'
OPTIONS = [
    cfg.StrOpt('registry', default='/etc/karbor/filesets.toml',
               help='The file (TOML) in which the operator registers '
                    'directories as file sets. It is read again when it '
                    'changes. No such file means no file sets.'),
]


@dataclass(frozen=True)
class FileSet(registry.Entry):
    """One registered directory.

    :ivar path: absolute path of the directory
    :ivar exclude: what is never protected
    :ivar restore_roots: absolute paths of directories below which, beside
        ``path`` itself, a restore may write
    """

    path: str
    exclude: Exclude
    restore_roots: tuple[str, ...] = ()


class FileSets(registry.Registry[FileSet]):
    """The file in which file sets are registered."""

    resource_type = RESOURCE_TYPE
    noun = 'file set'
    table = 'fileset'
    keys = ('id', 'name', 'path', 'exclude', 'projects', 'restore_roots')

    def build(self, table: registry.Table) -> FileSet:
        try:
            exclude = Exclude(table.texts('exclude', (), may_be_empty=True))
        except ValueError as error:
            raise table.wrong('exclude', str(error)) from None
        roots = tuple(
            _absolute(table, 'restore_roots', root) for root
            in table.texts('restore_roots', (), may_be_empty=True))
        if '/' in roots:
            raise table.wrong('restore_roots',
                              '/ would let tenants write anywhere')
        return FileSet(
            id=table.uuid('id'), name=table.text('name'),
            projects=table.projects(),
            path=_absolute(table, 'path', table.text('path')),
            exclude=exclude, restore_roots=roots)


def _absolute(table: registry.Table, field: str, path: str) -> str:
    if (not path.startswith('/') or '\0' in path
            or any(part in ('.', '..') for part in path.split('/'))):
        raise table.wrong(field, f'{path!r} is not an absolute path without '
                                 '. and ..')
    return '/' + path.strip('/')
