# SPDX-License-Identifier: Apache-2.0
"""Things that an operator has registered in a TOML file.

The file is an array of tables, one for each thing. What every kind has in
common is here: an id, a name, the projects that may use it, a message for
each mistake, and rereading when the file has changed.

The file is the operator's: it holds paths, hosts and accounts. So there are
two ways to ask. `Registry.entries` tells the operator of a mistake, with file,
entry and field. All other questions are asked on behalf of a tenant, who
learns only that there is a mistake; the log has the rest.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
import logging
import os
import threading
import time
import tomllib
from typing import Any, ClassVar, Generic, TypeVar
import uuid

from karbor import plugin

LOG = logging.getLogger(__name__)

EVERYONE = '*'

# A file may change twice within one tick of the file system's clock, so what
# was written so shortly before it was read is read again, seconds.
_FRESH = 2.0


@dataclass(frozen=True)
class Entry:
    """One registered thing.

    :ivar id: UUID in its canonical form
    :ivar name: what a person calls it
    :ivar projects: ids of the projects that may use it, or ``*`` for all
    """

    id: str
    name: str
    projects: tuple[str, ...]

    def serves(self, project_id: str) -> bool:
        """Whether the project may use it."""
        return EVERYONE in self.projects or project_id in self.projects


E = TypeVar('E', bound=Entry)


class Table:
    """One table of the file: typed access that names file, entry and field."""

    def __init__(self, file: str, where: str,
                 values: Mapping[str, Any]) -> None:
        self.file, self.where, self.values = file, where, values

    def wrong(self, field: str, reason: str) -> plugin.ConfigError:
        """An error about one field, to be raised by the caller."""
        return plugin.ConfigError(
            file=self.file, reason=f'{self.where}: {field}: {reason}')

    def refuse_unknown(self, known: Sequence[str]) -> None:
        """:raises ConfigError: a key is none of the known ones"""
        for key in self.values:
            if key not in known:
                raise self.wrong(
                    key, f'unknown key; expected one of {", ".join(known)}')

    def text(self, field: str) -> str:
        """A non-empty string that must be there."""
        value = self.optional_text(field)
        if value is None:
            raise self.wrong(field, 'is missing')
        return value

    def optional_text(self, field: str) -> str | None:
        """A non-empty string, or None."""
        value = self.values.get(field)
        if value is None:
            return None
        if not isinstance(value, str) or not value.strip():
            raise self.wrong(field, 'expected a text that is not empty')
        return value

    def texts(self, field: str, default: Sequence[str] | None = None, *,
              may_be_empty: bool = False) -> tuple[str, ...]:
        """A list of non-empty strings; it must be there without default."""
        value = self.values.get(field)
        if value is None:
            if default is None:
                raise self.wrong(field, 'is missing')
            return tuple(default)
        if (not isinstance(value, list) or not (value or may_be_empty)
                or not all(isinstance(v, str) and v for v in value)):
            raise self.wrong(field, 'expected a list of texts')
        return tuple(value)

    def seconds(self, field: str) -> float | None:
        """A number above zero, or None."""
        value = self.values.get(field)
        if value is None:
            return None
        if (isinstance(value, bool) or not isinstance(value, (int, float))
                or not 0 < value < float('inf')):
            raise self.wrong(field, 'expected a number of seconds above zero')
        return float(value)

    def uuid(self, field: str) -> str:
        """A UUID in its canonical form that must be there."""
        return self.as_uuid(field, self.text(field))

    def as_uuid(self, field: str, value: str) -> str:
        """The canonical form of a UUID found in a field."""
        try:
            return str(uuid.UUID(value))
        except ValueError:
            raise self.wrong(field, f'{value!r} is no UUID') from None

    def projects(self) -> tuple[str, ...]:
        """The fence: ids of projects, or ``["*"]`` alone."""
        value = self.texts('projects')
        if EVERYONE in value and len(value) > 1:
            raise self.wrong('projects', 'expected either ["*"] or a list of '
                                         'ids of projects')
        return value


class Registry(Generic[E]):
    """All entries of a file; reads it again when it has changed.

    A file that is not there registers nothing. One that cannot be read or
    understood is an error at every use: an old state of it might give a
    project what was taken away from it.

    :cvar resource_type: of the entries, as resources
    :cvar noun: what a user calls one entry
    :cvar table: name of the array of tables
    :cvar keys: every key that a table may have
    """

    resource_type: ClassVar[str]
    noun: ClassVar[str]
    table: ClassVar[str]
    keys: ClassVar[Sequence[str]]

    def __init__(self, file: str) -> None:
        self.file = file
        self._lock = threading.Lock()
        self._seen: tuple[int, int, int] | None = None
        self._entries: dict[str, E] = {}

    def build(self, table: Table) -> E:
        """Make an entry of a table.

        :raises ConfigError: see `Table.wrong`
        """
        raise NotImplementedError

    def relate(self, entries: Mapping[str, E],
               tables: Mapping[str, Table]) -> None:
        """Check what entries say about each other; both are by id.

        :raises ConfigError: see `Table.wrong`
        """

    def entries(self) -> Mapping[str, E]:
        """All entries by id, in the order of the file.

        :raises ConfigError: naming file, entry and field
        """
        with self._lock:
            try:
                with open(self.file, 'rb') as source:
                    stat = os.fstat(source.fileno())
                    now = stat.st_ino, stat.st_size, stat.st_mtime_ns
                    if now == self._seen:
                        return self._entries
                    self._seen = None
                    self._entries = self._parse(source.read())
            except FileNotFoundError:
                self._seen, self._entries = None, {}
            except OSError as error:
                raise plugin.ConfigError(
                    file=self.file,
                    reason=f'cannot be read: {error.strerror}') from error
            else:
                if time.time() - stat.st_mtime > _FRESH:
                    self._seen = now
            return self._entries

    def of(self, project_id: str) -> list[E]:
        """Entries that a project may use, in the order of the file.

        :raises PluginError: the file has a mistake
        """
        return [entry for entry in self._told().values()
                if entry.serves(project_id)]

    def get(self, project_id: str, entry_id: str) -> E:
        """One entry that a project may use.

        :raises InstanceNotFound: it has no such entry
        :raises PluginError: the file has a mistake
        """
        entry = self._told().get(entry_id)
        if entry is None or not entry.serves(project_id):
            raise plugin.InstanceNotFound(type=self.resource_type,
                                          id=entry_id)
        return entry

    def of_step(self, step: plugin.Step, entry_id: str | None = None) -> E:
        """The entry that a step works on, as it is registered now.

        :param entry_id: of another one of the project; None is that of the
            step's resource
        :raises PluginError: it is not there, or not any more, or the file
            has a mistake
        """
        wanted = step.resource.id if entry_id is None else entry_id
        try:
            return self.get(step.context.project_id, wanted)
        except plugin.InstanceNotFound as error:
            raise plugin.PluginError(
                reason=f'The {self.noun} {wanted} is not registered for this '
                       'project, or not any more.') from error

    def whosever(self, entry_id: str) -> E | None:
        """One entry, whether the project may use it or not, or None.

        It is for rules between entries, never to be shown to a tenant.

        :raises PluginError: the file has a mistake
        """
        return self._told().get(entry_id)

    def _told(self) -> Mapping[str, E]:
        try:
            return self.entries()
        except plugin.ConfigError as error:
            LOG.error('The registry of %ss is broken: %s', self.noun, error)
            # Not "from error": a chain is sent over the bus and shown too.
            raise plugin.PluginError(
                reason=f'The registry of {self.noun}s is broken; the '
                       "operator's log has the reason.") from None

    def _parse(self, content: bytes) -> dict[str, E]:
        try:
            document = tomllib.loads(content.decode())
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise plugin.ConfigError(
                file=self.file, reason=f'is no TOML: {error}') from error
        for key in document:
            if key != self.table:
                raise plugin.ConfigError(
                    file=self.file, reason=f'unknown table {key}; expected '
                                           f'[[{self.table}]]')
        raw = document.get(self.table, [])
        if (not isinstance(raw, list)
                or not all(isinstance(values, dict) for values in raw)):
            raise plugin.ConfigError(
                file=self.file, reason=f'expected [[{self.table}]] tables')
        entries: dict[str, E] = {}
        tables: dict[str, Table] = {}
        for number, values in enumerate(raw, start=1):
            table = Table(self.file, _where(self.table, number, values),
                          values)
            table.refuse_unknown(self.keys)
            entry = self.build(table)
            if entry.id in entries:
                raise table.wrong('id', f'{entry.id} is registered already')
            entries[entry.id], tables[entry.id] = entry, table
        self.relate(entries, tables)
        return entries


def _where(kind: str, number: int, values: Mapping[str, Any]) -> str:
    name = values.get('name')
    return f'{kind} {number}' + (f' ({name})' if isinstance(name, str)
                                 and name else '')
