# SPDX-License-Identifier: Apache-2.0
"""The databases that an operator has registered, and the options for all."""

from collections.abc import Mapping
from dataclasses import dataclass, field
import os.path
import tempfile
from types import MappingProxyType
from typing import Any
from urllib import parse

from oslo_config import cfg

from karbor import plugin
from karbor.plugins import registry

RESOURCE_TYPE = 'Karbor::Database'

OPTION_GROUP = 'sqldatabase'
OPTIONS = (
    cfg.StrOpt('registry', default='/etc/karbor/sqldatabases.toml',
               help='File in which databases are registered.'),
    cfg.StrOpt('work_dir',
               help='Directory for the temporary copy of an SQLite database; '
                    'by default that of the system. It needs room for the '
                    'largest of them.'),
    cfg.IntOpt('busy_timeout', default=60, min=1,
               help='Seconds to wait for locks that others hold on a '
                    'database.'),
    cfg.IntOpt('dump_timeout', default=3600, min=1,
               help='Seconds after which a dump or load program that moved '
                    'no byte is killed. Building one index may take that '
                    'long. A database may have its own.'),
)

ENGINES = MappingProxyType({
    'sqlite': 'sqlite', 'postgresql': 'postgresql', 'postgres': 'postgresql',
    'mysql': 'mariadb', 'mariadb': 'mariadb'})
_QUERY = MappingProxyType({
    'sqlite': (), 'postgresql': ('host', 'sslmode', 'sslrootcert'),
    'mariadb': ('unix_socket', 'ssl_ca')})


@dataclass(frozen=True)
class Limits:
    """What the operator allows all databases.

    :ivar work_dir: directory for temporary copies
    :ivar busy_timeout: seconds to wait for locks
    :ivar dump_timeout: seconds without a byte before a program is killed
    """

    work_dir: str
    busy_timeout: float
    dump_timeout: float

    @classmethod
    def of(cls, config: Any) -> 'Limits':
        """From the group of options."""
        work_dir = config.work_dir or tempfile.gettempdir()
        if not os.path.isabs(work_dir):
            raise plugin.ConfigError(
                file='karbor.conf', reason=f'[{OPTION_GROUP}] work_dir: '
                'expected an absolute path')
        return cls(work_dir, config.busy_timeout, config.dump_timeout)


@dataclass(frozen=True)
class Database(registry.Entry):
    """One registered database.

    :ivar engine: ``sqlite``, ``postgresql`` or ``mariadb``
    :ivar path: of the file (SQLite), else empty
    :ivar database: its name on the server, else empty
    :ivar query: settings of the connection from the URL
    :ivar restore_targets: ids of databases into which it may be restored
    :ivar dump_timeout: seconds; None means the option's
    """

    engine: str
    path: str = ''
    host: str | None = None
    port: int | None = None
    user: str | None = None
    database: str = ''
    query: Mapping[str, str] = field(default_factory=dict)
    restore_targets: tuple[str, ...] = ()
    dump_timeout: float | None = None
    url_password: str | None = field(default=None, repr=False)
    password_file: str | None = field(default=None, repr=False)

    def password(self) -> str | None:
        """The password as it is now, or None.

        :raises PluginError: its file cannot be read or makes no sense
        """
        if self.password_file is None:
            return self.url_password
        try:
            with open(self.password_file, encoding='utf-8') as source:
                text = source.read(4096)
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, 'strerror', None) or 'it is no text'
            raise plugin.PluginError(
                reason=f'The password file of database {self.name} cannot be '
                       f'read: {reason}.') from None
        text = text.removesuffix('\n').removesuffix('\r')
        if not text or not text.isprintable():
            raise plugin.PluginError(
                reason=f'The password file of database {self.name} must hold '
                       'one line, the password.')
        return text

    def stall(self, limits: Limits) -> float:
        """Seconds without a byte before a program is killed."""
        return self.dump_timeout or limits.dump_timeout


class Databases(registry.Registry[Database]):
    """The file in which databases are registered."""

    resource_type = RESOURCE_TYPE
    noun = 'database'
    table = 'database'
    keys = ('id', 'name', 'url', 'password_file', 'projects',
            'restore_targets', 'dump_timeout')

    def build(self, table: registry.Table) -> Database:
        entry_id = table.uuid('id')
        url = _Url(table)
        password_file = table.optional_text('password_file')
        if password_file is not None:
            if not os.path.isabs(password_file):
                raise table.wrong('password_file',
                                  'expected an absolute path')
            if url.password is not None:
                raise table.wrong('password_file',
                                  'the url has a password already')
            if url.engine == 'sqlite':
                raise table.wrong('password_file', 'SQLite has no passwords')
        targets = tuple(table.as_uuid('restore_targets', target) for target
                        in table.texts('restore_targets', [entry_id]))
        return Database(
            id=entry_id, name=table.text('name'), projects=table.projects(),
            engine=url.engine, path=url.path, host=url.host, port=url.port,
            user=url.user, database=url.database, query=url.query,
            restore_targets=targets,
            dump_timeout=table.seconds('dump_timeout'),
            url_password=url.password, password_file=password_file)

    def relate(self, entries: Mapping[str, Database],
               tables: Mapping[str, registry.Table]) -> None:
        for entry in entries.values():
            for target in entry.restore_targets:
                if target not in entries:
                    raise tables[entry.id].wrong(
                        'restore_targets', f'{target} is not registered')
                if entries[target].engine != entry.engine:
                    raise tables[entry.id].wrong(
                        'restore_targets',
                        f'{target} is of engine {entries[target].engine}; '
                        f'expected {entry.engine}')


class _Url:
    """A URL taken apart; no message repeats it, as it may hold a secret."""

    def __init__(self, table: registry.Table) -> None:
        self._table = table
        text = table.text('url')
        if '#' in text:
            raise self._wrong('"#" must be written as %23')
        try:
            parts = parse.urlsplit(text)
            self.port = parts.port
            query = parse.parse_qsl(parts.query, keep_blank_values=True,
                                    strict_parsing=bool(parts.query))
        except ValueError:
            raise self._wrong('expected a URL like postgresql://user@host:'
                              '5432/name') from None
        scheme = parts.scheme.partition('+')[0]
        if scheme not in ENGINES:
            raise self._wrong('expected it to start with sqlite, postgresql, '
                              'mariadb or mysql')
        self.engine = ENGINES[scheme]
        self.host = parts.hostname or None
        self.user = _unquote(parts.username)
        self.password = _unquote(parts.password)
        self.query = dict(query)
        self.path = self.database = ''
        for key in self.query:
            if key not in _QUERY[self.engine]:
                raise self._wrong(
                    'unknown setting after "?"; expected one of '
                    f'{", ".join(_QUERY[self.engine]) or "none"}')
        name = parse.unquote(parts.path.removeprefix('/'))
        if any(not character.isprintable() for part in
               (name, self.user, self.password, *self.query.values())
               for character in part or ''):
            raise self._wrong('it holds a control character')
        if self.engine == 'sqlite':
            if parts.netloc or not os.path.isabs(name):
                raise self._wrong('expected an absolute path after four '
                                  'slashes: sqlite:////var/lib/app/app.db')
            self.path = os.path.normpath(name)
        elif not name:
            raise self._wrong('the name of the database is missing')
        else:
            self.database = name

    def _wrong(self, reason: str) -> plugin.ConfigError:
        return self._table.wrong('url', reason)


def _unquote(text: str | None) -> str | None:
    return parse.unquote(text) if text else None
