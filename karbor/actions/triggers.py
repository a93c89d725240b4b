# SPDX-License-Identifier: Apache-2.0
"""Use cases of triggers."""

from collections.abc import Mapping
import datetime
from typing import Any
import uuid

from oslo_utils import timeutils

from karbor import exception
from karbor import plugin
from karbor import policy
from karbor.actions import eventsources
from karbor.actions import firing
from karbor.actions import timeformats
from karbor.actions import webhooks
from karbor.conf import CONF
from karbor.context import RequestContext
from karbor.db import triggers as db
from karbor.i18n import _
from karbor.model.query import ListQuery
from karbor.model.trigger import from_text
from karbor.model.trigger import to_text
from karbor.model.trigger import Trigger
from karbor.model.trigger import TYPES
from karbor.model.trigger import UTC

# what no trigger means, and what the searching of times is safe from
YEARS = (1970, 2200)
# what the properties of a time trigger are
OF_TIMES = ('format', 'pattern', 'start_time', 'end_time', 'window',
            'timezone')


def create(context: RequestContext, *, name: str, type_: str,
           properties: Mapping[str, Any]) -> Trigger:
    """Create a trigger.

    Properties of one of events are ``source`` and what that knows beside
    ``window``, ``debounce`` and ``min_interval`` (seconds). Those of a time
    trigger:

    :param properties: ``format`` and ``pattern``, and if they are wanted
        ``start_time`` and ``end_time`` (moments), ``window`` (seconds) and
        ``timezone`` (a name of IANA); without a start it is now
    :raises exception.Invalid: names the property; of a pattern that can be
        read, the next times as well
    """
    policy.authorize(context, 'trigger:create')
    _check_type(type_)
    if type_ == 'event':
        properties = _of_events(properties)
        return db.create(context, Trigger(
            id=str(uuid.uuid4()), project_id=str(context.project_id),
            name=name, type=type_, properties=properties,
            secret_version=webhooks.check_key(properties['source']),
        ), firing.reckon)
    return db.create(context, Trigger(
        id=str(uuid.uuid4()), project_id=str(context.project_id), name=name,
        type=type_, properties=_of_new(properties, _now())),
        firing.reckon)


def preview(context: RequestContext, *, type_: str,
            properties: Mapping[str, Any], count: int,
            ) -> tuple[dict[str, Any], list[datetime.datetime]]:
    """What a trigger would be, and when it would fire first.

    :param properties: as in `create`, and checked likewise
    :param count: so many times at most
    :return: the properties as they would be stored, and times in UTC
    :raises exception.Invalid: names the property
    """
    policy.authorize(context, 'trigger:create')
    if type_ == 'event':
        raise exception.Invalid(field='type', reason=_(
            'a trigger of type event fires when something happens, and '
            'nobody knows when that is; expected time'))
    _check_type(type_)
    now = _now()
    stored = _of_new(properties, now)
    end = stored['end_time']
    return stored, timeformats.next_times(
        stored['format'], stored['pattern'],
        start=from_text(stored['start_time']),
        end=None if end is None else from_text(end), now=now,
        zone=plugin.time_zone(stored['timezone']), count=count)


def get(context: RequestContext, trigger_id: str) -> Trigger:
    """One trigger.

    :raises exception.TriggerNotFound: there is none in the project
    """
    trigger = db.get(context, trigger_id)
    policy.authorize(context, 'trigger:get',
                     {'project_id': trigger.project_id})
    return trigger


def list_(context: RequestContext, query: ListQuery) -> list[Trigger]:
    """A page of triggers."""
    policy.authorize(context, 'trigger:list')
    return db.list_(context, query)


