# SPDX-License-Identifier: Apache-2.0
"""``openstack data protection operation ...``."""

import argparse
from typing import Any

from osc_lib.command import command

from karbor.osc import common
from karbor.osc import progress

STATUSES = ('queued', 'running', *progress.ENDED)
TYPES = ('protect', 'restore', 'delete', 'verify', 'copy', 'undo')
_COLUMNS = {'id': 'ID', 'type': 'Type', 'status': 'Status',
            'fraction': 'Fraction', 'checkpoint_id': 'Checkpoint ID',
            'created_at': 'Created At', 'ended_at': 'Ended At',
            'waiting': 'Waiting', 'reason': 'Reason'}


class ListOperations(command.Lister):
    """List what the protection service does, did or is to do"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument('--status', choices=STATUSES,
                            help='Only operations of this status')
        parser.add_argument('--type', choices=TYPES,
                            help='Only operations of this type')
        parser.add_argument('--checkpoint', metavar='<checkpoint>',
                            help='Only operations on this checkpoint (ID)')
        parser.add_argument('--plan', metavar='<plan>',
                            help='Only operations of this plan (name or ID)')
        parser.add_argument('--provider', metavar='<provider>',
                            help='Only operations at this provider (name or '
                                 'ID)')
        parser.add_argument('--run', metavar='<run>', dest='scheduled_run',
                            help='Only operations of this run of a scheduled '
                                 'operation (ID)')
        common.add_limit(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        query = common.given(parsed_args, 'status', 'type')
        for name, noun in (('checkpoint', 'checkpoint'),
                           ('scheduled_run', 'run')):
            if (text := getattr(parsed_args, name)) is not None:
                query[f'{name}_id'] = common.id_of(noun, text)
        karbor = common.client_of(self)
        for noun in ('plan', 'provider'):
            if (text := getattr(parsed_args, noun)) is not None:
                query[f'{noun}_id'] = karbor.find(noun, text)
        return common.rows(_COLUMNS, karbor.pages(
            'operations', 'operations', query, parsed_args.limit))


def _add_id(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('operation', metavar='<operation>',
                        help='Operation (ID); that of a restore or a '
                             'verification is its own')


def _path(parsed_args: argparse.Namespace) -> str:
    return f'operations/{common.id_of("operation", parsed_args.operation)}'


class ShowOperation(progress.Watcher):
    """Show an operation: how far it is, or what it waits for"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        _add_id(parser)
        parser.add_argument('--resources', action='store_true',
                            help='With what has become of each resource')
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        path = _path(parsed_args)
        if parsed_args.wait:
            self.wait(parsed_args.operation)
        found = common.client_of(self).get(path)['operation']
        if not parsed_args.resources:
            del found['resources']
        return common.shown(found)


class CancelOperation(command.ShowOne):
    """End an operation: at once if it waits, else soon"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        _add_id(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        return common.shown(common.client_of(self).post(
            f'{_path(parsed_args)}/cancel')['operation'])
