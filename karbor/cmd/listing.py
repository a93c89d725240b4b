# SPDX-License-Identifier: Apache-2.0
"""Rows for an operator's eye, or for his programs."""

import argparse
from collections.abc import Iterable, Mapping, Sequence
import datetime
import json
from typing import Any

TABLE = 'table'
JSON = 'json'

# name in JSON -> head of the column
Columns = Mapping[str, str]


def add_option(parser: argparse.ArgumentParser) -> None:
    """Let a command be told how to list."""
    parser.add_argument('-f', '--format', choices=(TABLE, JSON),
                        default=TABLE, help='how to list; table by default')


def show(rows: Iterable[Mapping[str, Any]], columns: Columns,
         form: str) -> None:
    """Print rows; those of JSON may have more than the columns."""
    if form == JSON:
        print(json.dumps(list(rows), indent=2, default=_plain))
        return
    _table([tuple(columns.values()), *(
        tuple(_text(row[name]) for name in columns) for row in rows)])


def _table(lines: Sequence[tuple[str, ...]]) -> None:
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        print('  '.join(map(str.ljust, line, widths)).rstrip())


def _plain(value: Any) -> str:
    if isinstance(value, datetime.datetime):
        return value.isoformat()
    raise TypeError(type(value))


def _text(value: Any) -> str:
    if value is None:
        return ''
    if isinstance(value, datetime.datetime):
        return value.isoformat(sep=' ', timespec='seconds')
    return str(value)
