# SPDX-License-Identifier: Apache-2.0
"""Use cases of triggers."""

from collections.abc import Mapping
import datetime
from typing import Any
import uuid

from oslo_utils import timeutils

from karbor import exception
from karbor import policy
from karbor.actions import timeformats
from karbor.conf import CONF
from karbor.context import RequestContext
from karbor.db import triggers as db
from karbor.i18n import _
from karbor.model.query import ListQuery
from karbor.model.trigger import to_text
from karbor.model.trigger import Trigger

TYPES = ('time',)
# what no trigger means, and what the searching of times is safe from
YEARS = (1970, 2200)


def create(context: RequestContext, *, name: str, type_: str,
           properties: Mapping[str, Any]) -> Trigger:
    """Create a trigger.

    :param properties: ``format`` and ``pattern``, and if they are wanted
        ``start_time`` and ``end_time`` (moments) and ``window`` (seconds);
        without a start it is now
    :raises exception.Invalid: names the property; of a pattern that can be
        read, the next times as well
    """
    policy.authorize(context, 'trigger:create')
    if type_ not in TYPES:
        raise exception.Invalid(
            field='type', reason=_('expected one of %(known)s, not %(type)s')
            % {'known': ', '.join(TYPES), 'type': type_})
    now = _now()
    return db.create(context, Trigger(
        id=str(uuid.uuid4()), project_id=str(context.project_id), name=name,
        type=type_, properties=_complete(
            {**properties, 'start_time': properties.get('start_time') or now},
            now)))


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
        with a start
    :raises exception.Invalid: names the property
    """
    trigger = db.get(context, trigger_id)
    policy.authorize(context, 'trigger:update',
                     {'project_id': trigger.project_id})
    if 'properties' in changes:
        if changes['properties'].get('start_time') is None:
            # else its times would move unasked
            raise exception.Invalid(_('start_time should be supplied'))
        changes = {**changes,
                   'properties': _complete(changes['properties'], _now())}
    return db.update(context, trigger_id, changes)


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


def _complete(properties: Mapping[str, Any],
              now: datetime.datetime) -> dict[str, Any]:
    """Properties as they are stored, checked and with their defaults."""
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
    window = properties.get('window')
    if window is None:
        window = options.min_window_time
    elif not options.min_window_time <= window <= options.max_window_time:
        raise exception.Invalid(field='window', reason=_(
            'expected %(least)d to %(most)d seconds, not %(window)d') % {
                'least': options.min_window_time,
                'most': options.max_window_time, 'window': window})
    timeformats.check(
        properties['format'], properties['pattern'], start=start, end=end,
        now=now, least=datetime.timedelta(seconds=options.min_interval))
    return {'format': properties['format'],
            'pattern': properties['pattern'], 'start_time': to_text(start),
            'end_time': None if end is None else to_text(end),
            'window': window}
