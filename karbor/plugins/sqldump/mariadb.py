# SPDX-License-Identifier: Apache-2.0
"""MariaDB: mariadb-dump out, a scratch database and one exchange in.

Three streams, because each is loaded at another time: ``tables`` with their
rows; ``code``, which is routines, triggers and views; and ``events``, which
must not run before all else is there.
"""

from collections.abc import Callable, Iterator, Sequence
import contextlib
import hashlib
import os
from typing import Any

from karbor import plugin
from karbor.plugins.sqldump import child
from karbor.plugins.sqldump import mariadb_sql as sql
from karbor.plugins.sqldump import registry

# Rows may be as long as the server takes them.
_PACKET = '--max-allowed-packet=1G'
_DUMP = ('--single-transaction', '--quick', '--hex-blob',
         '--skip-lock-tables', '--no-tablespaces', '--skip-dump-date',
         '--default-character-set=utf8mb4', _PACKET)
_ONLY_CODE = ('--no-create-info', '--no-data')


def protect(step: plugin.Step, database: registry.Database,
            limits: registry.Limits) -> dict[str, Any]:
    """Stream a dump of the database; returns what to save of it.

    :raises PluginError: it could not be dumped; no stream exists then
    """
    facts = _ask(step, database, limits)
    views = facts.get('view', [])
    if facts.get('loose'):
        step.note(f'{len(facts["loose"])} tables are not of engine InnoDB; '
                  'writes to them during the backup may be in it in part.')
    name = database.database
    ignored = [f'--ignore-table={name}.{view}' for view in views]
    estimate = int(facts['bytes'][0])
    streams: dict[str, list[list[str]]] = {
        'tables': [['--skip-triggers', *ignored, '--', name]],
        'code': [[*_ONLY_CODE, '--triggers', '--routines', *ignored,
                  '--', name]],
        'events': [[*_ONLY_CODE, '--skip-triggers', '--events', *ignored,
                    '--', name]],
    }
    if views:
        streams['code'].append(['--no-data', '--skip-triggers', '--', name,
                                *views])
    done = 0
    for stream, runs in streams.items():
        with step.data.writer(stream) as writer:
            for arguments in runs:
                done = _dump(step, database, limits, arguments, writer, done,
                             estimate)
    step.progress(1.0)
    return {'bytes': done, 'server_version': facts['server'][0],
            'charset': facts['charset'][0],
            'collation': facts['collation'][0]}


def restore(step: plugin.Step, target: registry.Database,
            limits: registry.Limits) -> None:
    """Make the database what it was; what came after the backup is gone.

    The dump is loaded into a scratch database first. An error until then
    changes nothing. Then all tables are exchanged by one statement, and
    views, triggers, routines and events are made again; who is stopped there
    leaves tables without them until the restore is run again.

    :raises PluginError: see above
    """
    info = step.data.load()
    charset, collation = info['charset'], info['collation']
    scratch = _scratch(target)
    name = target.database
    step.will_make('scratch database', scratch)
    try:
        with _client(step.check, target, target.stall(limits),
                     feed=True) as load:
            load.discard_output()
            load.write(sql.begin(name, scratch, charset, collation,
                                 limits.busy_timeout))
            _feed(step, load, 'tables', 0.9)
            _feed(step, load, 'code', 0.0)
            step.overwrites('database', target.name)
            load.write(sql.swap(name, scratch, charset, collation))
            _feed(step, load, 'code', 0.0)
            _feed(step, load, 'events', 0.0)
            load.write(sql.end(scratch))
            load.finish()
    except BaseException:
        _clean(target, limits, scratch)
        raise
    step.progress(1.0)


def undo(step: plugin.Step, target: registry.Database,
         limits: registry.Limits) -> None:
    """Remove the scratch databases that a restore has left.

    :raises PluginError: they may be there still
    """
    with _client(step.check, target, target.stall(limits),
                 feed=True) as cleaner:
        cleaner.discard_output()
        # Whoever else holds the lock is a restore, which removes them.
        cleaner.write(sql.clean(_scratch(target),
                                limits.busy_timeout).encode())
        cleaner.finish()


