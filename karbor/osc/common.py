# SPDX-License-Identifier: Apache-2.0
"""What the commands have in common."""

import argparse
from typing import Any

from osc_lib.cli import format_columns
from osc_lib.command import command

from karbor.osc import client


def client_of(running: command.Command) -> client.Client:
    """The client of a command that runs."""
    # made by `plugin.make_client` when it is asked for
    manager: Any = running.app.client_manager
    found: client.Client = manager.karbor
    return found


def add_operation(parser: argparse.ArgumentParser, nargs: str | None = None,
                  more: str = '') -> None:
    """Let a command be about a scheduled operation.

    :param more: of the help
    """
    parser.add_argument('scheduled_operation', nargs=nargs,
                        metavar='<scheduled-operation>',
                        help=f'Scheduled operation (name or ID){more}')


def path_of(karbor: client.Client, parsed_args: argparse.Namespace) -> str:
    """Where the scheduled operation of `add_operation` is."""
    id_ = karbor.find('scheduled operation', parsed_args.scheduled_operation)
    return f'scheduled_operations/{id_}'


def positive(text: str) -> int:
    """A number of one or more, as an option has it."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError('expected 1 or more')
    return number


def shown(thing: client.Answer) -> tuple[tuple[str, ...], tuple[Any, ...]]:
    """A thing that is shown alone: its fields and their values."""
    return tuple(thing), tuple(
        format_columns.DictColumn(value) if isinstance(value, dict) else value
        for value in thing.values())


def rows(columns: dict[str, str], items: Any,
         ) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
    """A list: some fields of each item, by their titles."""
    return tuple(columns.values()), [
        tuple(item[name] for name in columns) for item in items]
