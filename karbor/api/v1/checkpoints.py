# SPDX-License-Identifier: Apache-2.0
"""``/providers/{provider_id}/checkpoints``."""

from collections.abc import Mapping
import dataclasses
import datetime
from typing import Any

from karbor import exception
from karbor.actions import checkpoints as actions
from karbor.actions import providers
from karbor.api import base
from karbor.api import pagination
from karbor.api.request import check_uuid
from karbor.api.request import Request
from karbor.api.schemas.method import V1_1
from karbor.api.schemas.method import V1_2
from karbor.api.views import checkpoints as views
from karbor.i18n import _
from karbor.model.query import ListQuery


class Checkpoints:
    """States of an application that a provider's bank keeps."""

    @base.handler
    def index(self, request: Request, response: base.Response,
              provider_id: str) -> Any:
        check_uuid('provider', provider_id)
        query = _named(pagination.list_query(request))
        found = actions.list_(
            request.caller, provider_id, query,
            begin=_day(request.query, 'start_date'),
            end=_day(request.query, 'end_date', after=1))
        if not found:
            _check_provider(request, provider_id)
        return pagination.body(
            request, 'checkpoints',
            [views.show(checkpoint, request.version)
             for checkpoint in found], query, found)

    @base.handler
    def show(self, request: Request, response: base.Response,
             provider_id: str, checkpoint_id: str) -> Any:
        _check_ids(provider_id, checkpoint_id)
        checkpoint = actions.get(request.caller, provider_id, checkpoint_id)
        if request.version < V1_1:
            return {'checkpoint': views.show(checkpoint, request.version)}
        return {'checkpoint': views.detail(
            checkpoint, request.version,
            actions.maker(request.caller, checkpoint))}

    @base.handler
    def create(self, request: Request, response: base.Response,
               provider_id: str) -> Any:
        check_uuid('provider', provider_id)
        wanted = request.wanted()
        checkpoint = actions.create(
            request.caller, provider_id, wanted['plan_id'],
            extra_info=_extra_info(wanted))
        base.created(request, response, checkpoint.id)
        return {'checkpoint': views.show(checkpoint, request.version)}

    @base.handler
    def delete(self, request: Request, response: base.Response,
               provider_id: str, checkpoint_id: str) -> Any:
        _check_ids(provider_id, checkpoint_id)
        actions.delete(request.caller, provider_id, checkpoint_id,
                       cancel=request.version >= V1_2)
        return _nothing(request, response)

    @base.handler
    def update(self, request: Request, response: base.Response,
               provider_id: str, checkpoint_id: str) -> Any:
        _check_ids(provider_id, checkpoint_id)
        wanted = request.wanted()
        actions.reset_state(request.caller, provider_id, checkpoint_id,
                            wanted['state'])
        return _nothing(request, response)


def _nothing(request: Request, response: base.Response) -> Any:
    return {} if request.version < V1_1 else base.empty(response)


def _extra_info(wanted: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """From 1.1 on it may be spelled as it is shown."""
    if 'extra_info' in wanted and 'extra-info' in wanted:
        raise exception.Invalid(field='checkpoint.extra_info', reason=_(
            'expected extra_info or extra-info, not both'))
    return wanted.get('extra_info', wanted.get('extra-info'))


def _named(query: ListQuery) -> ListQuery:
    """The query of a client that sorts checkpoints by name.

    They have none, but v1 has it among the keys of all lists.
    """
    sort: dict[str, str] = {}
    for key, direction in query.sort:
        sort.setdefault('created_at' if key == 'name' else key, direction)
    return dataclasses.replace(query, sort=tuple(sort.items()))


def _check_ids(provider_id: str, checkpoint_id: str) -> None:
    check_uuid('provider', provider_id)
    check_uuid('checkpoint', checkpoint_id)


def _check_provider(request: Request, provider_id: str) -> None:
    """Tell a provider without checkpoints from a mistyped one.

    The list itself needs no other service, so it also stands without an
    answer about the provider.
    """
    try:
        providers.find(request.caller, provider_id)
    except (exception.NoAnswer, exception.BusAway):
        return


def _day(query: Mapping[str, str], name: str,
         after: int = 0) -> datetime.datetime | None:
    """The first moment of a day, in UTC.

    :param after: of the day so many days later
    """
    text = query.get(name)
    if text is None:
        return None
    try:
        day = datetime.datetime.strptime(text, '%Y-%m-%d')
        return (day.replace(tzinfo=datetime.UTC)
                + datetime.timedelta(days=after))
    except OverflowError:
        # nothing comes after the last day that there is
        return None
    except ValueError:
        raise exception.Invalid(field=name, reason=_(
            'expected a day like 2026-11-22, not %s') % text) from None