def _dump(step: plugin.Step, database: registry.Database,
          limits: registry.Limits, arguments: Sequence[str],
          writer: plugin.Writer, done: int, estimate: int) -> int:
    with _settings(database) as (settings, fds, secret), child.Child(
            step.check, ['mariadb-dump', settings, *_DUMP, *arguments],
            env=child.environment({}), stall=database.stall(limits),
            secrets=[secret], fds=fds) as dump:
        while data := dump.read():
            writer.write(data)
            done += len(data)
            step.progress(min(0.99, done / max(estimate, done, 1)))
        dump.finish()
    return done


def _feed(step: plugin.Step, load: child.Child, stream: str,
          share: float) -> None:
    done = 0
    with step.data.reader(stream) as reader:
        while data := reader.read(child.CHUNK):
            load.write(data)
            done += len(data)
            if share:
                step.progress(share * done / max(reader.size, 1))


def _clean(target: registry.Database, limits: registry.Limits,
           scratch: str) -> None:
    """Remove the scratch databases after an error."""
    # The server may be gone: the first error is the one to tell, and the
    # next restore cleans. A cancelled operation cleans too.
    with contextlib.suppress(plugin.PluginError), \
            _client(lambda: None, target, limits.busy_timeout,
                    feed=True) as cleaner:
        cleaner.discard_output()
        cleaner.write(sql.clean(scratch, 1).encode())
        cleaner.finish()


def _ask(step: plugin.Step, database: registry.Database,
         limits: registry.Limits) -> dict[str, list[str]]:
    """Facts about the database by kind."""
    facts: dict[str, list[str]] = {}
    with _client(step.check, database, database.stall(limits),
                 '--skip-column-names', f'--execute={sql.FACTS}', '--',
                 database.database) as asked:
        parts = []
        while data := asked.read():
            parts.append(data)
        asked.finish()
    for line in b''.join(parts).decode('ascii').splitlines():
        kind, _, value = line.partition('\t')
        facts.setdefault(kind, []).append(bytes.fromhex(value).decode())
    return facts


@contextlib.contextmanager
def _client(check: Callable[[], None], database: registry.Database,
            stall: float, *arguments: str,
            feed: bool = False) -> Iterator[child.Child]:
    with _settings(database) as (settings, fds, secret), child.Child(
            check, ['mariadb', settings, '--batch', '--binary-mode',
                    '--default-character-set=utf8mb4', '--skip-reconnect',
                    '--local-infile=0', '--connect-timeout=30', _PACKET,
                    *arguments],
            env=child.environment({}), stall=stall, secrets=[secret],
            fds=fds, feed=feed) as started:
        yield started


@contextlib.contextmanager
def _settings(database: registry.Database,
              ) -> Iterator[tuple[str, Sequence[int], str | None]]:
    """Where to connect, as a file in memory that only the child can open.

    :return: the argument that names it, file descriptors, the password
    """
    secret = database.password()
    values = {
        'host': database.host,
        'port': str(database.port) if database.port else None,
        'user': database.user,
        'password': secret,
        'socket': database.query.get('unix_socket'),
        'ssl-ca': database.query.get('ssl_ca'),
    }
    lines = ['[client]']
    for key, value in values.items():
        if value is not None:
            quoted = value.replace('\\', '\\\\').replace('"', '\\"')
            lines.append(f'{key}="{quoted}"')
    if 'ssl_ca' in database.query:
        lines.append('ssl-verify-server-cert')
    if database.host and 'unix_socket' not in database.query:
        # The name localhost alone would mean a socket.
        lines.append('protocol=tcp')
    number = os.memfd_create('karbor')
    try:
        # A file that others may write would be ignored.
        os.fchmod(number, 0o600)
        os.write(number, ('\n'.join(lines) + '\n').encode())
        yield f'--defaults-file=/proc/self/fd/{number}', [number], secret
    finally:
        os.close(number)


def _scratch(target: registry.Database) -> str:
    """Name of the scratch database, the same for every restore into one."""
    digest = hashlib.sha256(target.database.encode()).hexdigest()
    return f'karbor_restore_{digest[:16]}'
