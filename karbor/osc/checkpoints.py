# SPDX-License-Identifier: Apache-2.0
"""``openstack data protection checkpoint ...``."""

import argparse
from pathlib import Path
import sys
from typing import Any

from osc_lib import exceptions
from osc_lib.command import command

from karbor.osc import client
from karbor.osc import common
from karbor.osc import parameters
from karbor.osc import progress

_DAMAGED = {'id': 'ID', 'plan_id': 'Plan ID', 'created_at': 'Created At',
            'found_at': 'Found At', 'operation_id': 'Operation ID',
            'reason': 'Reason'}


def _add_ids(parser: argparse.ArgumentParser) -> None:
    common.add_provider(parser)
    parser.add_argument('checkpoint', metavar='<checkpoint>',
                        help='Checkpoint (ID)')


def _ids(karbor: client.Client,
         parsed_args: argparse.Namespace) -> dict[str, str]:
    """Of what `_add_ids` has added, by the names in bodies."""
    return {'checkpoint_id': common.id_of('checkpoint',
                                          parsed_args.checkpoint),
            'provider_id': karbor.find('provider', parsed_args.provider)}


class InspectCheckpoint(command.ShowOne):
    """Show all of a checkpoint: its damage and what it lacks, too"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        _add_ids(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        karbor = common.client_of(self)
        ids = _ids(karbor, parsed_args)
        return common.shown(karbor.get(
            f'providers/{ids["provider_id"]}/checkpoints/'
            f'{ids["checkpoint_id"]}')['checkpoint'])


class ListDamage(command.Lister):
    """List the checkpoints that are known to be damaged, and why"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        common.add_provider(parser)
        parser.add_argument('--plan', metavar='<plan>',
                            help='Only checkpoints of this plan (name or ID)')
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        karbor = common.client_of(self)
        provider = karbor.find('provider', parsed_args.provider)
        plan = parsed_args.plan and karbor.find('plan', parsed_args.plan)
        found = karbor.pages(f'providers/{provider}/checkpoints',
                             'checkpoints', {'plan_id': plan})
        return common.rows(_DAMAGED, (
            {**checkpoint, **checkpoint['damage']} for checkpoint in found
            if checkpoint['damage']))


class _Use(progress.Watcher):
    """Begins an operation that needs a checkpoint"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        _add_ids(parser)
        parameters.add(parser)
        return parser

    def body(self, parsed_args: argparse.Namespace) -> client.Answer:
        """What all of them are asked for."""
        return {**_ids(common.client_of(self), parsed_args),
                'parameters': parameters.of(parsed_args)}

    def begin(self, path: str, noun: str, body: client.Answer,
              parsed_args: argparse.Namespace, secret: bool = False) -> Any:
        """Ask for it; shows what was begun, or how it has ended.

        :param secret: the body has something that is not to be logged
        """
        made = common.client_of(self).post(path, {noun: body},
                                           secret=secret)[noun]
        if parsed_args.wait:
            # a restore and a verification have the id of their operation
            made = self.wait(made.get('operation_id') or made['id'])
        return common.shown(made)


def _add_force(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('--force', action='store_true', default=None,
                        help='Also if the checkpoint is known to be damaged')


class RestoreCheckpoint(_Use):
    """Restore a checkpoint"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument('--target', metavar='<url>',
                            dest='restore_target',
                            help='Into another cloud, if the provider can: '
                                 'where its Keystone is')
        parser.add_argument('--auth', metavar='<file>',
                            help='JSON of how to log in there; -: standard '
                                 'input')
        _add_force(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        body = {**self.body(parsed_args), **common.given(
            parsed_args, 'restore_target', 'force')}
        if parsed_args.auth is not None:
            # not before: what was parsed is logged
            body['restore_auth'] = _auth(parsed_args.auth)
        return self.begin('restores', 'restore', body, parsed_args,
                          secret='restore_auth' in body)


class VerifyCheckpoint(_Use):
    """Prove that a checkpoint is what was protected"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument('--subset', metavar='<number>/<of>', type=_subset,
                            help='Only a part of the resources, like 1/7; '
                                 'parts 1/7 to 7/7 have each of them once')
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        return self.begin(
            'verifications', 'verification', {
                **self.body(parsed_args),
                **common.given(parsed_args, 'subset')}, parsed_args)


class CopyCheckpoint(_Use):
    """Make a copy of a checkpoint"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument('--to', metavar='<provider>',
                            help='Provider that gets the copy (name or ID; '
                                 'default: the same)')
        _add_force(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        body = {**self.body(parsed_args), **common.given(
            parsed_args, 'force')}
        # that of the path has the checkpoint, that of the body gets the copy
        path = f'providers/{body["provider_id"]}/checkpoints/action'
        if parsed_args.to is not None:
            body['provider_id'] = common.client_of(self).find(
                'provider', parsed_args.to)
        return self.begin(path, 'copy', body, parsed_args)


def _subset(text: str) -> dict[str, int]:
    number, _mark, of = text.partition('/')
    try:
        return {'number': int(number), 'of': int(of)}
    except ValueError:
        raise argparse.ArgumentTypeError(
            f'expected a part like 1/7, not {text!r}') from None


def _auth(name: str) -> dict[str, Any]:
    """What a file says; it is in no message.

    :raises exceptions.CommandError: it cannot be read, or is no object
    """
    try:
        text = sys.stdin.read() if name == '-' else Path(name).read_text()
        found = parameters.from_json(text)
    except (OSError, UnicodeDecodeError, argparse.ArgumentTypeError) as error:
        raise exceptions.CommandError(f'--auth {name}: {error}') from error
    if not isinstance(found, dict):
        # the service would quote it
        raise exceptions.CommandError(f'--auth {name}: expected an object')
    return found
