# SPDX-License-Identifier: Apache-2.0
"""``openstack data protection restore ...``."""

import argparse
from typing import Any

from osc_lib import exceptions
from osc_lib.command import command

from karbor.osc import client
from karbor.osc import common


class UndoRestore(command.ShowOne):
    """Remove what a restore has made that failed or was cancelled"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument('restore', metavar='<restore>',
                            help='Restore (ID)')
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        if not client.is_id(parsed_args.restore):
            raise exceptions.CommandError(
                f"No restore with an ID of '{parsed_args.restore}' exists.")
        return common.shown(common.client_of(self).post(
            f'restores/{parsed_args.restore}/undo')['operation'])
