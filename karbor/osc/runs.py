# SPDX-License-Identifier: Apache-2.0
"""``openstack data protection run ...``."""

import argparse
from typing import Any

from osc_lib.command import command

from karbor.osc import common

STATUSES = ('queued', 'running', 'success', 'failed', 'skipped',
            'dropped_out_of_window')
ORIGINS = ('time', 'event', 'manual')
_COLUMNS = {'id': 'ID', 'expected_at': 'Expected At', 'origin': 'Origin',
            'status': 'Status', 'started_at': 'Started At',
            'ended_at': 'Ended At', 'late': 'Late',
            'checkpoint_id': 'Checkpoint ID', 'reason': 'Reason'}


class ListRuns(command.Lister):
    """List the runs of a scheduled operation, the newest first"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        common.add_operation(parser)
        parser.add_argument('--status', choices=STATUSES,
                            help='Only runs of this status')
        parser.add_argument('--origin', choices=ORIGINS,
                            help='Only runs that this has set off')
        parser.add_argument('--late', action='store_true',
                            help='Only runs that did not end in their time')
        common.add_limit(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        karbor = common.client_of(self)
        return common.rows(_COLUMNS, karbor.pages(
            f'{common.path_of(karbor, parsed_args)}/runs', 'runs', {
                'status': parsed_args.status, 'origin': parsed_args.origin,
                'late': 'true' if parsed_args.late else None},
            parsed_args.limit))


class ShowRun(command.ShowOne):
    """Show a run of a scheduled operation"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        common.add_operation(parser)
        parser.add_argument('run', metavar='<run>', help='Run (ID)')
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        run = common.id_of('run', parsed_args.run)
        karbor = common.client_of(self)
        return common.shown(karbor.get(
            f'{common.path_of(karbor, parsed_args)}/runs/{run}')['run'])
