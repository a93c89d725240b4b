# SPDX-License-Identifier: Apache-2.0
"""Lists: which page a query asks for, and where the next one is."""

import bisect
from collections.abc import Collection, Mapping, Sequence
import dataclasses
from typing import Any
import urllib.parse

from oslo_utils import strutils

from karbor import exception
from karbor.api import base
from karbor.api import position
from karbor.api.request import MAX_INTEGER
from karbor.api.request import Request
from karbor.api.schemas.method import DIRECTIONS
from karbor.api.schemas.method import Query
from karbor.api.schemas.method import V1_1
from karbor.i18n import _
from karbor.model.query import ListQuery


def list_query(request: Request) -> ListQuery:
    """The page that the URL asks for, of what the method's form offers.

    Filters that are not known, or not for everybody, are left out in silence
    at 1.0, as the contract wants it, and refused from 1.1 on. There all but
    the project are for everybody.

    :raises exception.Invalid: names the parameter
    """
    query, offered = request.query, request.form.query
    assert offered is not None  # noqa: S101 - a list has one
    is_admin = bool(request.caller.is_admin)
    known = {*offered.filters, *offered.admin_filters}
    if not is_admin and request.version >= V1_1:
        # whatever else one looks for is found only within the own project
        reserved = {*offered.admin_filters} & {'project_id'}
        _refuse(query, reserved)
        known -= reserved
    elif not is_admin:
        known = {*offered.filters}
    return ListQuery(
        limit=_limit(request), marker=query.get('marker') or None,
        position=_position(query), offset=_offset(query),
        sort=_sort(query, offered, strict=request.version >= V1_1),
        by=offered.by,
        filters={key: None if value == 'None' else value
                 for key, value in query.items() if key in known},
        # others may ask, and get what is theirs
        all_projects=is_admin and _all_tenants(query))


def query_and_status(request: Request) -> tuple[ListQuery, str | None]:
    """`list_query` without a filter for the status, and that filter.

    For lists whose status is a word of the contract, not of the column.
    """
    query = list_query(request)
    filters = {key: value for key, value in query.filters.items()
               if key != 'status'}
    return (dataclasses.replace(query, filters=filters),
            # as it was sent: no word of the contract stands for no value
            request.query.get('status'))


def _refuse(query: Mapping[str, str], filters: Collection[str]) -> None:
    for name in query:
        if name in filters:
            raise exception.Invalid(field=name, reason=_(
                'only an administrator may filter by it'))


def _limit(request: Request) -> int:
    most = int(request.conf.api.max_limit)
    text = request.query.get('limit')
    if text is None:
        return most
    value = _integer('limit', text)
    if value <= 0:
        raise exception.Invalid(field='limit', reason=_(
            'limit param must be positive'))
    return min(value, most)


def _position(query: Mapping[str, str]) -> dict[str, Any] | None:
    text = query.get('position')
    if text is None:
        return None
    if not query.get('marker'):
        raise exception.Invalid(field='position', reason=_(
            'it cannot be used without marker'))
    return position.read(text)


def _offset(query: Mapping[str, str]) -> int:
    value = _integer('offset', query.get('offset', '0'))
    if not 0 <= value <= MAX_INTEGER:
        raise exception.Invalid(field='offset', reason=_(
            'offset must be >= 0 and below 2 ** 63'))
    return value


def _integer(name: str, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise exception.Invalid(field=name, reason=_(
            '%s param must be an integer') % name) from None


def _sort(query: Mapping[str, str], offered: Query,
          strict: bool) -> tuple[tuple[str, str], ...]:
    keys = offered.sort_keys
    if not keys:
        # the order of such a list is its own
        return ()
    text = query.get('sort')
    if text and ('sort_key' in query or 'sort_dir' in query):
        raise exception.Invalid(field='sort', reason=_(
            'it cannot be used together with sort_key or sort_dir'))
    if text is None or not (text or strict):
        key = query.get('sort_key') or offered.by
        _check_key('sort_key', key, keys)
        return ((key, _direction('sort_dir', query.get('sort_dir'))),)
    # at 1.0 blanks and commas too many are left out
    parts = (text.split(',') if strict
             else [part.strip() for part in text.split(',') if part])
    pairs = []
    for part in parts:
        key, _colon, direction = part.partition(':')
        _check_key('sort', key, keys)
        pairs.append((key, _direction('sort', direction)))
    return tuple(pairs)


def _check_key(name: str, key: str, keys: Sequence[str]) -> None:
    if key not in keys:
        raise exception.Invalid(field=name, reason=_(
            'expected a key of %(keys)s, not %(key)s')
            % {'keys': ', '.join(keys), 'key': key})


def _direction(name: str, text: str | None) -> str:
    direction = text or 'desc'
    if direction not in DIRECTIONS:
        raise exception.Invalid(field=name, reason=_(
            'expected a direction of asc, desc, not %s') % direction)
    return direction


def _all_tenants(query: Mapping[str, str]) -> bool:
    try:
        return strutils.bool_from_string(query.get('all_tenants', 'no'),
                                         strict=True)
    except ValueError:
        raise exception.Invalid(field='all_tenants', reason=_(
            'expected one of 1, true, yes, y, 0, false, no, n')) from None


def page(items: Sequence[Mapping[str, Any]],
         query: ListQuery) -> list[Mapping[str, Any]]:
    """The page of a list that is in memory, in the order of names and ids.

    :raises exception.MarkerNotFound: no item has the marker's id, and the
        query does not know where it was
    :raises exception.Invalid: the query's position is not of this list
    """
    def key(item: Mapping[str, Any]) -> tuple[str, str]:
        return position.in_memory(item)['name'], item['id']

    items = sorted(items, key=key)
    begin = 0
    if query.marker is not None:
        begin = bisect.bisect_right(items, _place(items, query), key=key)
    begin += query.offset
    end = None if query.limit is None else begin + query.limit
    return items[begin:end]


def _place(items: Sequence[Mapping[str, Any]],
           query: ListQuery) -> tuple[str, str]:
    """Name and id of the marker's item, as they are or were."""
    values = query.position
    if values is None:
        values = next((position.in_memory(item) for item in items
                       if item['id'] == query.marker), None)
        if values is None:
            raise exception.MarkerNotFound(marker=query.marker)
    if [*values] != ['name'] or not isinstance(values['name'], str):
        raise exception.Invalid(field='position', reason=_(
            'expected a position in a list that is sorted alike'))
    return values['name'], str(query.marker)


def body(request: Request, collection: str, views: list[dict[str, Any]],
         query: ListQuery, rows: Sequence[Any]) -> dict[str, Any]:
    """The body of a page, with a link to the next if there may be one.

    :param rows: what the views show
    """
    result: dict[str, Any] = {collection: views}
    if views and len(views) == query.limit:
        # the marker stands behind what offset left out
        values = {key: value for key, value in request.query.items()
                  if key not in ('marker', 'position', 'offset')}
        values['marker'] = views[-1]['id']
        values['position'] = position.write(rows[-1], query)
        href = (base.base_url(request, request.conf)
                + urllib.parse.quote(request.path_info)
                + '?' + urllib.parse.urlencode(values))
        result[f'{collection}_links'] = [{'rel': 'next', 'href': href}]
    return result
