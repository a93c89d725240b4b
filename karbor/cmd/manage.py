# SPDX-License-Identifier: Apache-2.0
"""karbor-manage: what an operator does by hand."""

from collections.abc import Callable
import sys
from typing import Any

from alembic import util as alembic_util
from oslo_config import cfg
from oslo_db import exception as db_exception
import sqlalchemy as sa

from karbor import conf
from karbor import context as karbor_context
from karbor import exception
from karbor.cmd import listing
from karbor.cmd import orphans
from karbor.db import migration
from karbor.db import services
from karbor.db import session
from karbor.i18n import _
from karbor.protection import importer
from karbor.protection import providers


def _db_sync() -> None:
    migration.sync(conf.CONF.command.revision)
    print(migration.version())


def _db_version() -> None:
    print(migration.version() or _('The database has no schema.'))


def _bank_import() -> int:
    provider = _provider(conf.CONF.command.provider)
    result = importer.run(karbor_context.system(), provider)
    for checkpoint_id, reason in result.unreadable:
        print(_('%(id)s cannot be read: %(reason)s') % {
            'id': checkpoint_id, 'reason': reason}, file=sys.stderr)
    print(_('%(added)d checkpoints added, %(known)d known already, '
            '%(unreadable)d cannot be read') % {
                'added': result.added, 'known': result.known,
                'unreadable': len(result.unreadable)})
    return 1 if result.unreadable else 0


def _service_list() -> None:
    listing.show([{
        'id': one.id, 'binary': one.binary, 'host': one.host,
        'status': one.status, 'state': 'up' if one.up else 'down',
        'updated_at': one.updated_at, 'disabled_reason': one.disabled_reason,
    } for one in services.list_(karbor_context.system(),
                                conf.CONF.service_down_time)], {
        'id': _('Id'), 'binary': _('Binary'), 'host': _('Host'),
        'status': _('Status'), 'state': _('State'),
        'updated_at': _('Last heartbeat'), 'disabled_reason': _('Reason')},
        conf.CONF.command.format)


def _orphans() -> int:
    command = conf.CONF.command
    do = {'list': orphans.list_, 'remove': orphans.remove}[command.action]
    if command.provider is not None:
        return do([_provider(command.provider)])
    found = _providers()
    # of those with a mistake nobody knows what is in their banks
    return do(list(found.by_id.values())) or (1 if found.mistakes else 0)


def _providers() -> providers.Providers:
    found = providers.load(conf.CONF)
    for mistake in found.mistakes.values():
        print(mistake, file=sys.stderr)
    return found


def _provider(wanted: str) -> providers.Provider:
    """A provider by id or by name."""
    matching = [p for p in _providers().by_id.values()
                if wanted in (p.id, p.name)]
    if len(matching) != 1:
        raise exception.ProviderNotFound(id=wanted)
    return matching[0]


def _add_commands(subparsers: Any) -> None:
    db = subparsers.add_parser('db', help='the schema').add_subparsers(
        dest='action', required=True)
    sync = db.add_parser('sync', help='make or upgrade the schema')
    sync.add_argument('revision', nargs='?', default='head')
    sync.set_defaults(function=_db_sync)
    db.add_parser('version', help='the version of the schema').set_defaults(
        function=_db_version)
    bank = subparsers.add_parser(
        'bank', help='what a bank holds').add_subparsers(
            dest='action', required=True)
    load = bank.add_parser('import', help=(
        'bring the checkpoints of a bank back into the database'))
    load.add_argument('provider', help='id or name of the provider')
    load.set_defaults(function=_bank_import)
    service = subparsers.add_parser(
        'service', help='the daemons').add_subparsers(
            dest='action', required=True)
    daemons = service.add_parser('list',
                                 help='who lives, and who is disabled')
    listing.add_option(daemons)
    daemons.set_defaults(function=_service_list)
    orphans.add_commands(subparsers, _orphans)


def main() -> int:
    conf.CONF.register_cli_opt(cfg.SubCommandOpt(
        'command', title='commands', handler=_add_commands))
    conf.parse(sys.argv[1:])
    session.init(conf.CONF)
    function: Callable[[], int | None] = conf.CONF.command.function
    try:
        return function() or 0
    except exception.KarborError as error:
        reason = str(error)
    except alembic_util.CommandError as error:
        reason = _('VERSION: %s') % error
    except (db_exception.DBError, sa.exc.SQLAlchemyError) as error:
        # its first line is the driver's; what follows is for programmers
        reason = _('The database cannot be used: %s') % (
            str(error).splitlines()[0])
        if _no_schema():
            reason = _('The database has no schema: run karbor-manage db '
                       'sync.')
    print(reason, file=sys.stderr)
    return 1


def _no_schema() -> bool:
    try:
        return migration.version() is None
    except (db_exception.DBError, sa.exc.SQLAlchemyError):
        # it does not answer, which is said already
        return False
