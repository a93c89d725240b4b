# SPDX-License-Identifier: Apache-2.0
"""``openstack data protection scheduledoperation ...``."""

import argparse
from typing import Any

from osc_lib.command import command

from karbor.osc import common

OVERLAPS = ('skip', 'queue')


class SetScheduledOperation(command.Command):
    """Change a scheduled operation"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        common.add_operation(parser)
        common.add_names(parser)
        enabled = parser.add_mutually_exclusive_group()
        enabled.add_argument('--enable', dest='enabled', action='store_true',
                             default=None, help='Let it run')
        enabled.add_argument('--disable', dest='enabled',
                             action='store_false', default=None,
                             help='Let it run no more until it is enabled')
        parser.add_argument('--overlap', choices=OVERLAPS,
                            help='What becomes of a run whose predecessor '
                                 'has not ended yet')
        within = parser.add_mutually_exclusive_group()
        within.add_argument('--complete-within', metavar='<seconds>',
                            type=common.positive,
                            help='A run that takes longer is reported late')
        within.add_argument('--no-complete-within', action='store_true',
                            help='No run is reported late')
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        changes = common.given(parsed_args, 'name', 'description', 'enabled',
                               'overlap', 'complete_within')
        if parsed_args.no_complete_within:
            changes['complete_within'] = None
        common.check_changes(changes)
        karbor = common.client_of(self)
        karbor.put(common.path_of(karbor, parsed_args),
                   {'scheduled_operation': changes})


class _OneOperation(command.ShowOne):
    """Of one operation and nothing else"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        common.add_operation(parser)
        return parser


class RunScheduledOperation(_OneOperation):
    """Let a scheduled operation run now, and show its run"""

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        karbor = common.client_of(self)
        return common.shown(karbor.post(
            f'{common.path_of(karbor, parsed_args)}/run')['run'])


class AdoptScheduledOperation(_OneOperation):
    """Become the user on whose behalf a scheduled operation runs"""

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        karbor = common.client_of(self)
        return common.shown(karbor.post(
            f'{common.path_of(karbor, parsed_args)}/adopt',
        )['scheduled_operation'])
