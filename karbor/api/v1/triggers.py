# SPDX-License-Identifier: Apache-2.0
"""``/triggers``."""

from collections.abc import Mapping
import datetime
from typing import Any

from microversion_parse import Version

from karbor import exception
from karbor.actions import triggers as actions
from karbor.api import base
from karbor.api import pagination
from karbor.api.request import check_uuid
from karbor.api.request import Request
from karbor.api.schemas.method import V1_1
from karbor.api.views import triggers as views
from karbor.i18n import _
from karbor.model.trigger import from_text


class Triggers:
    """When scheduled operations are to run."""

    @base.handler
    def index(self, request: Request, response: base.Response) -> Any:
        query = pagination.list_query(request)
        found = actions.list_(request.caller, query)
        return pagination.body(request, 'triggers',
                               [views.show(trigger, request.version)
                                for trigger in found], query, found)

    @base.handler
    def show(self, request: Request, response: base.Response,
             trigger_id: str) -> Any:
        check_uuid('trigger', trigger_id)
        return {'trigger_info': views.show(
            actions.get(request.caller, trigger_id), request.version)}

    @base.handler
    def create(self, request: Request, response: base.Response) -> Any:
        wanted = request.wanted()
        trigger = actions.create(
            request.caller, name=wanted['name'], type_=wanted['type'],
            properties=_properties(wanted['properties'], request.version))
        base.created(request, response, trigger.id)
        return {'trigger_info': views.show(trigger, request.version)}

    @base.handler
    def update(self, request: Request, response: base.Response,
               trigger_id: str) -> Any:
        check_uuid('trigger', trigger_id)
        changes = request.wanted()
        if 'properties' in changes:
            changes['properties'] = _properties(changes['properties'],
                                                request.version)
        trigger = actions.update(request.caller, trigger_id, changes)
        return {'trigger_info': views.show(trigger, request.version)}

    @base.handler
    def delete(self, request: Request, response: base.Response,
               trigger_id: str) -> Any:
        check_uuid('trigger', trigger_id)
        actions.delete(request.caller, trigger_id)
        return base.empty(response)


def _properties(wanted: Mapping[str, Any],
                version: Version) -> dict[str, Any]:
    """The properties with moments in place of their texts."""
    return {**wanted, **{
        name: _moment(name, wanted[name], version)
        for name in ('start_time', 'end_time')
        if wanted.get(name) is not None}}


def _moment(name: str, text: str, version: Version) -> datetime.datetime:
    try:
        if version < V1_1:
            return from_text(text)
        moment = datetime.datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=datetime.UTC)
        return moment.astimezone(datetime.UTC).replace(microsecond=0)
    except (ValueError, OverflowError):
        raise exception.Invalid(field=f'properties.{name}', reason=_(
            'there is no such time as %s') % text) from None
