# SPDX-License-Identifier: Apache-2.0
"""The file sets that the operator has registered.

Only this file says which directories of the host exist for Karbor: a tenant
names a file set by its id and never a path.
"""

from collections.abc import Mapping
from dataclasses import dataclass
import os
import threading
import tomllib
from typing import Any
import uuid

from oslo_config import cfg

from karbor import plugin
from karbor.plugins.filetree.patterns import Exclude

RESOURCE_TYPE = 'Karbor::FileSet'
OPTION_GROUP = 'fileset'
OPTIONS = [
    cfg.StrOpt('registry', default='/etc/karbor/filesets.toml',
               help='The file (TOML) in which the operator registers '
                    'directories as file sets. It is read again when it '
                    'changes. No such file means no file sets.'),
]

_KEYS = ('id', 'name', 'path', 'exclude', 'projects', 'restore_roots')


@dataclass(frozen=True)
class FileSet:
    """One registered directory.

    :ivar id: a UUID in its canonical form
    :ivar path: absolute path of the directory
    :ivar exclude: what is never protected
    :ivar projects: ids of the projects that may use it; ``*`` is all
    :ivar restore_roots: absolute paths of directories below which, beside
        ``path`` itself, a restore may write
    """

    id: str
    name: str
    path: str
    exclude: Exclude
    projects: frozenset[str]
    restore_roots: tuple[str, ...]

    def usable_by(self, project_id: str) -> bool:
        return '*' in self.projects or project_id in self.projects


class Registry:
    """The registry file, read again when it changes."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._seen: tuple[int, int, int] | None = None
        self._sets: dict[str, FileSet] = {}

    def all(self, project_id: str) -> list[FileSet]:
        """File sets of a project, in the order of their names.

        :raises ConfigError: the file has a mistake
        """
        return sorted((found for found in self._load().values()
                       if found.usable_by(project_id)),
                      key=lambda found: (found.name, found.id))

    def get(self, project_id: str, fileset_id: str) -> FileSet:
        """One file set of a project.

        :raises InstanceNotFound: the project has no such file set
        :raises ConfigError: the file has a mistake
        """
        found = self._load().get(fileset_id)
        if found is None or not found.usable_by(project_id):
            raise plugin.InstanceNotFound(type=RESOURCE_TYPE, id=fileset_id)
        return found

    def _load(self) -> Mapping[str, FileSet]:
        with self._lock:
            try:
                with open(self._path, 'rb') as file:
                    stat = os.fstat(file.fileno())
                    seen = stat.st_mtime_ns, stat.st_size, stat.st_ino
                    if seen != self._seen:
                        self._sets = _parse(self._path, tomllib.load(file))
                        self._seen = seen
            except FileNotFoundError:
                self._seen, self._sets = None, {}
            except (OSError, ValueError) as error:
                # tomllib's errors and those of UTF-8 are ValueErrors
                raise plugin.ConfigError(file=self._path,
                                         reason=str(error)) from error
            return self._sets


def _parse(file: str, data: Mapping[str, Any]) -> dict[str, FileSet]:
    for key in data:
        if key != 'fileset':
            raise plugin.ConfigError(
                file=file, reason=f'{key} is unknown; the file consists of '
                                  '[[fileset]] tables')
    tables = data.get('fileset', [])
    if (not isinstance(tables, list)
            or not all(isinstance(table, dict) for table in tables)):
        raise plugin.ConfigError(
            file=file, reason='fileset: expected [[fileset]] tables')
    result: dict[str, FileSet] = {}
    for number, table in enumerate(tables, 1):
        try:
            found = _fileset(table)
            if found.id in result:
                raise ValueError(f'id: {found.id} is used by an earlier '
                                 'entry')
        except ValueError as error:
            name = table.get('name')
            label = f' ({name})' if isinstance(name, str) else ''
            raise plugin.ConfigError(
                file=file,
                reason=f'fileset {number}{label}: {error}') from None
        result[found.id] = found
    return result


def _fileset(table: Mapping[str, Any]) -> FileSet:
    for key in table:
        if key not in _KEYS:
            raise ValueError(f'{key}: unknown; expected one of '
                             + ', '.join(_KEYS))
    try:
        exclude = Exclude(_texts(table, 'exclude', []))
    except ValueError as error:
        text = str(error)
        raise ValueError(text if text.startswith('exclude: ')
                         else f'exclude: {text}') from None
    projects = _texts(table, 'projects')
    if not projects or '' in projects:
        raise ValueError('projects: expected ids of projects, or "*"')
    roots = [_absolute('restore_roots', root)
             for root in _texts(table, 'restore_roots', [])]
    if '/' in roots:
        raise ValueError('restore_roots: / would let tenants write anywhere')
    return FileSet(id=_uuid(_text(table, 'id')), name=_text(table, 'name'),
                   path=_absolute('path', _text(table, 'path')),
                   exclude=exclude, projects=frozenset(projects),
                   restore_roots=tuple(roots))


def _text(table: Mapping[str, Any], key: str) -> str:
    value = table.get(key)
    if not isinstance(value, str) or not value:
        raise ValueError(f'{key}: expected a text that is not empty')
    return value


def _texts(table: Mapping[str, Any], key: str,
           default: list[str] | None = None) -> list[str]:
    value = table.get(key, default)
    if (not isinstance(value, list)
            or not all(isinstance(item, str) for item in value)):
        raise ValueError(f'{key}: expected a list of texts')
    return value


def _uuid(text: str) -> str:
    try:
        return str(uuid.UUID(text))
    except ValueError:
        raise ValueError(f'id: {text!r} is not a UUID') from None


def _absolute(key: str, path: str) -> str:
    if (not path.startswith('/') or '\0' in path
            or any(part in ('.', '..') for part in path.split('/'))):
        raise ValueError(f'{key}: {path!r} is not an absolute path without '
                         '. and ..')
    return '/' + path.strip('/')