def update(context: RequestContext, trigger_id: str,
           changes: Mapping[str, Any]) -> Trigger:
    """Change the name, or replace the properties.

    :param changes: new values by attribute; properties as in `create`, but
        with a start, and without a time zone it stays
    :raises exception.Invalid: names the property
    """
    trigger = db.get(context, trigger_id)
    policy.authorize(context, 'trigger:update',
                     {'project_id': trigger.project_id})
    if 'properties' in changes and trigger.type == 'event':
        properties = _of_events(changes['properties'])
        if properties['source'] != trigger.source:
            # its secret, or that it has none, would be a surprise
            raise exception.Invalid(field='source', reason=_(
                'it stays %s; make another trigger') % trigger.source)
        changes = {**changes, 'properties': properties}
    elif 'properties' in changes:
        if changes['properties'].get('start_time') is None:
            # else its times would move unasked
            raise exception.Invalid(_('start_time should be supplied'))
        # clients of older versions know of no zone
        kept = {'timezone': trigger.properties.get('timezone')}
        changes = {**changes, 'properties': _complete(
            {**kept, **changes['properties']}, _now())}
    return db.update(context, trigger_id, changes, firing.reckon,
                     tell=firing.tell)


def delete(context: RequestContext, trigger_id: str) -> None:
    """Delete a trigger.

    :raises exception.TriggerInUse: operations need it
    """
    trigger = db.get(context, trigger_id)
    policy.authorize(context, 'trigger:delete',
                     {'project_id': trigger.project_id})
    db.delete(context, trigger_id)


def _now() -> datetime.datetime:
    return timeutils.utcnow(with_timezone=True).replace(microsecond=0)


def _check_type(type_: str) -> None:
    if type_ not in TYPES:
        raise exception.Invalid(
            field='type', reason=_('expected one of %(known)s, not %(type)s')
            % {'known': ', '.join(TYPES), 'type': type_})


def _of_new(properties: Mapping[str, Any],
            now: datetime.datetime) -> dict[str, Any]:
    start = properties.get('start_time') or now
    return _complete({**properties, 'start_time': start}, now)


def _complete(properties: Mapping[str, Any],
              now: datetime.datetime) -> dict[str, Any]:
    """Properties as they are stored, checked and with their defaults."""
    for key in properties:
        if key not in OF_TIMES:
            raise exception.Invalid(field=key[:100], reason=_(
                'a time trigger does not know it; it knows %s')
                % ', '.join(OF_TIMES))
    for key in ('format', 'pattern'):
        if properties.get(key) is None:
            raise exception.Invalid(field=key, reason=_(
                'a time trigger needs it'))
    start, end = properties['start_time'], properties.get('end_time')
    for name, moment in (('start_time', start), ('end_time', end)):
        if moment is not None and not YEARS[0] <= moment.year < YEARS[1]:
            raise exception.Invalid(field=name, reason=_(
                'expected a year from %(first)d on and before %(last)d')
                % {'first': YEARS[0], 'last': YEARS[1]})
    if end is not None and end <= start:
        raise exception.Invalid(field='end_time', reason=_(
            'expected a time after start_time, which is %s') % to_text(start))
    options = CONF.operationengine
    window = _window(properties.get('window'))
    zone = properties.get('timezone')
    if zone is None:
        zone = UTC
    timeformats.check(
        properties['format'], properties['pattern'], start=start, end=end,
        now=now, least=datetime.timedelta(seconds=options.min_interval),
        zone=plugin.time_zone(zone))
    return {'format': properties['format'],
            'pattern': properties['pattern'], 'start_time': to_text(start),
            'end_time': None if end is None else to_text(end),
            # last, for the filter in the database
            'window': window, 'timezone': zone}


def _of_events(properties: Mapping[str, Any]) -> dict[str, Any]:
    """The same of a trigger of events."""
    found = eventsources.complete(properties)
    return {'source': found.pop('source'),
            'window': _window(properties.get('window')), **found}


def _window(window: int | None) -> int:
    options = CONF.operationengine
    least: int = options.min_window_time
    most: int = options.max_window_time
    if window is None:
        return least
    if not least <= window <= most:
        raise exception.Invalid(field='window', reason=_(
            'expected %(least)d to %(most)d seconds, not %(window)d') % {
                'least': least, 'most': most, 'window': window})
    # 900.0 is the same number in JSON
    return int(window)
