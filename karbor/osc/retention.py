# SPDX-License-Identifier: Apache-2.0
"""``openstack data protection retention ...``."""

import argparse
from typing import Any

from osc_lib import exceptions
from osc_lib.command import command

from karbor.osc import client
from karbor.osc import common

PERIODS = ('hourly', 'daily', 'weekly', 'monthly', 'yearly')
_COLUMNS = {'id': 'ID', 'created_at': 'Created At', 'status': 'Status',
            'action': 'Action', 'reason': 'Reason'}
# options of a rule, as a definition calls them
_RULE = ('max_backups', 'retention_duration', 'max_age', 'keep', 'timezone')


class SimulateRetention(command.Lister):
    """Show which checkpoints would be removed, and why; none is removed"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        common.add_operation(
            parser, nargs='?',
            more='; with a rule, as if that were its own')
        parser.add_argument('--plan', metavar='<plan>',
                            help='Plan (name or ID); the rule is one that no '
                                 'scheduled operation has')
        parser.add_argument('--provider', metavar='<provider>',
                            help="Where the plan's checkpoints are (name or "
                                 "ID; default: the plan's)")
        parser.add_argument('--max-backups', metavar='<number>', type=int,
                            help='Keep so many; -1: all')
        parser.add_argument('--retention-duration', metavar='<days>',
                            type=int, help='Keep them so long; -1: for ever')
        parser.add_argument('--max-age', metavar='<seconds>', type=int,
                            help='Keep them so long')
        parser.add_argument('--keep', metavar='<period>=<number>',
                            action='append', type=_period,
                            help='Keep the last one of each of so many '
                                 f'periods: {", ".join(PERIODS)} (repeat it '
                                 'for several)')
        parser.add_argument('--timezone', metavar='<name>',
                            help='By whose clock periods begin, for example '
                                 'Europe/Berlin')
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        karbor = common.client_of(self)
        rule = common.given(parsed_args, *_RULE)
        if 'keep' in rule:
            rule['keep'] = dict(rule['keep'])
        if parsed_args.scheduled_operation is None:
            answer = _of_plan(karbor, rule, parsed_args)
        elif parsed_args.plan or parsed_args.provider:
            raise exceptions.CommandError(
                'Name a scheduled operation, or a plan with --plan, not '
                'both.')
        elif rule:
            answer = _of_change(karbor, rule, parsed_args)
        else:
            answer = karbor.get(
                f'{common.path_of(karbor, parsed_args)}/retention')
        simulated = answer['retention']
        # why nothing is removed for now, for example
        if simulated.get('reason'):
            self.log.warning(simulated['reason'])
        return common.rows(_COLUMNS, simulated['checkpoints'])


def _of_plan(karbor: client.Client, rule: dict[str, Any],
             parsed_args: argparse.Namespace) -> client.Answer:
    """A rule that no operation has."""
    if parsed_args.plan is None:
        raise exceptions.CommandError(
            'Name a scheduled operation, or a plan with --plan.')
    if parsed_args.provider is not None:
        rule['provider_id'] = karbor.find('provider', parsed_args.provider)
    plan = karbor.find('plan', parsed_args.plan)
    return karbor.post(f'plans/{plan}/retention', {'retention': rule})


def _of_change(karbor: client.Client, rule: dict[str, Any],
               parsed_args: argparse.Namespace) -> client.Answer:
    """A rule that an operation would have in place of its own."""
    operation = karbor.get(common.path_of(karbor, parsed_args))[
        'scheduled_operation']
    definition = operation['operation_definition']
    return karbor.post(f'plans/{definition["plan_id"]}/retention', {
        'retention': {**rule, 'provider_id': definition['provider_id'],
                      'instead_of': operation['id']}})


def _period(text: str) -> tuple[str, int]:
    name, _mark, number = text.partition('=')
    if name not in PERIODS:
        raise argparse.ArgumentTypeError(
            f'expected one of {", ".join(PERIODS)} with a number, like '
            'daily=7')
    return name, common.positive(number)
