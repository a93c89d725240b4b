# SPDX-License-Identifier: Apache-2.0
"""Events that somebody tells of by calling the URL of a trigger."""

from collections.abc import Mapping
from typing import Any

from karbor import plugin
from karbor.plugins.eventsource import payload


class Webhook(plugin.EventSource):
    """The event source ``webhook``: whoever knows the secret."""

    arrives = plugin.WEBHOOK
    members = {'payload': payload.SCHEMA}

    def matches(self, properties: Mapping[str, Any],
                event: plugin.Event) -> bool:
        return payload.fits(properties.get('payload') or {}, event.payload)
