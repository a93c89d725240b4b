# SPDX-License-Identifier: Apache-2.0
"""How a trigger is shown."""

from collections.abc import Mapping, Sequence
import datetime
from typing import Any
import zoneinfo

from microversion_parse import Version

from karbor.api.schemas.method import V1_1
from karbor.api.schemas.method import V1_2
from karbor.api.views import times
from karbor.model.trigger import from_text
from karbor.model.trigger import Trigger
from karbor.model.trigger import UTC


def show(trigger: Trigger, version: Version) -> dict[str, Any]:
    """One trigger, in lists too."""
    shown: dict[str, Any] = {
        'id': trigger.id, 'name': trigger.name, 'type': trigger.type,
        'properties': (_properties(trigger.properties, version)
                       if trigger.type == 'time'
                       else dict(trigger.properties))}
    if version >= V1_1:
        shown['project_id'] = trigger.project_id
        shown['created_at'] = times.exact(trigger.created_at)
        shown['updated_at'] = times.exact(trigger.updated_at)
    if version >= V1_2:
        shown['next_time'] = times.exact(trigger.next_time)
    return shown


def preview(properties: Mapping[str, Any],
            moments: Sequence[datetime.datetime],
            version: Version) -> dict[str, Any]:
    """When a trigger with such properties would fire."""
    zone = zoneinfo.ZoneInfo(properties['timezone'])
    return {'properties': _properties(properties, version),
            'times': [{'time': times.exact(moment),
                       'local_time': moment.astimezone(zone).isoformat()}
                      for moment in moments]}


def _properties(stored: Mapping[str, Any],
                version: Version) -> dict[str, Any]:
    shown = dict(stored)
    zone = shown.pop('timezone', UTC)
    if version >= V1_1:
        for name in ('start_time', 'end_time'):
            text = shown[name]
            shown[name] = (
                None if text is None else times.exact(from_text(text)))
    if version >= V1_2:
        shown['timezone'] = zone
    return shown
