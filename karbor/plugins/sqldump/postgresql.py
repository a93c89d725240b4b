# SPDX-License-Identifier: Apache-2.0
"""PostgreSQL: pg_dump's archive out, one transaction in."""

import hashlib
import re
from typing import Any

from karbor import plugin
from karbor.plugins.sqldump import child
from karbor.plugins.sqldump import postgresql_sql as sql
from karbor.plugins.sqldump import registry

# From this release on pg_dump describes the schema "public" by what differs
# from a state that does not depend on the server; the load starts with it.
_OLDEST_CLIENT = 15


def protect(step: plugin.Step, database: registry.Database,
            limits: registry.Limits) -> dict[str, Any]:
    """Stream an archive of the database; returns what to save of it.

    :raises PluginError: it could not be dumped; no stream exists then
    """
    client = _client_version(step, database, limits)
    server, has_public, estimate = _ask(step, database, limits)
    env, secret = _connection(database, limits)
    argv = ['pg_dump', '--format=custom', '--compress=0', '--no-password',
            '--no-subscriptions',
            f'--lock-wait-timeout={int(limits.busy_timeout * 1000)}']
    done = 0
    with step.data.writer() as writer, child.Child(
            step.check, argv, env=env, stall=database.stall(limits),
            secrets=[secret]) as dump:
        while data := dump.read():
            writer.write(data)
            done += len(data)
            step.progress(min(0.99, done / max(estimate, done, 1)))
        _finish_dump(dump)
    step.progress(1.0)
    return {'bytes': done, 'server_version': server,
            'client_version': client, 'public_schema': has_public}


def restore(step: plugin.Step, target: registry.Database,
            limits: registry.Limits) -> None:
    """Make the database what it was: all of it or, on an error, nothing.

    Everything in the database is dropped and created again within one
    transaction, so what came after the backup is gone, and others see the
    old state until they see the new one.

    :raises PluginError: nothing was changed
    """
    _client_version(step, target, limits)
    env, secret = _connection(target, limits)
    stall = target.stall(limits)
    archive = ['pg_restore', '--file=-']
    if not step.parameters.get('owners', True):
        archive += ['--no-owner', '--no-privileges', '--no-tablespaces']
    with child.Child(
            step.check, ['psql', '--no-psqlrc', '--quiet', '--no-password',
                   '--set=ON_ERROR_STOP=1', '--file=-'],
            env=env, stall=stall, secrets=[secret], feed=True) as load:
        load.discard_output()
        load.write(sql.begin(_lock_number(target), limits.busy_timeout))
        with child.Child(step.check, archive, env=env, stall=stall, feed=True,
                         stdout=load.input_for()) as unpack:
            try:
                _feed(step, unpack)
                unpack.finish()
            except plugin.PluginError as error:
                # An error of the server shows as one of the pipe; ending
                # the input without COMMIT takes everything back.
                raise plugin.PluginError(
                    reason=load.failure() or str(error)) from error
        step.overwrites('database', target.name)
        load.write(sql.end(step.data.load().get('public_schema', True)))
        load.finish()


def undo(step: plugin.Step, target: registry.Database,
         limits: registry.Limits) -> None:
    """Nothing is left of a load that was broken off."""


def _feed(step: plugin.Step, unpack: child.Child) -> None:
    done = 0
    with step.data.reader() as reader:
        while data := reader.read(child.CHUNK):
            unpack.write(data)
            done += len(data)
            step.progress(min(0.99, done / max(reader.size, 1)))


def _finish_dump(dump: child.Child) -> None:
    try:
        dump.finish()
    except plugin.PluginError as error:
        if 'server version mismatch' not in str(error):
            raise
        raise plugin.PluginError(
            reason=f'{error} pg_dump must not be older than the server: '
                   'install the package postgresql-client of the server\'s '
                   'version.') from error


def _client_version(step: plugin.Step, database: registry.Database,
                    limits: registry.Limits) -> str:
    """Version of the client programs."""
    with child.Child(step.check, ['pg_dump', '--version'],
                     env=child.environment({}),
                     stall=database.stall(limits)) as asked:
        said = _read_all(asked)
    found = re.search(r'(\d+)\S*', said)
    if not found or int(found[1]) < _OLDEST_CLIENT:
        raise plugin.PluginError(
            reason=f'pg_dump must be of version {_OLDEST_CLIENT} or newer; '
                   f'it calls itself {said.strip()[:80]!r}.')
    return found[0]


def _ask(step: plugin.Step, database: registry.Database,
         limits: registry.Limits) -> tuple[str, bool, int]:
    """Server version, whether there is a schema public, bytes of tables."""
    env, secret = _connection(database, limits)
    with child.Child(
            step.check, ['psql', '--no-psqlrc', '--quiet', '--tuples-only',
                         '--no-align', '--no-password',
                         f'--command={sql.FACTS}'],
            env=env, stall=database.stall(limits), secrets=[secret]) as asked:
        server, public, size = _read_all(asked).strip().split('|')
    return server, public == 't', int(size)


def _read_all(asked: child.Child) -> str:
    parts = []
    while data := asked.read():
        parts.append(data)
    asked.finish()
    return b''.join(parts).decode('utf-8', 'replace')


def _connection(database: registry.Database, limits: registry.Limits,
                ) -> tuple[dict[str, str], str | None]:
    """The environment that makes a client connect, and the password."""
    secret = database.password()
    settings = {
        'PGDATABASE': database.database,
        'PGHOST': database.query.get('host') or database.host,
        'PGPORT': str(database.port) if database.port else None,
        'PGUSER': database.user,
        'PGPASSWORD': secret,
        'PGSSLMODE': database.query.get('sslmode'),
        'PGSSLROOTCERT': database.query.get('sslrootcert'),
        'PGAPPNAME': 'karbor',
        'PGCONNECT_TIMEOUT': '30',
        'PGCLIENTENCODING': 'UTF8',
        'PGOPTIONS': '-c client_min_messages=warning '
                     f'-c lock_timeout={int(limits.busy_timeout)}s',
    }
    return child.environment({key: value for key, value in settings.items()
                              if value is not None}), secret


def _lock_number(target: registry.Database) -> int:
    """Number of the advisory lock of restores into one database."""
    digest = hashlib.sha256(f'karbor {target.id}'.encode()).digest()
    return int.from_bytes(digest[:8], 'big', signed=True)
