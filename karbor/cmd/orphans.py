# SPDX-License-Identifier: Apache-2.0
"""karbor-manage orphans: what no checkpoint owns."""

import argparse
from collections.abc import Callable, Iterator, Sequence
import datetime
import sys
from typing import Any

from karbor import conf
from karbor import context as karbor_context
from karbor import exception
from karbor.cmd import listing
from karbor.i18n import _
from karbor.protection import orphans
from karbor.protection.providers import Provider

# days; longer than any worker writes on after it has lost its claim
_AGE = 7.0

_COLUMNS = {'where': _('Where'), 'kind': _('Kind'),
            'checkpoint_id': _('Checkpoint'), 'resource': _('Resource'),
            'attempt': _('Attempt'), 'objects': _('Objects'),
            'bytes': _('Bytes'), 'written_at': _('Last written'),
            'reason': _('Reason')}


def add_commands(subparsers: Any, function: Callable[[], int]) -> None:
    """Add them to those of a program.

    :param function: what the program calls for each of them
    """
    actions = subparsers.add_parser(
        'orphans', help='what no checkpoint owns').add_subparsers(
            dest='action', required=True)
    found = actions.add_parser('list', help='name it')
    gone = actions.add_parser('remove', help='remove it')
    for parser in (found, gone):
        parser.add_argument(
            '--provider', help='id or name; all providers by default')
        parser.add_argument(
            '--older-than', type=_days, default=_AGE, metavar='DAYS',
            help='leave out what was written later; %(default)s by default')
        listing.add_option(parser)
        parser.set_defaults(function=function)
    gone.add_argument('--damaged', action='store_true',
                      help='also what a manifest may own that cannot be read')
    gone.add_argument('--yes', action='store_true',
                      help='without it, nothing is removed')


def _days(text: str) -> float:
    days = float(text)
    if not 0 <= days <= 36500:
        raise argparse.ArgumentTypeError(_('expected 0 to 36500 days'))
    return days


def list_(wanted: Sequence[Provider]) -> int:
    """Name all there is."""
    failed: list[str] = []
    listing.show([_row(orphan) for _provider, orphan
                  in _find(wanted, failed)], _COLUMNS,
                 conf.CONF.command.format)
    return 1 if failed else 0


def remove(wanted: Sequence[Provider]) -> int:
    """Remove what `list_` names, and name it."""
    command = conf.CONF.command
    failed: list[str] = []
    rows = []
    for provider, orphan in _find(wanted, failed):
        removed = False
        if command.yes and (command.damaged
                            or orphan.kind != orphans.DAMAGED):
            try:
                removed = orphans.remove(karbor_context.system(), provider,
                                         orphan)
            except exception.KarborError as error:
                _fail(failed, provider, error)
        rows.append({**_row(orphan), 'removed': removed})
    listing.show(rows, {**_COLUMNS, 'removed': _('Removed')}, command.format)
    if not command.yes:
        print(_('Nothing was removed; say --yes to remove it.'),
              file=sys.stderr)
        return 1
    return 1 if failed else 0


def _find(wanted: Sequence[Provider], failed: list[str],
          ) -> Iterator[tuple[Provider, orphans.Orphan]]:
    """Orphans of all providers; one that cannot be asked is told of."""
    before = datetime.datetime.now(datetime.UTC) - datetime.timedelta(
        days=conf.CONF.command.older_than)
    for provider in wanted:
        try:
            for orphan in orphans.find(karbor_context.system(), provider,
                                       before):
                yield provider, orphan
        except exception.KarborError as error:
            _fail(failed, provider, error)


def _fail(failed: list[str], provider: Provider,
          error: exception.KarborError) -> None:
    failed.append(provider.id)
    print(_('Provider %(name)s: %(reason)s') % {
        'name': provider.name, 'reason': error}, file=sys.stderr)


def _row(orphan: orphans.Orphan) -> dict[str, Any]:
    attempt = orphan.attempt
    return {'where': orphan.where, 'kind': orphan.kind,
            'checkpoint_id': orphan.checkpoint_id,
            'resource': None if attempt is None else attempt.resource,
            'attempt': None if attempt is None else attempt.number,
            'objects': orphan.size.objects, 'bytes': orphan.size.bytes,
            'written_at': orphan.size.written_at, 'reason': orphan.reason}
