# SPDX-License-Identifier: Apache-2.0
"""How a trigger is shown."""

from typing import Any

from microversion_parse import Version

from karbor.api.schemas.method import V1_1
from karbor.api.views import times
from karbor.model.trigger import from_text
from karbor.model.trigger import Trigger


def show(trigger: Trigger, version: Version) -> dict[str, Any]:
    """One trigger, in lists too."""
    shown: dict[str, Any] = {
        'id': trigger.id, 'name': trigger.name, 'type': trigger.type,
        'properties': dict(trigger.properties)}
    if version >= V1_1:
        for name in ('start_time', 'end_time'):
            text = trigger.properties[name]
            shown['properties'][name] = (
                None if text is None else times.exact(from_text(text)))
        shown['project_id'] = trigger.project_id
        shown['created_at'] = times.exact(trigger.created_at)
        shown['updated_at'] = times.exact(trigger.updated_at)
    return shown
