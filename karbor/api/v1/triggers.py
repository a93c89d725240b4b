# SPDX-License-Identifier: Apache-2.0
"""``/triggers``."""

from collections.abc import Mapping
import datetime
from typing import Any

from microversion_parse import Version

from karbor import exception
from karbor.actions import triggers as actions
from karbor.actions import webhooks
from karbor.api import base
from karbor.api import pagination
from karbor.api.request import check_uuid
from karbor.api.request import Request
from karbor.api.schemas.method import V1_1
from karbor.api.schemas.method import V1_2
from karbor.api.schemas.triggers import EVENT_ID
from karbor.api.schemas.triggers import SIGNATURE
from karbor.api.schemas.triggers import TIMESTAMP
from karbor.api.views import triggers as views
from karbor.i18n import _
from karbor.model.trigger import from_text

# how many times a preview shows if nothing is said
TIMES = 3


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
        if wanted['type'] == 'event' and request.version < V1_2:
            raise exception.Invalid(field='type', reason=_(
                'expected time; from 1.2 of the API on, it may be event'))
        trigger = actions.create(
            request.caller, name=wanted['name'], type_=wanted['type'],
            properties=_properties(wanted['properties'], request.version))
        base.created(request, response, trigger.id)
        shown = views.show(trigger, request.version)
        if (secret := webhooks.secret(trigger)) is not None:
            # here, and never again
            shown['secret'] = secret
        return {'trigger_info': shown}

    @base.handler
    def preview(self, request: Request, response: base.Response) -> Any:
        wanted = request.wanted()
        properties, times = actions.preview(
            request.caller, type_=wanted['type'],
            properties=_properties(wanted['properties'], request.version),
            count=int(request.query.get('count', TIMES)))
        return {'preview': views.preview(properties, times, request.version)}

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
    def secret(self, request: Request, response: base.Response,
               trigger_id: str) -> Any:
        check_uuid('trigger', trigger_id)
        return {'webhook': {'trigger_id': trigger_id, 'secret':
                            webhooks.renew_secret(request.caller,
                                                  trigger_id)}}

    @base.handler
    def webhook(self, request: Request, response: base.Response,
                trigger_id: str) -> Any:
        check_uuid('trigger', trigger_id)
        body = request.read_body(webhooks.MOST_BYTES)
        wanted = webhooks.receive(request.project, trigger_id, webhooks.Call(
            timestamp=request.headers.get(TIMESTAMP, ''),
            signature=request.headers.get(SIGNATURE, ''),
            event_id=request.headers.get(EVENT_ID), body=body,
            read=lambda: request.document() if body else {}))
        return {'event': {'wanted': wanted}}

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
