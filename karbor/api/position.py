# SPDX-License-Identifier: Apache-2.0
"""The parameter ``position`` of links to a next page.

The link names the last row of its page, and tells in this parameter what
that row was sorted by. So the next page begins behind the place where the
row was seen, though it may have been changed or deleted since. For a client
it is text without a meaning. It is not signed: all that one who makes it up
can do is begin in the middle of a list that is his to read.
"""

import base64
from collections.abc import Mapping
import datetime
import json
import re
from typing import Any

from karbor import exception
from karbor.api.request import MAX_INTEGER
from karbor.api.schemas.method import MAX_POSITION
from karbor.i18n import _
from karbor.model.query import ListQuery

# what a row cannot hold: PostgreSQL takes no NUL, no driver half a character
_STRANGE = re.compile('[\x00\ud800-\udfff]')


def write(row: Any, query: ListQuery) -> str:
    """The parameter for the page behind a row.

    :param row: model object of a list that the database sorts, or a dict of
        one that is in memory
    """
    values = in_memory(row) if isinstance(row, Mapping) else {
        key: _plain(getattr(row, key))
        for key, _direction in query.order() if key != 'id'}
    text = json.dumps(values, ensure_ascii=False, separators=(',', ':'))
    return base64.urlsafe_b64encode(text.encode()).rstrip(b'=').decode()


def in_memory(item: Mapping[str, Any]) -> dict[str, Any]:
    """What items of lists that are in memory are sorted by, before the id."""
    return {'name': item['name'] or ''}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.UTC).isoformat()
    return value


def read(text: str) -> dict[str, Any]:
    """Values by key, each None, a text or an integer.

    :raises exception.Invalid: it is none that a link could hold
    """
    try:
        if len(text) > MAX_POSITION:
            raise ValueError('too long')
        values = json.loads(base64.b64decode(
            text.encode('ascii') + b'=' * (-len(text) % 4), b'-_',
            validate=True).decode())
        if not isinstance(values, dict) or not all(
                map(_is_value, values.values())):
            raise ValueError('not values')
    except (ValueError, RecursionError) as error:
        raise exception.Invalid(field='position', reason=_(
            'expected what a link to a next page has')) from error
    return values


def _is_value(value: Any) -> bool:
    if isinstance(value, str):
        return _STRANGE.search(value) is None
    # not isinstance: True is no number here
    return value is None or (type(value) is int
                             and abs(value) <= MAX_INTEGER)
