# SPDX-License-Identifier: Apache-2.0
"""``openstack data protection plan ...``."""

import argparse
from typing import Any

from osc_lib.command import command

from karbor.osc import client
from karbor.osc import common

MISSING = ('error', 'skip')


def _path(karbor: client.Client, parsed_args: argparse.Namespace) -> str:
    return f'plans/{karbor.find("plan", parsed_args.plan)}'


class InspectPlan(command.ShowOne):
    """Show all of a plan: what becomes of resources that are gone, too"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        common.add_plan(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        karbor = common.client_of(self)
        return common.shown(karbor.get(_path(karbor, parsed_args))['plan'])


class SetPlan(command.Command):
    """Change a plan; but for its status, only while it is suspended"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        common.add_plan(parser)
        common.add_names(parser)
        parser.add_argument('--missing-resources', choices=MISSING,
                            help='What becomes of a checkpoint when a '
                                 'resource of the plan is gone: an error, or '
                                 'one without it')
        status = parser.add_mutually_exclusive_group()
        status.add_argument('--start', dest='status', action='store_const',
                            const='started', help='Let it take scheduled '
                                                  'runs')
        status.add_argument('--suspend', dest='status', action='store_const',
                            const='suspended', help='Let it take none')
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        changes = common.check_changes(common.given(
            parsed_args, 'name', 'description', 'missing_resources',
            'status'))
        karbor = common.client_of(self)
        karbor.put(_path(karbor, parsed_args), {'plan': changes})
