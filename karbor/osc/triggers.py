# SPDX-License-Identifier: Apache-2.0
"""``openstack data protection trigger ...``."""

import argparse
from typing import Any

from osc_lib.command import command

from karbor.osc import common

_COLUMNS = {'time': 'Time', 'local_time': 'Local Time'}


class PreviewTrigger(command.Lister):
    """Show when a trigger would fire; none is created"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument('format', metavar='<format>',
                            help='How the pattern is written, for example '
                                 'crontab or calendar')
        parser.add_argument('pattern', metavar='<pattern>',
                            help='When it fires')
        parser.add_argument('--timezone', metavar='<name>',
                            help='By whose clock, for example Europe/Berlin '
                                 '(default: UTC)')
        parser.add_argument('--start', metavar='<time>',
                            help='Not before, for example '
                                 '2026-11-22T18:20:00Z (default: now)')
        parser.add_argument('--end', metavar='<time>', help='Not after')
        parser.add_argument('--count', metavar='<number>',
                            type=common.positive,
                            help='How many times to show (default: 3)')
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        properties = {name: value for name, value in (
            ('format', parsed_args.format), ('pattern', parsed_args.pattern),
            ('timezone', parsed_args.timezone),
            ('start_time', parsed_args.start),
            ('end_time', parsed_args.end)) if value is not None}
        answer = common.client_of(self).post(
            'triggers/preview',
            {'trigger_info': {'type': 'time', 'properties': properties}},
            {'count': parsed_args.count})
        return common.rows(_COLUMNS, answer['preview']['times'])


class RenewSecret(command.ShowOne):
    """Give the webhook of a trigger another secret, and show it once"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument('trigger', metavar='<trigger>',
                            help='Trigger (name or ID)')
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        karbor = common.client_of(self)
        id_ = karbor.find('trigger', parsed_args.trigger)
        return common.shown(karbor.post(f'triggers/{id_}/secret')['webhook'])
