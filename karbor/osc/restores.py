# SPDX-License-Identifier: Apache-2.0
"""``openstack data protection restore ...``."""

import argparse
from typing import Any

from karbor.osc import common
from karbor.osc import progress


class UndoRestore(progress.Watcher):
    """Remove what a restore has made that failed or was cancelled"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument('restore', metavar='<restore>',
                            help='Restore (ID)')
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        id_ = common.id_of('restore', parsed_args.restore)
        begun = common.client_of(self).post(f'restores/{id_}/undo')[
            'operation']
        return common.shown(self.wait(begun['id']) if parsed_args.wait
                            else begun)
