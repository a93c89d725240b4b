# SPDX-License-Identifier: Apache-2.0
"""Parameters of plugins, as options have them."""

import argparse
import json
import re
from typing import Any

Parameters = dict[str, dict[str, Any]]
_INTEGER = re.compile(r'-?(0|[1-9]\d{0,17})')


def add(parser: argparse.ArgumentParser) -> None:
    """Let a command have parameters; `of` finds them."""
    either = parser.add_mutually_exclusive_group()
    either.add_argument(
        '--parameters', action='append', type=_some, default=[],
        metavar='resource_type=<type>[,resource_id=<id>],<key>=<value>,...',
        help='Parameters of a resource type, or of one resource (repeat it '
             'for several); true, false and whole numbers are such, all '
             'other values are text')
    either.add_argument(
        '--parameters-json', metavar='<json>', type=from_json,
        help='All parameters as JSON: an object of objects by TYPE or '
             'TYPE#ID')


def of(parsed_args: argparse.Namespace) -> Any:
    """What a user has given; the service says whether it can be."""
    if parsed_args.parameters_json is not None:
        return parsed_args.parameters_json
    found: Parameters = {}
    for key, values in parsed_args.parameters:
        found.setdefault(key, {}).update(values)
    return found


def from_json(text: str) -> Any:
    """What a text of JSON says.

    :raises argparse.ArgumentTypeError: it is none
    """
    try:
        return json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise argparse.ArgumentTypeError(
            f'expected JSON: {error}') from error


def _refuse(name: str) -> None:
    raise ValueError(f'{name} is no number of JSON')


def _some(text: str) -> tuple[str, dict[str, Any]]:
    values = {}
    for pair in text.split(','):
        key, mark, value = pair.partition('=')
        if not mark or not key:
            raise argparse.ArgumentTypeError(
                f'expected <key>=<value>, not {pair!r}')
        values[key] = value
    type_ = values.pop('resource_type', '')
    id_ = values.pop('resource_id', None)
    if not type_:
        raise argparse.ArgumentTypeError('expected a resource_type')
    return (type_ if id_ is None else f'{type_}#{id_}',
            {key: _value(value) for key, value in values.items()})


def _value(text: str) -> Any:
    if text in ('true', 'false') or _INTEGER.fullmatch(text):
        return json.loads(text)
    return text
