# SPDX-License-Identifier: Apache-2.0
"""What the commands have in common."""

import argparse
import json
from typing import Any

from cliff import columns
from osc_lib import exceptions
from osc_lib import utils
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


def add_plan(parser: argparse.ArgumentParser) -> None:
    """Let a command be about a plan."""
    parser.add_argument('plan', metavar='<plan>', help='Plan (name or ID)')


def add_provider(parser: argparse.ArgumentParser) -> None:
    """Let a command be about what a provider has."""
    parser.add_argument('provider', metavar='<provider>',
                        help='Provider (name or ID)')


def add_names(parser: argparse.ArgumentParser) -> None:
    """Let a command change what a thing is called."""
    parser.add_argument('--name', metavar='<name>', help='New name')
    parser.add_argument('--description', metavar='<description>',
                        help='New description')


def add_limit(parser: argparse.ArgumentParser) -> None:
    """Let a command show a part of a list."""
    parser.add_argument('--limit', metavar='<number>', type=positive,
                        help='So many at most')


def id_of(noun: str, text: str) -> str:
    """The id of what has no name, as a path has it.

    :raises exceptions.CommandError: it is none
    """
    if not client.is_id(text):
        raise exceptions.CommandError(
            f"No {noun} with an ID of '{text}' exists.")
    return text


def positive(text: str) -> int:
    """A number of one or more, as an option has it."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError('expected 1 or more')
    return number


def given(parsed_args: argparse.Namespace, *names: str) -> dict[str, Any]:
    """Those options that a user has given."""
    return {name: value for name in names
            if (value := getattr(parsed_args, name)) is not None}


def check_changes(changes: dict[str, Any]) -> dict[str, Any]:
    """Refuse to change nothing.

    :raises exceptions.CommandError: there is nothing in it
    """
    if not changes:
        raise exceptions.CommandError('There is nothing to change.')
    return changes


class Field(columns.FormattableColumn):
    """A value that is more than a word: programs get it as it is."""

    def human_readable(self) -> str:
        value = self._value
        if isinstance(value, dict):
            return utils.format_dict(value)
        if value and all(isinstance(item, dict) for item in value):
            return _table(value)
        return json.dumps(value, ensure_ascii=False)


def shown(thing: client.Answer) -> tuple[tuple[str, ...], tuple[Any, ...]]:
    """A thing that is shown alone: its fields and their values."""
    return tuple(thing), tuple(map(_field, thing.values()))


def rows(titles: dict[str, str], items: Any,
         ) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
    """A list: some fields of each item, by their titles."""
    return tuple(titles.values()), [
        tuple(_field(item[name]) for name in titles) for item in items]


def _field(value: Any) -> Any:
    return Field(value) if isinstance(value, dict | list) else value


def _table(items: list[dict[str, Any]]) -> str:
    """Things with the same fields, below each other; empty ones lack."""
    names = [name for name in items[0] if any(
        item.get(name) not in (None, '') for item in items)]
    # a field of several lines would spoil the lines of the others
    lines = [names, *([' '.join(str(item.get(name, '')).split())
                       for name in names] for item in items)]
    widths = [max(map(len, cells)) for cells in zip(*lines, strict=True)]
    return '\n'.join('  '.join(map(str.ljust, line, widths)).rstrip()
                     for line in lines)
