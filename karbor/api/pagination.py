# SPDX-License-Identifier: Apache-2.0
"""Lists: which page a query asks for, and where the next one is."""

from collections.abc import Mapping, Sequence
from typing import Any
import urllib.parse

from oslo_utils import strutils

from karbor import exception
from karbor.api.request import MAX_INTEGER
from karbor.api.request import Request
from karbor.i18n import _
from karbor.model.query import ListQuery

DIRECTIONS = ('asc', 'desc')
SORT_KEYS = ('id', 'status', 'created_at')


def list_query(request: Request, *, filters: Sequence[str] = (),
               admin_filters: Sequence[str] = (),
               sort_keys: Sequence[str] = SORT_KEYS) -> ListQuery:
    """The page that the URL asks for.

    :param filters: parameters that everybody may filter by; all that are
        not known are left out in silence, as the contract wants it
    :param admin_filters: those that an administrator has beside them
    :param sort_keys: columns that a list may be sorted by
    :raises exception.Invalid: names the parameter
    """
    query = request.query
    is_admin = bool(request.caller.is_admin)
    known = {*filters, *admin_filters} if is_admin else {*filters}
    return ListQuery(
        limit=_limit(request), marker=query.get('marker') or None,
        offset=_offset(query), sort=_sort(query, sort_keys),
        filters={key: None if value == 'None' else value
                 for key, value in query.items() if key in known},
        # others may ask, and get what is theirs
        all_projects=is_admin and _all_tenants(query))


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


def _sort(query: Mapping[str, str],
          keys: Sequence[str]) -> tuple[tuple[str, str], ...]:
    text = query.get('sort')
    if text and ('sort_key' in query or 'sort_dir' in query):
        raise exception.Invalid(field='sort', reason=_(
            'it cannot be used together with sort_key or sort_dir'))
    if not text:
        return (_sort_by(query.get('sort_key') or 'created_at',
                         query.get('sort_dir'), keys),)
    pairs = (part.strip().partition(':') for part in text.split(',') if part)
    return tuple(_sort_by(key, direction, keys)
                 for key, _colon, direction in pairs)


def _sort_by(key: str, direction: str | None,
             keys: Sequence[str]) -> tuple[str, str]:
    if key not in keys:
        raise exception.Invalid(field='sort', reason=_(
            'expected a key of %(keys)s, not %(key)s')
            % {'keys': ', '.join(keys), 'key': key})
    direction = direction or 'desc'
    if direction not in DIRECTIONS:
        raise exception.Invalid(field='sort', reason=_(
            'expected a direction of asc, desc, not %s') % direction)
    return key, direction


def _all_tenants(query: Mapping[str, str]) -> bool:
    try:
        return strutils.bool_from_string(query.get('all_tenants', 'no'),
                                         strict=True)
    except ValueError:
        raise exception.Invalid(field='all_tenants', reason=_(
            'expected one of 1, true, yes, y, 0, false, no, n')) from None


def page(items: Sequence[Mapping[str, Any]],
         query: ListQuery) -> list[Mapping[str, Any]]:
    """The page of a list that is in memory; its order stays.

    :raises exception.MarkerNotFound: no item has the marker's id
    """
    begin = 0
    if query.marker is not None:
        ids = [item['id'] for item in items]
        if query.marker not in ids:
            raise exception.MarkerNotFound(marker=query.marker)
        begin = ids.index(query.marker) + 1
    begin += query.offset
    end = None if query.limit is None else begin + query.limit
    return list(items[begin:end])


def body(request: Request, collection: str, views: list[dict[str, Any]],
         query: ListQuery) -> dict[str, Any]:
    """The body of a page, with a link to the next if there may be one."""
    result: dict[str, Any] = {collection: views}
    if views and len(views) == query.limit:
        # the marker stands behind what offset left out
        values = {key: value for key, value in request.query.items()
                  if key not in ('marker', 'offset')}
        values['marker'] = views[-1]['id']
        href = (base_url(request) + urllib.parse.quote(request.path_info)
                + '?' + urllib.parse.urlencode(values))
        result[f'{collection}_links'] = [{'rel': 'next', 'href': href}]
    return result


def base_url(request: Request) -> str:
    """Where the user reaches the API, without a slash at the end."""
    configured = request.conf.api.base_url
    return str(configured or request.application_url).rstrip('/')
